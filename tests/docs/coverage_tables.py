"""The tables of docs/reference/coverage.md: names from the code, and what coverage_notes.yaml says about each.

They stand between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from gateline.compile.mapping import DYNAMIC_CONTEXT
from gateline.dataplane import keys
from gateline.host.connection import LARGEST_ANSWER
from gateline.integrations.call import Call
from gateline.integrations.context import Circumstances, template_context
from gateline.integrations.event import LARGEST_EVENT
from gateline.model.gateway_response import RESPONSE_TYPES
from gateline.model.hosting import HostedMethod, HostedStage
from gateline.model.integration import IntegrationKind
from gateline.sources import extensions, integration
from gateline.sources.template import LARGEST_TEMPLATE
from gateline.templates import number_methods, string_methods
from gateline.templates.budget import UNSTINTED
from gateline.templates.collection_methods import LIST_METHODS, MAP_METHODS
from gateline.templates.input_variable import InputVariable
from gateline.templates.parser import DIRECTIVES
from gateline.templates.util_variable import UtilVariable

NOTES: Final[Mapping[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("coverage_notes.yaml").read_text(encoding="utf-8")
)
METHODS: Final = {
    "text": string_methods.METHODS,
    "list": LIST_METHODS,
    "map": MAP_METHODS,
    "number": number_methods.METHODS,
    "boolean": number_methods.BOOLEAN_METHODS,
}

_BLOCK: Final = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
_BOUNDS: Final = {
    "iterations": UNSTINTED.iterations,
    "steps": UNSTINTED.steps,
    "characters": UNSTINTED.characters,
    "depth": UNSTINTED.depth,
    "seconds": int(UNSTINTED.seconds),
    "body": keys.BODY_LIMIT,
    "event": LARGEST_EVENT,
    "answer": LARGEST_ANSWER,
    "url": keys.URL_LIMIT,
    "template": LARGEST_TEMPLATE,
}


def with_tables(page: str) -> str:
    """The page with every table as code and notes say it."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{_table(found[2])}\n\n{found[3]}", page)


def known_names() -> dict[str, set[str]]:
    """What the code knows, by the section of the notes that must name it."""
    return {
        "extensions": set(extensions.ROOT | extensions.OPERATION | extensions.PATH_ITEM | extensions.SCHEME),
        "integration_types": {kind.value for kind in IntegrationKind},
        "integration_fields": set(integration.KEYS),
        "templates": {
            *(f"$input.{name}" for name in InputVariable.METHODS),
            *(f"$util.{name}" for name in UtilVariable.METHODS),
            *(f"#{name}" for name in DIRECTIVES),
        },
        "methods": set(METHODS),
        "context": _context_names(),
        "gateway_responses": set(RESPONSE_TYPES),
    }


def noted_names(section: str) -> set[str]:
    """What a section of the notes names: its keys, or what they hold in backticks, without arguments."""
    keys_ = list(NOTES[section])
    spans = {span.partition("(")[0] for key in keys_ for span in re.findall(r"`([^`]+)`", key)}
    return spans | set(keys_)


def _context_names() -> set[str]:
    """The variables of `$context` that templates, events and mappings find, as `identity.sourceIp`."""
    call = Call(
        scope="a/b",
        route="a/b GET /",
        request_id="r",
        trace_id="t",
        verb="GET",
        full_path="/b/",
        path="/",
        query=b"",
        authority="h",
        source_ip="192.0.2.1",
        protocol="HTTP/1.1",
        path_parameters=(),
        api_key="k",
        api_key_id="i",
    )
    stage = HostedStage(scope="a/b", api_id="a", stage="b", account_id="1", region="r")
    method = HostedMethod(route="a/b GET /", resource="/", resource_id="i", operation_name="o")
    context = template_context(Circumstances(call=call, stage=stage, method=method, epoch_ms=0), None)
    return set(DYNAMIC_CONTEXT) | set(_flat(context))


def _flat(context: Mapping[str, object]) -> Iterator[str]:
    for name, value in context.items():
        if name == "identity" and isinstance(value, Mapping):
            yield from (f"identity.{below}" for below in value)
        else:
            yield name


def _table(section: str) -> str:
    return "\n".join(_TABLES.get(section, _two_columns)(section))


def _two_columns(section: str) -> Iterator[str]:
    titles = {
        "extensions": "Extension",
        "integration_types": "`type`",
        "integration_fields": "Field",
        "context": "Variable",
        "templates": "In a template",
    }
    yield from _head(titles[section], "")
    for names, note in NOTES[section].items():
        yield _row(_filled(names), _filled(note))


def _method_rows(section: str) -> Iterator[str]:
    yield from _head("Of a", "Methods", "")
    for kind, methods in METHODS.items():
        yield _row(kind, ", ".join(f"`{name}`" for name in sorted(methods)), NOTES[section][kind])


def _response_rows(section: str) -> Iterator[str]:
    yield from _head("Type", "Status", "Message", "`x-amzn-ErrorType`", "")
    for name, kind in RESPONSE_TYPES.items():
        message = "" if kind.message is None else f"`{kind.message}`"
        yield _row(f"`{name}`", str(kind.status or ""), message, f"`{kind.error_type}`", NOTES[section][name])


def _limit_rows(section: str) -> Iterator[str]:
    yield from _head("Limit", "Amazon", "Gateline")
    for name, (amazons, ours) in NOTES[section].items():
        yield _row(name, amazons, _filled(ours))


_TABLES: Final[Mapping[str, Callable[[str], Iterable[str]]]] = {
    "methods": _method_rows,
    "gateway_responses": _response_rows,
    "limits": _limit_rows,
}


def _filled(note: str) -> str:
    """A note with the code's bounds in it."""
    return re.sub(r"<(\w+)>", lambda found: f"{_BOUNDS[found[1]]:,}", note)


def _head(*columns: str) -> Iterator[str]:
    yield _row(*columns)
    yield "|" + "---|" * len(columns)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
