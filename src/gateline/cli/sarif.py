"""SARIF 2.1.0 (OASIS): diagnostics as code scanning services read them."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from gateline import __version__
from gateline.cli.render import Locate, Placed, page, placed
from gateline.model.diagnostic import Code, Report, Severity

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(report: Report, locate: Locate) -> dict[str, object]:
    """One run of one tool; each code that occurs is a rule."""
    entries = placed(report, locate)
    found = {entry.diagnostic.code.name: entry.diagnostic.code for entry in entries}
    rules = [found[name] for name in sorted(found)]
    order = {code.name: index for index, code in enumerate(rules)}
    driver = {"name": "gateline", "version": __version__, "rules": [_rule(code) for code in rules]}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(entry, order[entry.diagnostic.code.name]) for entry in entries],
            }
        ],
    }


def _rule(code: Code) -> dict[str, object]:
    return {
        "id": code.name,
        "shortDescription": {"text": code.title},
        "help": {"text": page(code.name)},
        "defaultConfiguration": {"level": _level(code.severity)},
    }


def _result(entry: Placed, rule: int) -> dict[str, object]:
    diagnostic = entry.diagnostic
    advice = f" ({diagnostic.help})" if diagnostic.help else ""
    return {
        "ruleId": diagnostic.code.name,
        "ruleIndex": rule,
        "level": _level(diagnostic.severity),
        "message": {"text": diagnostic.message + advice},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(diagnostic.origin.file)},
                    "region": {"startLine": entry.position.line, "startColumn": entry.position.column},
                },
                "logicalLocations": [{"fullyQualifiedName": diagnostic.origin.json_pointer or "/"}],
            }
        ],
    }


def _level(severity: Severity) -> str:
    return "error" if severity is Severity.ERROR else "warning"


def _uri(file: str) -> str:
    return quote(file)
