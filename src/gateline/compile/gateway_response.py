"""Customised gateway responses of a stage: which of them changes which type, and what their text stands for.

Stage variables and what is the same for every request are put in here; the rest is read when an answer is given, by
`gateway_responses.lua` or the host (api-gateway.md section 14).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateline.compile.mapping import UNREADABLE_HEADERS, resource_id
from gateline.compile.table import Table
from gateline.model.gateway_response import RESPONSE_TYPES, Answer, Part, PartKind
from gateline.model.rest_api import GatewayResponse, RestApi, Stage

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
        default = f"DEFAULT_{built_in.status // 100}XX" if built_in.status else name
        response = written.get(name) or written.get(default)
        if response is not None:
            found.append(_answer(name, response, fixed, stage))
    return tuple(found)


def _answer(name: str, response: GatewayResponse, fixed: Mapping[str, str], stage: Stage) -> Answer:
    variables = dict(stage.variables)
    headers = ((header, _known(part, fixed, variables)) for header, part in response.headers)
    return Answer(
        type=name,
        status=response.status_code or 0,
        headers=tuple((header, (part,)) for header, part in headers if part is not None),
        templates=tuple(
            (media_type, _joined(_known(part, fixed, variables) for part in parts))
            for media_type, parts in response.templates
        ),
    )


def _known(part: Part, fixed: Mapping[str, str], variables: Mapping[str, str]) -> Part | None:
    """The part, as text when it is the same for every request; None for a variable that the stage lacks."""
    if part.kind is PartKind.STAGE_VARIABLE:
        return Part(PartKind.TEXT, variables[part.text]) if part.text in variables else None
    if part.kind is PartKind.CONTEXT and part.text in fixed:
        return Part(PartKind.TEXT, fixed[part.text])
    return part


def _joined(parts: Iterable[Part | None]) -> Parts:
    """The parts with neighbouring texts made one, and without empty ones."""
    joined: list[Part] = []
    for part in parts:
        if part is None or part == Part(PartKind.TEXT, ""):
            continue
        if part.kind is PartKind.TEXT and joined and joined[-1].kind is PartKind.TEXT:
            joined[-1] = Part(PartKind.TEXT, joined[-1].text + part.text)
        else:
            joined.append(part)
    return tuple(joined)


def put_answers(table: Table, api: RestApi, found: tuple[Answer, ...]) -> None:
    """Write a stage's customised answers for `tables.lua`, and the ids of resources when one of them says it."""
    table.put(len(found))
    for answer in found:
        one = Table()
        one.put(answer.status)
        for named in (answer.headers, answer.templates):
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
        put_part(table, part)


def put_part(table: Table, part: Part) -> None:
    """Write a part; Envoy keeps Host under another name, and what frames a message nobody reads."""
    kind, text = str(part.kind), part.text
    if part.kind is PartKind.HEADER:
        text = ":authority" if text.lower() == "host" else text.lower()
        kind = "absent" if text in UNREADABLE_HEADERS else kind
    table.put(kind, text)
