from __future__ import annotations

from typing import Any

from gateline.cli.sarif import as_sarif
from gateline.model import codes
from gateline.model.diagnostic import Complaints, Severity
from gateline.model.origin import Origin, Position


def logged() -> Any:
    """A log of two rules; the one with the greater name was found first."""
    complaints = Complaints()
    complaints.add(codes.VALUE_NOT_ALLOWED, Origin("a b.yaml", ("x", 0), Position(2, 3)), "no", help="so")
    complaints.add(codes.UNKNOWN_KEY, Origin("c.yaml", (), Position(1, 1)), "what")
    complaints.add(codes.UNKNOWN_KEY, Origin("c.yaml", (), Position(5, 1)), "why", severity=Severity.WARNING)
    return as_sarif(complaints.report(), lambda origin: origin.position or Position(1, 1))


def test_the_log_says_what_it_is() -> None:
    log = logged()
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    assert run["tool"]["driver"]["name"] == "gateline"
    assert run["columnKind"] == "unicodeCodePoints"


def test_each_code_is_a_rule_once_and_results_point_at_it() -> None:
    (run,) = logged()["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["GL201", "GL205"]
    assert rules[0]["shortDescription"] == {"text": "an unknown key"}
    assert rules[0]["help"] == {"text": "docs/reference/diagnostics/GL201.md"}
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["GL205", "GL201", "GL201"]
    assert [result["ruleId"] for result in run["results"]] == ["GL205", "GL201", "GL201"]


def test_a_result_has_its_place_and_its_level() -> None:
    first, _, third = logged()["runs"][0]["results"]
    assert first["message"] == {"text": "no (so)"}
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "a%20b.yaml"},
                "region": {"startLine": 2, "startColumn": 3},
            },
            "logicalLocations": [{"fullyQualifiedName": "/x/0"}],
        }
    ]
    assert (first["level"], third["level"]) == ("error", "warning")


def test_a_project_without_complaints_has_an_empty_run() -> None:
    log: Any = as_sarif(Complaints().report(), lambda _: Position(1, 1))
    assert log["runs"][0]["results"] == []
