"""The events that functions get: TOKEN and REQUEST of authorizers, and payload 1.0 of `aws_proxy`.

Keys stand in the order in which API Gateway writes them. Rules: api-gateway.md sections 9, 10.1, 11 and 12.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote_to_bytes

from gateline.dataplane import keys
from gateline.integrations.binary_media_type import is_binary
from gateline.integrations.call import Call, wire_text
from gateline.integrations.header_names import AMAZON_SPELLS, spellings
from gateline.model.hosting import HostedMethod, HostedStage

RawHeaders = Iterable[tuple[bytes, bytes]]
"""Names and values of a request's headers as they arrived, in order."""

DROPPED_HEADERS: Final = frozenset(
    {
        "connection",
        "content-length",
        "content-md5",
        "expect",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "transfer-encoding",
        "trailer",
        "upgrade",
        "www-authenticate",
        "x-amzn-apigateway-api-id",  # for backends only
    }
)
"""Headers of a request that no event holds (section 9)."""

_INTERNAL: Final = ("x-gl-", "x-envoy-", ":")  # what Envoy and Gateline say to each other
_ABSENT: Final = {"accept": keys.ABSENT.encode(), "user-agent": keys.ABSENT.encode()}
"""Values that the script writes so that Envoy adds none of its own: the client sent no such header."""

_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"  # whatever the locale
_ID_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What an event says beside the headers: the call, where it arrived, and when (epoch milliseconds)."""

    call: Call
    stage: HostedStage
    method: HostedMethod
    epoch_ms: int


def token_event(*, token: str, method_arn: str) -> bytes:
    """What a TOKEN authorizer gets: exactly three keys; the token is the header's value as it was sent."""
    return _bytes({"type": "TOKEN", "methodArn": method_arn, "authorizationToken": token})


def request_event(circumstances: Circumstances, headers: RawHeaders, *, method_arn: str) -> bytes:
    """What a REQUEST authorizer gets. Empty maps are `{}`, and there is no body (section 10.1)."""
    call, stage = circumstances.call, circumstances.stage
    names = spellings(stage.header_names, call.protocol)
    values = _headers(headers, call, names)
    event = {"type": "REQUEST", "methodArn": method_arn} | _request(circumstances, values)
    for key in _MAPS:
        event[key] = event[key] or {}
    return _bytes(event | {"requestContext": _context(circumstances, values)})


def proxy_event(circumstances: Circumstances, headers: RawHeaders, body: bytes) -> bytes:
    """What the function of an `aws_proxy` integration gets, payload format 1.0 (section 11).

    `headers` carry the client's own spelling of their names. A body of a binary media type becomes base64,
    any other becomes text, in which bytes that are not UTF-8 are U+FFFD (section 12).
    """
    values = _headers(headers, circumstances.call, AMAZON_SPELLS)
    event = dict(_request(circumstances, values))
    event["requestContext"] = _context(circumstances, values)
    is_base64 = bool(body) and is_binary(values.last("content-type"), circumstances.stage.binary_media_types)
    if not body:
        event["body"] = None
    elif is_base64:
        event["body"] = base64.b64encode(body).decode("ascii")
    else:
        event["body"] = body.decode(errors="replace")
    event["isBase64Encoded"] = is_base64
    return _bytes(event)


def deployment_id(stage: HostedStage) -> str:
    """A deployment's id: six lower-case letters and digits, the same for the same API and stage."""
    number = int.from_bytes(hashlib.sha256(f"{stage.api_id} {stage.stage}".encode()).digest()[:8])
    return "".join(_ID_LETTERS[number // 36**index % 36] for index in range(6))


def parse_query(query: bytes) -> dict[str, list[str]]:
    """The parameters of a query: name to values, decoded, in order.

    As `gateway.lua` reads them for mappings: `;` separates as `&` does, `+` is a space, a value with a malformed
    escape stays as it is, and a parameter whose name has one is left out.
    """
    parsed: dict[str, list[str]] = {}
    for part in query.replace(b";", b"&").split(b"&"):
        name, _, value = part.partition(b"=")
        decoded = _decode(name)
        if part and decoded is not None:
            parsed.setdefault(decoded, []).append(_decode(value) or value.decode(errors="replace"))
    return parsed


_MAPS: Final = (
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "pathParameters",
    "stageVariables",
)
"""Maps that are null in proxy events and `{}` in authorizers' when there is nothing in them."""


class _Headers:
    """The headers of an event, sorted by name without regard to case, as in real events."""

    def __init__(self, named: Mapping[str, tuple[str, list[str]]]) -> None:
        self._named = dict(sorted(named.items()))

    def last(self, lower_name: str) -> str | None:
        """The last value of a header, which is the one that counts where there can be only one."""
        found = self._named.get(lower_name)
        return found[1][-1] if found else None

    @property
    def single(self) -> dict[str, str]:
        return {name: values[-1] for name, values in self._named.values()}

    @property
    def multi(self) -> dict[str, list[str]]:
        return dict(self._named.values())


def _headers(headers: RawHeaders, call: Call, names: Mapping[str, str]) -> _Headers:
    """The headers without those that no event holds, with those that every event holds (section 9)."""
    found: dict[str, tuple[str, list[str]]] = {}
    for raw_name, value in headers:
        name = raw_name.decode("latin-1")
        lower = name.lower()
        is_told = lower not in DROPPED_HEADERS and not lower.startswith(_INTERNAL)
        if is_told and value != _ABSENT.get(lower):
            found.setdefault(lower, (names.get(lower, name), []))[1].append(wire_text(value))
    found["host"] = ("Host", [call.authority])
    if call.trace_id:
        found["x-amzn-trace-id"] = ("X-Amzn-Trace-Id", [call.trace_id])
    found.setdefault("x-forwarded-for", ("X-Forwarded-For", [call.source_ip]))
    _, protos = found.setdefault("x-forwarded-proto", ("X-Forwarded-Proto", ["https"]))
    port = "80" if protos[-1] == "http" else "443"
    found.setdefault("x-forwarded-port", ("X-Forwarded-Port", [port]))
    return _Headers(found)


def _request(circumstances: Circumstances, headers: _Headers) -> dict[str, object]:
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


def _context(circumstances: Circumstances, headers: _Headers) -> dict[str, object]:
    call, stage, method = circumstances.call, circumstances.stage, circumstances.method
    domain = _domain_name(call.authority)
    context: dict[str, object] = {"resourceId": method.resource_id}
    authorized = call.authorized
    if authorized is not None:
        own = {"principalId": authorized.principal, "integrationLatency": authorized.integration_latency}
        context["authorizer"] = own | dict(authorized.context) | own  # the two are never the context's
    context["resourcePath"] = method.resource
    if method.operation_name:
        context["operationName"] = method.operation_name
    return context | {
        "httpMethod": call.verb,
        "extendedRequestId": call.request_id[:15] + "=",
        "requestTime": _request_time(circumstances.epoch_ms),
        "path": call.full_path,
        "accountId": stage.account_id,
        "protocol": call.protocol,
        "stage": stage.stage,
        "domainPrefix": domain.split(".", 1)[0],
        "requestTimeEpoch": circumstances.epoch_ms,
        "requestId": call.request_id,
        "identity": _identity(call, headers),
        "domainName": domain,
        "deploymentId": deployment_id(stage),
        "apiId": stage.api_id,
    }


def _identity(call: Call, headers: _Headers) -> Json:
    """The caller; null is what is unknown of one who has no Amazon credentials."""
    return {
        "cognitoIdentityPoolId": None,
        "accountId": None,
        "cognitoIdentityId": None,
        "caller": None,
        "sourceIp": call.source_ip,
        "principalOrgId": None,
        "accessKey": None,
        "cognitoAuthenticationType": None,
        "cognitoAuthenticationProvider": None,
        "userArn": None,
        "userAgent": headers.last("user-agent"),
        "user": None,
    }


def _request_time(epoch_ms: int) -> str:
    """`dd/MMM/yyyy:HH:mm:ss +0000`."""
    time = datetime.fromtimestamp(epoch_ms // 1000, UTC)
    month = _MONTHS[time.month * 3 - 3 : time.month * 3]
    return f"{time:%d}/{month}/{time.year:04}:{time:%H:%M:%S} +0000"


def _domain_name(authority: str) -> str:
    """The name or address that an authority means, whatever its letter case, its port and a dot at its end.

    An IPv6 address keeps its brackets, as in the script.
    """
    colon = authority.find(":", max(authority.find("]"), 0))
    return (authority if colon < 0 else authority[:colon]).lower().removesuffix(".")


def _decode(text: bytes) -> str | None:
    """Percent-decoded once, with `+` for a space; None when an escape is malformed."""
    for piece in text.split(b"%")[1:]:
        if len(piece) < 2 or not _is_hex(piece[:2]):
            return None
    return unquote_to_bytes(text.replace(b"+", b" ")).decode(errors="replace")


def _is_hex(digits: Sequence[int]) -> bool:
    return all(digit in b"0123456789abcdefABCDEF" for digit in digits)


def _bytes(event: Json) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
