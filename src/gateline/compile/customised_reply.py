"""Customised gateway responses that Envoy gives by itself: no backend, a timeout, no token left.

Each is a mapper of local replies in front of the default one, for the routes of one stage. What it says of the
request is what the script has told Envoy beforehand, as dynamic metadata, because by then the request has been
mapped; the script does so for stages whose answers need it, and for no others. What is known of the fault stands in
the mapper itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateline.compile import names
from gateline.compile.gateway_response import answers, put_part
from gateline.compile.reply_filter import all_of, by_expression, by_metadata
from gateline.compile.route import EXTENDED_REQUEST_ID, REQUEST_ID, header
from gateline.compile.table import Table
from gateline.dataplane import keys
from gateline.model.gateway import Gateway
from gateline.model.gateway_response import RESPONSE_TYPES, Answer, Part, PartKind
from gateline.model.integration import BODILESS
from gateline.model.rest_api import RestApi, Stage

_FAULTS: Final = ("INTEGRATION_TIMEOUT", "INTEGRATION_FAILURE", "API_CONFIGURATION_ERROR")
_THROTTLED: Final = "THROTTLED"
_SPACED: Final = frozenset(_FAULTS)
_JSON: Final = "application/json"
_IDS: Final[Mapping[str, str]] = {"requestId": REQUEST_ID, "extendedRequestId": EXTENDED_REQUEST_ID}
"""Context variables that every answer of Envoy's knows."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The words of an answer when nothing is customised."""

    status: int
    body: str
    error_type: str


def reply(type_: str) -> Reply:
    """What Envoy answers for a response type, byte for byte; before an integration JSON has no space (section 14)."""
    built_in = RESPONSE_TYPES[type_]
    separators = None if type_ in _SPACED else (",", ":")
    body = json.dumps({"message": built_in.message}, separators=separators)
    return Reply(built_in.status or 500, body, built_in.error_type)


def native_answers(api: RestApi, stage: Stage, found: Iterable[Answer]) -> tuple[Answer, ...]:
    """Those of a stage's customised answers that Envoy gives."""
    throttles = stage.throttle is not None or stage.method_throttles
    may_throttle = throttles or any(method.authorization.api_key_required for method in api.methods)
    types = (*_FAULTS, _THROTTLED) if may_throttle else _FAULTS
    return tuple(answer for answer in found if answer.type in types)


def put_told(table: Table, native: Iterable[Answer]) -> None:
    """Write for `tables.lua` what the script is to tell Envoy of each request of a stage, by its keys."""
    native = tuple(native)
    told = _told(native)
    table.put(int(any(len(answer.templates) > 1 for answer in native)), len(told))
    for (part, is_header), key in told.items():
        table.put(key, int(is_header))
        put_part(table, part)


def native_stages(gateway: Gateway) -> list[tuple[str, tuple[Answer, ...]]]:
    """The stages that customise something of Envoy's own: scope and answers."""
    found = [
        (
            names.scope(api.name, stage.name),
            native_answers(api, stage, answers(api, stage, account_id=gateway.edge.account_id)),
        )
        for api in gateway.apis
        if api.gateway_responses
        for stage in api.stages
    ]
    return [(scope, native) for scope, native in found if native]


def customised_mappers(
    stages: Iterable[tuple[str, tuple[Answer, ...]]], type_: str, default: dict[str, object]
) -> list[dict[str, object]]:
    """The mappers for a response type, to stand in front of the default one, whose filter is `default`."""
    mappers: list[dict[str, object]] = []
    for scope, native in stages:
        answer = next((each for each in native if each.type == type_), None)
        if answer is not None:
            of_stage = by_expression(f"xds.route_name.startsWith('{scope} ')")
            mappers += _mappers(answer, all_of(default, of_stage), _told(native))
    return mappers


Told = dict[tuple[Part, bool], str]
"""What the script tells Envoy, and whether it is a header's value, with the key of dynamic metadata for it."""


def _told(native: Iterable[Answer]) -> Told:
    told: Told = {}
    for answer in native:
        uses = [(part, True) for _, parts in answer.headers for part in parts]
        uses += [(part, False) for _, parts in answer.templates for part in parts]
        for part, is_header in uses:
            if _known(answer.type, part) is None:
                told.setdefault((part, is_header), f"told{len(told)}")
    return told


def _known(type_: str, part: Part) -> str | None:
    """What stands for a part that the script need not tell, in Envoy's format; None for all others."""
    if part.kind is PartKind.TEXT:
        return _literal(part.text)
    if part.kind is not PartKind.CONTEXT:
        return None
    message = RESPONSE_TYPES[type_].message
    said = {
        "error.message": message or "",
        "error.messageString": json.dumps(message, ensure_ascii=False),
        "error.responseType": type_,
        "error.validationErrorString": "",
    }
    return _literal(said[part.text]) if part.text in said else _IDS.get(part.text)


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _mappers(answer: Answer, filter_: dict[str, object], told: Told) -> list[dict[str, object]]:
    """One for each template that a client may ask for, then the one for all others (section 8)."""
    default = reply(answer.type)
    if not answer.templates:
        return [_mapper(answer, filter_, told, (_JSON, (Part(PartKind.TEXT, default.body),)))]
    by_name = {name.lower(): (name, parts) for name, parts in reversed(answer.templates)}
    usual = by_name.get(_JSON) or answer.templates[0]
    asked = [
        _mapper(answer, all_of(filter_, by_metadata(keys.ACCEPT, name)), told, template)
        for name, template in by_name.items()
        if template != usual
    ]
    return [*asked, _mapper(answer, filter_, told, usual)]


def _mapper(
    answer: Answer, filter_: dict[str, object], told: Told, template: tuple[str, tuple[Part, ...]]
) -> dict[str, object]:
    default = reply(answer.type)
    media_type, parts = template
    status = answer.status or default.status
    body = "" if status in BODILESS else _format(answer.type, parts, told, is_header=False)
    return {
        "filter": filter_,
        "status_code": {"value": status},
        "body_format_override": {
            "text_format_source": {"inline_string": body},
            "omit_empty_values": True,
            "content_type": media_type,
        },
        "headers_to_add": [
            header("x-amzn-requestid", REQUEST_ID),
            header("x-amz-apigw-id", EXTENDED_REQUEST_ID),
            header("x-amzn-errortype", default.error_type),
            *(
                header(name, _format(answer.type, value, told, is_header=True))
                for name, value in answer.headers
            ),
        ],
    }


def _format(type_: str, parts: Iterable[Part], told: Told, *, is_header: bool) -> str:
    formats: list[str] = []
    for part in parts:
        known = _known(type_, part)
        key = told[part, is_header] if known is None else ""
        formats.append(f"%DYNAMIC_METADATA({keys.NAMESPACE}:{key})%" if known is None else known)
    return "".join(formats)
