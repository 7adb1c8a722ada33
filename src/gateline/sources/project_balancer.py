"""The project file's `load_balancers` (load-balancers.md sections 1 to 3 and 13; spelled in Amazon's words)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gateline.sources.balancer_values import (
    ActionType,
    AnyStatusCode,
    BindAddress,
    ContentType,
    ListenerProtocolName,
    RedirectCode,
    RedirectHost,
    RedirectPath,
    RedirectPort,
    RedirectProtocol,
    RedirectQuery,
    ResponseCode,
    ServerName,
)
from gateline.sources.project_part import Part, TlsPart, misfit
from gateline.sources.project_values import HostName, Number

MAX_CERTIFICATES: Final = 26  # the default one and 25 more: load-balancers.md section 1
MAX_TARGET_GROUPS: Final = 5  # of one forward action
MAX_BODY: Final = 1024

# Conditions.


class ValuesPart(Part):
    """The values of a condition, of which one must fit."""

    LATER: ClassVar[frozenset[str]] = frozenset({"regex_values"})

    values: tuple[str, ...] = Field(min_length=1, description="The values, of which one must fit.")


class HttpHeaderConfigPart(ValuesPart):
    """A header and the values of which one must fit."""

    http_header_name: str = Field(description="The header's name; letter case does not count.")


class QueryValuePart(Part):
    """A parameter of the query."""

    key: str = Field(default="", description="The parameter's name; without one any parameter may fit.")
    value: str = Field(description="Its value; * stands for any text, ? for one character.")


def _key_and_value(value: object) -> object:
    """`KEY=VALUE` and `VALUE` are short for maps."""
    if not isinstance(value, str):
        return value
    key, found, text = value.partition("=")
    return {"key": key, "value": text} if found else {"value": value}


QueryValue = Annotated[
    QueryValuePart,
    BeforeValidator(_key_and_value, json_schema_input_type=QueryValuePart | str),
]


class QueryStringConfigPart(Part):
    """Parameters of the query, of which one must fit."""

    LATER: ClassVar[frozenset[str]] = frozenset({"regex_values"})

    values: tuple[QueryValue, ...] = Field(
        min_length=1,
        description="The parameters, of which one must fit: {key, value}, or KEY=VALUE, or VALUE for any key.",
    )


class ConditionPart(Part):
    """A condition of a rule: its field, and values beside it or in the config of that field."""

    LATER: ClassVar[frozenset[str]] = frozenset({"regex_values"})

    field: Literal[
        "host-header", "path-pattern", "http-header", "http-request-method", "query-string", "source-ip"
    ] = Field(description="What of the request is judged.")
    values: tuple[str, ...] = Field(
        default=(), description="The values, of which one must fit; or stand them in the config of the field."
    )
    http_header_name: str = Field(default="", description="The header's name, for the field http-header.")
    host_header_config: ValuesPart | None = Field(default=None, description="Amazon's other form.")
    path_pattern_config: ValuesPart | None = Field(default=None, description="Amazon's other form.")
    http_header_config: HttpHeaderConfigPart | None = Field(default=None, description="Amazon's other form.")
    http_request_method_config: ValuesPart | None = Field(default=None, description="Amazon's other form.")
    query_string_config: QueryStringConfigPart | None = Field(
        default=None, description="Amazon's other form, where a parameter is {key, value}."
    )
    source_ip_config: ValuesPart | None = Field(default=None, description="Amazon's other form.")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        own = self.config_key
        other = next((key for key in _CONFIGS if key != own and getattr(self, key) is not None), None)
        if other is not None:
            raise misfit(f"{other} does not belong to a condition of the field {self.field}")
        configured = getattr(self, own) is not None
        if configured == bool(self.values):
            raise misfit(f"a condition has either values or {own}")
        if bool(self.http_header_name) != (self.field == "http-header" and not configured):
            raise misfit(
                "http_header_name stands in http_header_config, or beside values"
                if self.field == "http-header"
                else f"http_header_name does not belong to a condition of the field {self.field}"
            )
        return self

    @property
    def config_key(self) -> str:
        """The key of Amazon's other form for this field."""
        return self.field.replace("-", "_") + "_config"


_CONFIGS: Final = tuple(key for key in ConditionPart.model_fields if key.endswith("_config"))


# Actions.


class WeightedTargetGroupPart(Part):
    """A target group and its share of the requests."""

    name: str = Field(description="The target group's name.")
    weight: Number = Field(
        default=1, ge=0, le=999, description="Its share is this over the sum of all weights."
    )


class ForwardConfigPart(Part):
    """Target groups that share the requests."""

    LATER: ClassVar[frozenset[str]] = frozenset({"target_group_stickiness_config"})

    target_groups: tuple[WeightedTargetGroupPart, ...] = Field(
        min_length=1, max_length=MAX_TARGET_GROUPS, description="The target groups with their weights."
    )


class _RedirectKeys(Part):
    """What both forms of a redirect hold."""

    protocol: RedirectProtocol = Field(default="#{protocol}", description="HTTP, HTTPS or #{protocol}.")
    host: RedirectHost = Field(default="#{host}", description="The host, without a port.")
    port: RedirectPort = Field(default="#{port}", description="The port.")
    path: RedirectPath = Field(default="/#{path}", description="The path; #{path} lacks its leading slash.")
    query: RedirectQuery = Field(default="#{query}", description="The query, without '?'.")


class RedirectConfigPart(_RedirectKeys):
    """Where a client is sent; what is not set stays as it is in the request."""

    status_code: RedirectCode = Field(description="HTTP_301 or HTTP_302.")


class _ResponseKeys(Part):
    """What both forms of a fixed response hold."""

    content_type: ContentType = Field(default="text/plain", description="The type of message_body.")
    message_body: str = Field(default="", max_length=MAX_BODY, description="The text of the answer.")


class FixedResponseConfigPart(_ResponseKeys):
    """A constant answer."""

    status_code: ResponseCode = Field(description="The status: 2xx, 4xx or 5xx.")


class ActionPart(_RedirectKeys, _ResponseKeys):
    """What a rule does: its type, with that type's keys beside it or in the config of that type."""

    LATER: ClassVar[frozenset[str]] = frozenset(
        {
            "authenticate_cognito_config",
            "authenticate_oidc_config",
            "jwt_validation_config",
            "target_group_stickiness_config",
        }
    )

    type: ActionType = Field(description="What is done.")
    order: Number = Field(
        default=1, ge=1, le=50000, description="Amazon's order of actions; there is one action only."
    )
    target_group: str = Field(default="", description="The target group of a forward to one.")
    target_groups: tuple[WeightedTargetGroupPart, ...] = Field(
        default=(), max_length=MAX_TARGET_GROUPS, description="The target groups that share a forward."
    )
    status_code: AnyStatusCode = Field(
        default="", description="HTTP_301 or HTTP_302 of a redirect; the status of a fixed-response."
    )
    forward_config: ForwardConfigPart | None = Field(default=None, description="Amazon's other form.")
    redirect_config: RedirectConfigPart | None = Field(default=None, description="Amazon's other form.")
    fixed_response_config: FixedResponseConfigPart | None = Field(
        default=None, description="Amazon's other form."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        own = _KEYS_OF_ACTION[self.type]
        written = self.model_fields_set - {"type", "order"}
        if foreign := sorted(written - own):
            raise misfit(f"{foreign[0]} does not belong to an action of type {self.type}")
        config = self.type.replace("-", "_") + "_config"
        if config in written and len(written) > 1:
            raise misfit(f"{config} stands alone, without {min(written - {config})} beside it")
        if self.type == "forward" and len(written) != 1:
            raise misfit("a forward has exactly one of target_group, target_groups and forward_config")
        if self.type == "forward" and not (self.target_group or self.forwarded):
            raise misfit("a forward needs a target group")
        if self.type != "forward" and config not in written:
            if not self.status_code:
                raise misfit(f"a {self.type} needs a status_code")
            if self.status_code.startswith("HTTP_") != (self.type == "redirect"):
                wanted = "HTTP_301 or HTTP_302" if self.type == "redirect" else "200 to 299 or 400 to 599"
                raise misfit(f"the status_code of a {self.type} is {wanted}")
        names = [group.name for group in self.forwarded]
        if twice := next((name for i, name in enumerate(names) if name in names[:i]), ""):
            raise misfit(f"the target group '{twice}' is written twice")
        return self

    @property
    def forwarded(self) -> tuple[WeightedTargetGroupPart, ...]:
        """The weighted target groups in either form."""
        return self.forward_config.target_groups if self.forward_config is not None else self.target_groups


_KEYS_OF_ACTION: Final = {
    "forward": frozenset({"target_group", "target_groups", "forward_config"}),
    "redirect": frozenset({*_RedirectKeys.model_fields, "status_code", "redirect_config"}),
    "fixed-response": frozenset({*_ResponseKeys.model_fields, "status_code", "fixed_response_config"}),
}


# Listeners and balancers.


class RulePart(Part):
    """A rule of a listener: when all its conditions hold, its action is taken."""

    LATER: ClassVar[frozenset[str]] = frozenset({"transforms"})

    priority: Number = Field(
        ge=1, le=50000, description="The lowest comes first; each is taken once in a listener."
    )
    conditions: tuple[ConditionPart, ...] = Field(
        min_length=1, description="The conditions, all of which must hold."
    )
    actions: tuple[ActionPart, ...] = Field(min_length=1, description="The action, a list of one.")


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

    LATER: ClassVar[frozenset[str]] = frozenset(
        {"alpn_policy", "attributes", "mutual_authentication", "ssl_policy"}
    )

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
        description="The action when no rule holds, a list of one. Only a TLS listener without certificates has none.",
    )
    rules: tuple[RulePart, ...] = Field(default=(), description="The rules; the order is their priorities'.")
    passthrough: tuple[PassthroughPart, ...] = Field(
        default=(),
        description="Of a TLS listener: connections that are handed on as they are, by their server name.",
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

    LATER: ClassVar[frozenset[str]] = frozenset(
        {"access_logs", "attributes", "client_keep_alive_seconds", "idle_timeout_seconds"}
    )

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
