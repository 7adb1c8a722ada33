"""Gateway responses that the host gives: API Gateway's own answers, as the stage customises them.

The same in Python as `dataplane/lua/gateway_responses.lua`, for what only the host can refuse (api-gateway.md
section 14); tests/dataplane/test_gateway_response_agreement.py compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, assert_never

from gateline.integrations.client_headers import ClientHeaders
from gateline.integrations.context import Circumstances, context_value, template_context
from gateline.integrations.header_syntax import is_value
from gateline.integrations.outgoing import RawHeaders
from gateline.integrations.proxy_response import ProxyResponse
from gateline.integrations.query import parse_query
from gateline.model.gateway_response import RESPONSE_TYPES, Answer, Part, PartKind
from gateline.model.integration import BODILESS

_JSON: Final = "application/json"


def answer(
    circumstances: Circumstances,
    headers: RawHeaders,
    type_: str,
    *,
    status: int | None = None,
    message: str | None = None,
    validation_error: str = "",
) -> ProxyResponse:
    """What a client gets in place of an integration's answer.

    Args:
        circumstances: the request.
        headers: the client's.
        type_: one of RESPONSE_TYPES, none of the two DEFAULT types.
        status: in place of the type's own, unless that is customised: an INTEGRATION_FAILURE is a 500 or 502
            where a function stands behind it.
        message: in place of the type's own.
        validation_error: `$context.error.validationErrorString`.

    """
    built_in = RESPONSE_TYPES[type_]
    message = built_in.message if message is None else message
    said = {
        "error.message": message,
        "error.messageString": _quoted(message),
        "error.responseType": type_,
        "error.validationErrorString": validation_error or None,
    }
    key = "Message" if type_ == "ACCESS_DENIED" else "message"
    own = status or built_in.status or 500
    told = {"content-type": _JSON, "x-amzn-errortype": built_in.error_type}
    body = json.dumps({key: message}, ensure_ascii=False)
    found = next((each for each in circumstances.stage.answers if each.type == type_), None)
    if found is not None:
        request = _Request(circumstances, ClientHeaders(headers, circumstances.call, {}), said)
        own = found.status or own
        named = request.header_values(found)
        if found.templates:
            told["content-type"], parts = _chosen(found, ",".join(request.headers.values("accept")))
            if "json" in told["content-type"].lower():
                # It is written between quotes, and has some of its own.
                said["error.validationErrorString"] = _quoted(validation_error)[1:-1]
            body = request.body(parts)
        told |= named
    return ProxyResponse(
        status=own,
        headers=tuple(told.items()),
        body=b"" if own in BODILESS else body.encode(errors="replace"),
    )


def _quoted(message: str | None) -> str:
    return json.dumps(message, ensure_ascii=False)


def _chosen(found: Answer, accept: str) -> tuple[str, Sequence[Part]]:
    """The template of the media type that is accepted first, else of application/json, else the first (section 8)."""
    accepted = accept.partition(",")[0].partition(";")[0].strip(" \t").lower()
    templates = {name.lower(): (name, parts) for name, parts in reversed(found.templates)}
    return templates.get(accepted) or templates.get(_JSON) or found.templates[0]


@dataclass(frozen=True)
class _Request:
    """What the parts of an answer may ask about: the request, and the fault (`said`)."""

    circumstances: Circumstances
    headers: ClientHeaders
    said: Mapping[str, str | None]

    @cached_property
    def context(self) -> Mapping[str, object]:
        return template_context(self.circumstances, self.headers.last("user-agent"))

    @cached_property
    def query(self) -> Mapping[str, list[str]]:
        return parse_query(self.circumstances.call.query)

    def header_values(self, found: Answer) -> dict[str, str]:
        """The customised headers; one whose source is absent, or holds what no header may hold, is left out."""
        values: dict[str, str] = {}
        for name, parts in found.headers:
            texts = [self._value(part) for part in parts]
            value = "".join(text for text in texts if text is not None)
            if None not in texts and is_value(value):
                values[name] = value
        return values

    def body(self, parts: Sequence[Part]) -> str:
        """A template's text; what is absent is empty, but for a message that is null."""
        null = Part(PartKind.CONTEXT, "error.message")
        texts = ((part, self._value(part)) for part in parts)
        return "".join(("null" if part == null else "") if text is None else text for part, text in texts)

    def _value(self, part: Part) -> str | None:
        match part.kind:
            case PartKind.TEXT:
                return part.text
            case PartKind.CONTEXT if part.text in self.said:
                return self.said[part.text]
            case PartKind.CONTEXT:
                return context_value(self.context, part.text)
            case PartKind.HEADER:
                return self.headers.last(part.text)
            case PartKind.QUERYSTRING:
                return next(reversed(self.query.get(part.text, ())), None)
            case PartKind.PATH:
                return dict(self.circumstances.call.path_parameters).get(part.text)
            case PartKind.STAGE_VARIABLE:
                return None  # no Answer has one: they were put in when the stage was compiled
            case kind:
                assert_never(kind)
