"""The events that functions get as targets of an application balancer (load-balancers.md section 10).

Keys stand in Amazon's order, names of headers in lower case and sorted, as in its events. Unlike API Gateway a
balancer decodes nothing: path and query stand there as the client wrote them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Final

from gateline.dataplane import keys
from gateline.integrations.call import wire_text
from gateline.integrations.client_headers import INTERNAL
from gateline.integrations.outgoing import RawHeaders
from gateline.model.hosting import HostedTarget

HEALTH_CHECKER: Final = "ELB-HealthChecker/2.0"

HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""What is between two neighbours, and neither in events nor in answers (RFC 9110 section 7.6.1)."""

_TEXT: Final = frozenset({"application/json", "application/javascript", "application/xml"})
_WRITER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def alb_event(
    target: HostedTarget, *, verb: str, path: str, query: bytes, headers: RawHeaders, body: bytes
) -> bytes:
    """The event of a request, as JSON text.

    Args:
        target: the target group that the request was forwarded to.
        verb: the request's method.
        path: without the query, as it was sent.
        query: as it was sent, without the question mark.
        headers: what the balancer would send to a target.
        body: whole.

    """
    named: dict[str, list[str]] = {}
    for raw_name, value in headers:
        name = raw_name.decode("latin-1").lower()
        if name not in HOP_BY_HOP and not name.startswith(INTERNAL) and value != keys.ABSENT.encode():
            named.setdefault(name, []).append(wire_text(value))
    is_base64 = bool(body) and _is_base64(named)
    text = base64.b64encode(body).decode("ascii") if is_base64 else body.decode(errors="replace")
    return _event(target, verb, path, _parameters(query), dict(sorted(named.items())), text, is_base64)


def health_event(target: HostedTarget, *, path: str, query: bytes) -> bytes:
    """What a function gets that is asked whether it is well."""
    return _event(
        target, "GET", path, _parameters(query), {"user-agent": [HEALTH_CHECKER]}, "", is_base64=False
    )


def _event(
    target: HostedTarget,
    verb: str,
    path: str,
    parameters: dict[str, list[str]],
    headers: dict[str, list[str]],
    body: str,
    is_base64: bool,
) -> bytes:
    event: dict[str, object] = {
        "requestContext": {"elb": {"targetGroupArn": target.arn}},
        "httpMethod": verb,
        "path": path,
    }
    if target.multi_value_headers:
        event |= {"multiValueQueryStringParameters": parameters, "multiValueHeaders": headers}
    else:
        event |= {"queryStringParameters": _last(parameters.items()), "headers": _last(headers.items())}
    return _WRITER.encode(event | {"body": body, "isBase64Encoded": is_base64}).encode(errors="replace")


def _last(values: Iterable[tuple[str, list[str]]]) -> dict[str, str]:
    return {name: each[-1] for name, each in values}


def _parameters(query: bytes) -> dict[str, list[str]]:
    """Names and values as they were written, `%41` and `+` too."""
    parameters: dict[str, list[str]] = {}
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if part:
            parameters.setdefault(wire_text(name), []).append(wire_text(value))
    return parameters


def _is_base64(headers: dict[str, list[str]]) -> bool:
    """Whether a body is handed on as base64: what is compressed, and what is of no type known as text."""
    if "content-encoding" in headers:
        return True
    media_type = headers.get("content-type", [""])[-1].partition(";")[0].strip().lower()
    return not media_type.startswith("text/") and media_type not in _TEXT
