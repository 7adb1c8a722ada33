"""The kinds of values in the project file's `load_balancers` and `target_groups`."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from gateline.sources.environment import EnvironmentText
from gateline.sources.project_values import Flag, Matches, Number, ip_of_socket, split_host_port

_ANY_CODE: Final = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 200, "maximum": 599}]}
)
_CHECK_CODE: Final = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 0, "maximum": 599}]}
)
_CODES: Final = r"[0-9]{1,3}(?:-[0-9]{1,3})?(?:,[0-9]{1,3}(?:-[0-9]{1,3})?)*"
MOST_GRPC_CODE: Final = 99


def later(names: Collection[str], of_what: str, advice: str) -> BeforeValidator:
    """Tells Amazon's values that this version does not know yet from mistakes."""

    def check(value: object) -> object:
        if isinstance(value, str) and value in names:
            context = {"said": f"{of_what} {value} is not supported yet in this version", "advice": advice}
            raise PydanticCustomError("not_supported_yet", "{said}", context)
        return value

    return BeforeValidator(check)


def _refused(said: str, advice: str) -> PydanticCustomError:
    return PydanticCustomError("not_supported_yet", "{said}", {"said": said, "advice": advice})


def _no_addresses_of_others(value: object) -> object:
    """To send with a client's address takes rights and routes that a gateway on somebody's machine lacks."""
    if value is True:
        raise _refused(
            "preserve_client_ip: true is not supported: to send with clients' addresses takes CAP_NET_ADMIN, and "
            "routes that lead targets' answers back to the gateway",
            "write proxy_protocol_v2: true, which tells targets of TCP and TLS groups the client's address",
        )
    return value


def _not_ended(value: object, info: ValidationInfo) -> object:
    """Envoy ends connections of a target that falls ill, and has no word for one that is taken out.

    Flows of datagrams leave a target as soon as it drains, so that none of them is left to be ended.
    """
    protocol = info.data.get("protocol", "UDP")
    if value is True and protocol != "UDP":
        raise _refused(
            f"connection_termination: true of a group of protocol {protocol} is not supported: Envoy ends the "
            "connections of a target that falls ill, and of no other",
            "a task's connections end when it is stopped, after deregistration_delay_seconds",
        )
    return value


def _no_interval(value: object) -> object:
    if value != 0:
        raise _refused(
            "unhealthy_draining_interval_seconds is not supported: Envoy ends the connections of a target that "
            "falls ill at once, or not at all",
            "with unhealthy_connection_termination: false connections go on without a bound",
        )
    return value


def _bind(value: str) -> str:
    host, _ = split_host_port(value) or ("", 0)
    ip_of_socket(host, "the address and port of a socket, such as 127.0.0.1:8081 or [::1]:8081")
    return value


def _check_port(value: object) -> object:
    if value == "traffic-port":
        return None
    if isinstance(value, EnvironmentText) and re.fullmatch(r"[0-9]{1,5}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        says = "traffic-port, or a whole number from 1 to 65535"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return value


def _as_text(value: object) -> object:
    """A code may be written as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _check_codes(value: str) -> str:
    if any(
        not (200 <= low <= high <= 599 or 0 <= low <= high <= MOST_GRPC_CODE)
        for low, high in code_ranges(value)
    ):
        says = "HTTP codes from 200 to 499, such as 200, 200,202 or 200-299, or gRPC codes from 0 to 99"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return value


def code_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """The inclusive ranges of a matcher such as `200,202` or `200-299`."""
    pairs = (part.partition("-") for part in text.split(",")) if text else ()
    return tuple((int(low), int(high or low)) for low, _, high in pairs)


ListenerProtocolName = Annotated[
    Literal["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"],
    later(
        ("QUIC", "TCP_QUIC"),
        "a listener of protocol",
        "write UDP or TCP_UDP: QUIC passes through those, without being looked into",
    ),
]
TargetGroupProtocol = Annotated[
    Literal["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"],
    later(
        ("QUIC", "TCP_QUIC"),
        "a target group of protocol",
        "write UDP or TCP_UDP: QUIC passes through those, without being looked into",
    ),
]
LoadBalancingAlgorithm = Literal["round_robin", "least_outstanding_requests", "weighted_random"]
ConnectionTermination = Annotated[Flag, AfterValidator(_not_ended)]
DrainingInterval = Annotated[Number, AfterValidator(_no_interval), WithJsonSchema({"const": 0})]
PreserveClientIp = Annotated[Flag, AfterValidator(_no_addresses_of_others), WithJsonSchema({"const": False})]
ActionType = Literal[
    "forward", "redirect", "fixed-response", "authenticate-oidc", "authenticate-cognito", "jwt-validation"
]
BindAddress = Annotated[str, AfterValidator(_bind)]
ServerName = Annotated[
    str,
    Matches(
        r"(?=.{1,253}$)(?:\*\.)?[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*",
        "a server name, such as db.internal or *.internal",
        shown=r"(?:\*\.)?[A-Za-z0-9._-]{1,253}",
    ),
    AfterValidator(str.lower),
]

NETWORK_GROUPS: Final = {
    "TCP": ("TCP", "TCP_UDP"),
    "TLS": ("TCP", "TLS"),
    "UDP": ("UDP", "TCP_UDP"),
    "TCP_UDP": ("TCP_UDP",),
}
"""Protocols of target groups that the listeners of network balancers forward to, by the listener's protocol."""

OF_DATAGRAMS: Final = frozenset({"UDP", "TCP_UDP"})
"""Protocols of listeners and target groups that take datagrams."""

CheckPort = Annotated[
    int | None,
    BeforeValidator(_check_port),
    WithJsonSchema(
        {"anyOf": [{"const": "traffic-port"}, {"type": "integer", "minimum": 1, "maximum": 65535}]}
    ),
]
CheckPath = Annotated[str, Matches(r"/[\x21-\x7e]{0,1023}", "a path, such as /healthz, without spaces")]
CheckCodes = Annotated[
    str,
    BeforeValidator(_as_text),
    Matches(_CODES, "HTTP codes, such as 200, 200,202 or 200-299, or gRPC codes, such as 12 or 0-99"),
    AfterValidator(_check_codes),
    _CHECK_CODE,
]
VersionName = Literal["HTTP1", "HTTP2", "GRPC"]

# Redirects: which `#{...}` may stand where is load-balancers.md section 3.
_IN_HOST: Final = r"(?:#\{host\}|[A-Za-z0-9._-])"
_IN_PATH: Final = r"(?:#\{(?:host|port|path)\}|(?!#\{)[\x21-\x7e])"
_IN_QUERY: Final = r"(?:#\{(?:protocol|host|port|path|query)\}|(?!#\{)[\x21-\x7e])"

RedirectProtocol = Annotated[str, Matches(r"HTTPS?|#\{protocol\}", "HTTP, HTTPS or #{protocol}")]
RedirectHost = Annotated[
    str,
    Matches(
        rf"(?=.{{1,128}}$){_IN_HOST}+",
        "a host name of 128 characters at most; it may hold #{host}",
        shown=r"[A-Za-z0-9._#{}-]{1,128}",
    ),
]
RedirectPort = Annotated[
    str,
    BeforeValidator(_as_text),
    Matches(
        r"#\{port\}|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]",
        "a port from 1 to 65535, or #{port}",
    ),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 1, "maximum": 65535}]}),
]
RedirectPath = Annotated[
    str,
    Matches(
        rf"(?=.{{1,128}}$)/{_IN_PATH}*",
        "a path that begins with '/', 128 characters at most; it may hold #{host}, #{port} and #{path}",
        shown=r"/[!-~]{0,127}",
    ),
]
RedirectQuery = Annotated[
    str,
    Matches(
        rf"(?=.{{0,128}}$){_IN_QUERY}*",
        "a query without '?', 128 characters at most; it may hold #{protocol}, #{host}, #{port}, #{path} and #{query}",
        shown=r"[!-~]{0,128}",
    ),
]
RedirectCode = Annotated[str, Matches(r"HTTP_30[12]", "HTTP_301 or HTTP_302")]
ResponseCode = Annotated[
    str, BeforeValidator(_as_text), Matches(r"[245][0-9]{2}", "200 to 299, or 400 to 599"), _ANY_CODE
]
AnyStatusCode = Annotated[
    str,
    BeforeValidator(_as_text),
    Matches(
        r"HTTP_30[12]|[245][0-9]{2}",
        "HTTP_301 or HTTP_302 for a redirect, 200 to 299 or 400 to 599 for a fixed-response",
    ),
    _ANY_CODE,
]
ContentType = Literal["text/plain", "text/css", "text/html", "application/javascript", "application/json"]
