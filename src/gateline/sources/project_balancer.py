"""The project file's `load_balancers` (load-balancers.md sections 1 and 13; spelled in Amazon's words)."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from gateline.sources.balancer_values import BindAddress, ListenerProtocolName, ServerName
from gateline.sources.project_action import MAX_TARGET_GROUPS, ActionPart, WeightedTargetGroupPart
from gateline.sources.project_attributes import (
    KEEP_ALIVE,
    LONGEST_IDLE,
    AccessLogsPart,
    AttributeKey,
    AttributeValue,
)
from gateline.sources.project_client_address import ProxyNetwork
from gateline.sources.project_condition import ConditionPart
from gateline.sources.project_mutual_authentication import MutualAuthenticationPart
from gateline.sources.project_part import Part, TlsPart, misfit
from gateline.sources.project_transform import TransformPart
from gateline.sources.project_values import Flag, HostName, Number

MAX_CERTIFICATES: Final = 26  # the default one and 25 more: load-balancers.md section 1


class RulePart(Part):
    """A rule of a listener: when all its conditions hold, its action is taken."""

    priority: Number = Field(
        ge=1, le=50000, description="The lowest comes first; each is taken once in a listener."
    )
    conditions: tuple[ConditionPart, ...] = Field(
        min_length=1, description="The conditions, all of which must hold."
    )
    transforms: tuple[TransformPart, ...] = Field(
        default=(),
        max_length=2,
        description="What is rewritten before it is forwarded, one of each type at most.",
    )
    actions: tuple[ActionPart, ...] = Field(
        min_length=1,
        description="What is done: one authenticate-oidc, authenticate-cognito or jwt-validation at most, then "
        "one action that answers.",
    )


class CertificatePart(TlsPart):
    """A certificate of a listener: files, or one that Gateline makes itself."""

    @model_validator(mode="after")
    def _there_is_one(self) -> Self:
        if not (self.self_signed or self.certificate):
            raise misfit("write certificate and private_key, or self_signed: true")
        return self


class PassthroughPart(Part):
    """Server names whose connections are not decrypted here, and where they go."""

    server_names: tuple[ServerName, ...] = Field(
        min_length=1, description="The names that clients ask for (SNI); *.x stands for every name below x."
    )
    target_groups: tuple[WeightedTargetGroupPart, ...] = Field(
        min_length=1,
        max_length=MAX_TARGET_GROUPS,
        description="The TCP target groups that share the connections, with their weights.",
    )


class ListenerPart(Part):
    """A listener of a load balancer."""

    protocol: ListenerProtocolName = Field(
        description="HTTP or HTTPS of an application balancer; TCP, TLS, UDP or TCP_UDP of a network "
        "balancer."
    )
    port: Number = Field(ge=1, le=65535, description="The port that integration uris mean.")
    bind: BindAddress = Field(
        default="",
        description="The socket that an internet-facing listener opens; default: gateway.address and port.",
    )
    certificates: tuple[CertificatePart, ...] = Field(
        default=(),
        max_length=MAX_CERTIFICATES,
        description="The certificates of an internet-facing HTTPS or TLS listener, the default one first.",
    )
    default_actions: tuple[ActionPart, ...] = Field(
        default=(),
        description="What is done when no rule holds. Only a TLS listener without certificates has none.",
    )
    rules: tuple[RulePart, ...] = Field(default=(), description="The rules; the order is their priorities'.")
    passthrough: tuple[PassthroughPart, ...] = Field(
        default=(),
        description="Of a TLS listener: connections that are handed on as they are, by their server name.",
    )
    attributes: dict[AttributeKey, AttributeValue] = Field(
        default_factory=dict,
        description="Attributes under Amazon's own keys, such as routing.http.response.server.enabled.",
    )
    proxy_protocol: Flag = Field(
        default=False,
        description="Connections begin with a PROXY header (version 1 or 2), which tells the client's address; without "
        "it they are closed.",
    )
    trusted_proxies: tuple[ProxyNetwork, ...] = Field(
        default=(),
        description="Networks of the proxies in front, who are believed in X-Forwarded-For and PROXY headers.",
    )
    ssl_policy: str = Field(
        default="",
        description="Amazon's name of a security policy: versions and ciphers of TLS; default: TLS 1.2 and 1.3 with "
        "Envoy's ciphers. TLS 1.0 and 1.1 are never spoken.",
    )
    alpn_policy: Literal["HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None"] | None = Field(
        default=None, description="Of a TLS listener: the protocols that are offered; default: None."
    )
    mutual_authentication: MutualAuthenticationPart | None = Field(
        default=None,
        description="What an HTTPS listener does with clients' certificates; default: no client is asked.",
    )

    @model_validator(mode="after")
    def _takes_what_it_ends(self) -> Self:
        only_passes = bool(self.passthrough) and not self.certificates
        if only_passes and self.default_actions:
            raise misfit(
                "default_actions is for connections that the listener ends, which needs certificates"
            )
        if not only_passes and not self.default_actions:
            raise misfit("a listener needs default_actions, a list of one action")
        if self.passthrough and self.protocol != "TLS":
            raise misfit(f"passthrough belongs to a TLS listener, not to {self.protocol}")
        names = [name for each in self.passthrough for name in each.server_names]
        if twice := next((name for i, name in enumerate(names) if name in names[:i]), ""):
            raise misfit(f"the server name '{twice}' is written twice in passthrough")
        return self


class LoadBalancerPart(Part):
    """A load balancer: listeners that judge requests or hand connections on."""

    type: Literal["application", "network"] = Field(
        default="application",
        description="application judges requests by rules, network hands connections on.",
    )
    scheme: Literal["internal", "internet-facing"] = Field(
        default="internal",
        description="internal opens no socket: only integrations lead there; internet-facing opens one for each "
        "listener.",
    )
    dns_name: HostName = Field(
        default="",
        description="Integration uris with this host lead to the balancer; default: the balancer's name.",
    )
    listeners: tuple[ListenerPart, ...] = Field(min_length=1, description="The listeners.")
    attributes: dict[AttributeKey, AttributeValue] = Field(
        default_factory=dict, description="Attributes under Amazon's own keys, such as routing.http2.enabled."
    )
    access_logs: AccessLogsPart | None = Field(
        default=None, description="Where a line for each request is written, with Amazon's fields."
    )
    idle_timeout_seconds: Number = Field(
        default=60,
        ge=1,
        le=LONGEST_IDLE,
        description="How long nothing may be said on a connection or request. Short for the attribute.",
    )
    client_keep_alive_seconds: Number = Field(
        default=3600,
        ge=KEEP_ALIVE[0],
        le=KEEP_ALIVE[1],
        description="How long a client may keep a connection. Short for the attribute.",
    )
