"""Load balancers: listeners, rules, conditions, actions (load-balancers.md sections 1 to 3 and 13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from gateline.model.balancer_attributes import (
    BALANCERS_USUAL,
    LISTENERS_USUAL,
    BalancerAttributes,
    ListenerAttributes,
)
from gateline.model.client_address import PEER_ITSELF, ClientAddress
from gateline.model.listener_tls import AS_ENVOY_DOES, ListenerTls
from gateline.model.login import Authentication
from gateline.model.origin import Origin
from gateline.model.secret import SecretRef
from gateline.model.transform import NO_TRANSFORMS, Transforms


class BalancerType(StrEnum):
    """`application` judges requests, `network` hands connections on."""

    APPLICATION = "application"
    NETWORK = "network"


class Scheme(StrEnum):
    """`internal` opens no socket: the balancer exists behind integrations only (DESIGN D6)."""

    INTERNAL = "internal"
    INTERNET_FACING = "internet-facing"


class ListenerProtocol(StrEnum):
    """What a listener speaks."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    TCP = "TCP"
    TLS = "TLS"
    UDP = "UDP"
    TCP_UDP = "TCP_UDP"

    @property
    def at_sockets(self) -> tuple[ListenerProtocol, ...]:
        """What is spoken at each socket that such a listener opens: TCP_UDP opens two at one port."""
        both = (ListenerProtocol.TCP, ListenerProtocol.UDP)
        return both if self is ListenerProtocol.TCP_UDP else (self,)


# Conditions. Of one condition's values one must fit; patterns know `*` and `?`, and `\` before either means itself.
# `regex_values` stand in the place of values: expressions, one of which must fit the whole.


@dataclass(frozen=True, slots=True)
class HostHeader:
    """The request's host without its port; letter case does not count."""

    values: tuple[str, ...]
    regex_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PathPattern:
    """The path without the query; letter case counts."""

    values: tuple[str, ...]
    regex_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpHeader:
    """A header: any occurrence; letter case counts neither in the name nor in values.

    A value of one SecretRef (`"${NAME}"` in the project file) is the secret itself, without patterns.
    """

    name: str  # as written
    values: tuple[str | SecretRef, ...]
    regex_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpRequestMethod:
    """The verb, as it stands."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueryString:
    """Parameters of the query; (None, value): any key. Letter case does not count."""

    values: tuple[tuple[str | None, str], ...]


@dataclass(frozen=True, slots=True)
class SourceIp:
    """The peer's address, never X-Forwarded-For: networks in CIDR form."""

    values: tuple[str, ...]


Condition = HostHeader | PathPattern | HttpHeader | HttpRequestMethod | QueryString | SourceIp


# Actions.


@dataclass(frozen=True, slots=True)
class WeightedTargetGroup:
    """A target group's share: its weight over the sum of weights, 0 to 999 each."""

    name: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Forward:
    """Hand the request to a target. All weights 0, or no target registered: 503."""

    target_groups: tuple[WeightedTargetGroup, ...]
    stickiness: timedelta | None = None  # how long a client comes back to the target group that it had


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Answer with a Location, made of these parts with their `#{...}` (load-balancers.md section 3)."""

    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"
    status_code: int  # 301 | 302


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedResponse:
    """Answer with constant text."""

    status_code: int
    content_type: str = "text/plain"
    message_body: str = ""


Action = Forward | Redirect | FixedResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a listener. `priority` None: the default rule, which has no conditions and comes last."""

    priority: int | None
    conditions: tuple[Condition, ...] = ()
    action: Action
    origin: Origin
    transforms: Transforms = NO_TRANSFORMS
    authentication: Authentication | None = None  # what comes before the action

    @property
    def label(self) -> str:
        """Its priority, as names and messages tell it."""
        return "default" if self.priority is None else str(self.priority)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A listener. `rules` stand in the order of evaluation, the default rule last.

    A TLS listener that only passes connections through has none. `address` and `bind_port` say where the
    socket of an internet-facing one is opened. `certificates` are names in the Keyring, the default one first.
    """

    protocol: ListenerProtocol
    port: int
    address: str = ""
    bind_port: int = 0
    certificates: tuple[str, ...] = ()
    rules: tuple[Rule, ...]
    passthrough: tuple[tuple[tuple[str, ...], Forward], ...] = ()
    """Of a TLS listener: connections that are handed on encrypted, by their server name (SNI), before it ends any."""
    tls: ListenerTls = AS_ENVOY_DOES
    origin: Origin
    attributes: ListenerAttributes = LISTENERS_USUAL
    client_address: ClientAddress = PEER_ITSELF


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """A load balancer of the project file."""

    name: str
    type: BalancerType = BalancerType.APPLICATION
    scheme: Scheme = Scheme.INTERNAL
    dns_name: str = ""  # lower case; integrations whose uri names this host go to this balancer
    listeners: tuple[Listener, ...] = ()
    origin: Origin
    attributes: BalancerAttributes = BALANCERS_USUAL
    access_log: str = ""  # the file of its access log; "": none

    @property
    def authentications(self) -> tuple[Authentication, ...]:
        """What its rules ask of their clients."""
        rules = (rule for listener in self.listeners for rule in listener.rules)
        return tuple(rule.authentication for rule in rules if rule.authentication is not None)
