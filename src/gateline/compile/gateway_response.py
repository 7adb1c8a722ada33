"""Customised gateway responses of a stage: which of them changes which type, and what their text stands for.

Templates are no VTL: `$context.X`, `$stageVariables.X` and `$method.request.{header|querystring|path}.X`, braced or
not, are replaced, and all else is text (api-gateway.md section 14). Stage variables and what is the same for every
request are put in here; the rest is read when an answer is given, by `gateway_responses.lua` or the host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from gateline.compile.mapping import UNREADABLE_HEADERS, resource_id
from gateline.compile.table import Table
from gateline.model.gateway_response import RESPONSE_TYPES, Answer, Part, PartKind
from gateline.model.rest_api import GatewayResponse, RestApi, Stage

_NAME: Final = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"
_PLACE: Final = r"(context|stageVariables|method\.request\.(?:header|querystring|path))"
_REFERENCE: Final = re.compile(rf"\$(?:{_PLACE}\.({_NAME})|\{{{_PLACE}\.([A-Za-z0-9._$-]+)\}})")
_KINDS: Final[Mapping[str, PartKind]] = {
    "context": PartKind.CONTEXT,
    "method.request.header": PartKind.HEADER,
    "method.request.querystring": PartKind.QUERYSTRING,
    "method.request.path": PartKind.PATH,
}

Parts = tuple[Part, ...]


def answers(api: RestApi, stage: Stage, *, account_id: str) -> tuple[Answer, ...]:
    """How a stage answers for each response type that its API customises, by itself or by a DEFAULT type.

    A type of its own takes nothing from the DEFAULT type of its class. The two DEFAULT types stand there as well.
    """
    written = {response.type: response for response in api.gateway_responses}
    if not written:
        return ()
    fixed = {"accountId": account_id, "apiId": api.api_id, "stage": stage.name}
    found: list[Answer] = []
    for name, built_in in RESPONSE_TYPES.items():
        status = built_in.status or (400 if name == "DEFAULT_4XX" else 500)
        response = written.get(name) or written.get(f"DEFAULT_{status // 100}XX")
        if response is not None:
            found.append(_answer(name, response, response.status_code or status, fixed, stage))
    return tuple(found)


def _answer(
    name: str, response: GatewayResponse, status: int, fixed: Mapping[str, str], stage: Stage
) -> Answer:
    variables = dict(stage.variables)
    headers = ((header, _value(text, fixed, variables)) for header, text in response.response_parameters)
    return Answer(
        type=name,
        status=status,
        headers=tuple((header, parts) for header, parts in headers if parts is not None),
        templates=tuple(
            (media_type, _template(text, fixed, variables))
            for media_type, text in response.response_templates
        ),
    )


def _value(expression: str, fixed: Mapping[str, str], variables: Mapping[str, str]) -> Parts | None:
    """A header's parts; None when it reads a stage variable that the stage does not have."""
    if expression.startswith("'"):
        return (Part(PartKind.TEXT, expression[1:-1]),)
    place, _, name = (
        expression.rpartition(".") if not expression.startswith("context.") else (expression.partition("."))
    )
    if place == "stageVariables":
        return (Part(PartKind.TEXT, variables[name]),) if name in variables else None
    return (_part(place, name, fixed),)


def _template(text: str, fixed: Mapping[str, str], variables: Mapping[str, str]) -> Parts:
    parts: list[Part] = []
    at = 0
    for found in _REFERENCE.finditer(text):
        place, name = found[1] or found[3], found[2] or found[4]
        parts.append(Part(PartKind.TEXT, text[at : found.start()]))
        at = found.end()
        if place == "stageVariables":
            parts.append(Part(PartKind.TEXT, variables.get(name, "")))
        else:
            parts.append(_part(place, name, fixed))
    parts.append(Part(PartKind.TEXT, text[at:]))
    return _joined(parts)


def _part(place: str, name: str, fixed: Mapping[str, str]) -> Part:
    if place == "context" and name in fixed:
        return Part(PartKind.TEXT, fixed[name])
    return Part(_KINDS[place], name)


def _joined(parts: Iterable[Part]) -> Parts:
    """The parts with neighbouring texts made one, and without empty ones."""
    joined: list[Part] = []
    for part in parts:
        if part.kind is PartKind.TEXT and joined and joined[-1].kind is PartKind.TEXT:
            joined[-1] = Part(PartKind.TEXT, joined[-1].text + part.text)
        elif part.kind is not PartKind.TEXT or part.text:
            joined.append(part)
    return tuple(joined)


def put_answers(table: Table, api: RestApi, found: tuple[Answer, ...]) -> None:
    """Write a stage's customised answers for `tables.lua`, and the ids of resources when one of them says it."""
    table.put(len(found))
    for answer in found:
        one = Table()
        one.put(answer.status)
        for named in ([(name.lower(), parts) for name, parts in answer.headers], answer.templates):
            one.put(len(named))
            for name, parts in named:
                one.put(name)
                _put_parts(one, parts)
        table.put(answer.type, one.text)
    asks = Part(PartKind.CONTEXT, "resourceId") in _all_parts(found)
    paths = sorted({method.path.text for method in api.methods}) if asks else []
    table.put(len(paths))
    for path in paths:
        table.put(path, resource_id(api.api_id, path))


def _all_parts(found: Iterable[Answer]) -> set[Part]:
    return {part for answer in found for _, parts in (*answer.headers, *answer.templates) for part in parts}


def _put_parts(table: Table, parts: Parts) -> None:
    table.put(len(parts))
    for part in parts:
        kind, text = str(part.kind), part.text
        if part.kind is PartKind.HEADER:
            text = ":authority" if text.lower() == "host" else text.lower()
            kind = "absent" if text in UNREADABLE_HEADERS else kind
        table.put(kind, text)
