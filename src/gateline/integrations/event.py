"""The events that functions get: TOKEN and REQUEST of authorizers, and payload 1.0 of `aws_proxy`.

Keys stand in the order in which API Gateway writes them. Rules: api-gateway.md sections 9, 10.1, 11 and 12.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Final

from gateline.integrations.binary_media_type import is_binary
from gateline.integrations.client_headers import ClientHeaders
from gateline.integrations.context import Circumstances, request_context
from gateline.integrations.header_names import AMAZON_SPELLS, spellings
from gateline.integrations.outgoing import RawHeaders
from gateline.integrations.query import parse_query

Json = Mapping[str, object]

LARGEST_EVENT: Final = 6_291_556
"""Bytes of an event that Lambda takes."""


def token_event(*, token: str, method_arn: str) -> bytes:
    """What a TOKEN authorizer gets: exactly three keys; the token is the header's value as it was sent."""
    return _bytes({"type": "TOKEN", "methodArn": method_arn, "authorizationToken": token})


def request_event(circumstances: Circumstances, headers: RawHeaders, *, method_arn: str) -> bytes:
    """What a REQUEST authorizer gets. Empty maps are `{}`, and there is no body (section 10.1)."""
    call, stage = circumstances.call, circumstances.stage
    names = spellings(stage.header_names, call.protocol)
    values = ClientHeaders(headers, call, names)
    event = {"type": "REQUEST", "methodArn": method_arn} | _request(circumstances, values)
    for key in _MAPS:
        event[key] = event[key] or {}
    return _bytes(event | {"requestContext": request_context(circumstances, values.last("user-agent"))})


def proxy_event(circumstances: Circumstances, headers: RawHeaders, body: bytes) -> bytes:
    """What the function of an `aws_proxy` integration gets, payload format 1.0 (section 11).

    `headers` carry the client's own spelling of their names. A body of a binary media type becomes base64,
    any other becomes text, in which bytes that are not UTF-8 are U+FFFD (section 12).
    """
    values = ClientHeaders(headers, circumstances.call, AMAZON_SPELLS)
    event = dict(_request(circumstances, values))
    event["requestContext"] = request_context(circumstances, values.last("user-agent"))
    is_base64 = bool(body) and is_binary(values.last("content-type"), circumstances.stage.binary_media_types)
    if not body:
        event["body"] = None
    elif is_base64:
        event["body"] = base64.b64encode(body).decode("ascii")
    else:
        event["body"] = body.decode(errors="replace")
    event["isBase64Encoded"] = is_base64
    return _bytes(event)


_MAPS: Final = (
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "pathParameters",
    "stageVariables",
)
"""Maps that are null in proxy events and `{}` in authorizers' when there is nothing in them."""


def _request(circumstances: Circumstances, headers: ClientHeaders) -> dict[str, object]:
    """The keys from `resource` to `stageVariables`; empty maps are None."""
    call = circumstances.call
    query = parse_query(call.query)
    return {
        "resource": circumstances.method.resource,
        "path": call.path,
        "httpMethod": call.verb,
        "headers": headers.single,
        "multiValueHeaders": headers.multi,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(call.path_parameters) or None,
        "stageVariables": dict(circumstances.stage.variables) or None,
    }


_WRITER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _bytes(event: Json) -> bytes:
    return _WRITER.encode(event).encode()
