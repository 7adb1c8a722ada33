"""What the host must know to answer for an Envoy: made by the compiler beside Envoy's resources."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateline.model.assertion import Assertion
from gateline.model.authorizer import AuthorizerKind
from gateline.model.function import Function
from gateline.model.gateway_response import Answer
from gateline.model.integration import Integration
from gateline.model.login import JwtValidation, OidcLogin
from gateline.model.usage_plan import ApiKey, Quota


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedAuthorizer:
    """A Lambda authorizer of one stage."""

    name: str
    kind: AuthorizerKind  # TOKEN or REQUEST
    function: str  # a Function's name
    ttl: int  # seconds that an answer may be kept; 0: ask every time
    validation: str = ""  # identityValidationExpression, TOKEN only


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedMethod:
    """A method whose requests the host may have to describe to a function, under the name of its route."""

    route: str  # "storefront/prod GET /orders/{id}"
    resource: str  # the path template: /orders/{id}
    resource_id: str
    operation_name: str = ""
    function: str = ""  # the Function behind an aws_proxy integration, else ""
    is_post: bool = (
        True  # false: the integration's httpMethod is another, and every request is answered by 500
    )
    integration: Integration | None = (
        None  # what the host performs itself: http, aws, a mock that reads the request
    )
    egress: str = ""  # of an http integration: the name of its route at Envoy's egress listener
    authority: str = ""  # of an http integration: the Host header that the backend sees
    patterns: tuple[
        str, ...
    ] = ()  # path patterns of a balancer behind it: all readings of a path must agree on them
    models: tuple[
        tuple[str, str], ...
    ] = ()  # media type → model that a body must fit; empty: none is checked
    asserted: bool = False  # the host itself sends its requests, with an assertion
    bodies: tuple[
        str, ...
    ] = ()  # JSONPaths that a proxied request's mappings read from its body; "": all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedStage:
    """A stage with what its events say."""

    scope: str  # "storefront/prod"
    api_id: str
    stage: str
    account_id: str
    region: str
    variables: tuple[tuple[str, str], ...] = ()
    header_names: tuple[str, ...] = ()  # names of headers as the definition spells them
    binary_media_types: tuple[str, ...] = ()
    decompresses: bool = (
        False  # bodies are decompressed behind the script: one that it has looked at comes as sent
    )
    models: tuple[tuple[str, str], ...] = ()  # name → JSON Schema
    answers: tuple[Answer, ...] = ()  # customised gateway responses
    assertion: Assertion | None = None  # what requests of some methods carry
    revision: str = ""  # of all but the authorizers: a request names the one by which it was let in
    authorizers: tuple[HostedAuthorizer, ...] = ()
    methods: tuple[HostedMethod, ...] = ()

    @property
    def functions(self) -> frozenset[str]:
        """The names of the functions that requests of this stage may need."""
        named = (*(a.function for a in self.authorizers), *(m.function for m in self.methods))
        return frozenset(name for name in named if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedPlan:
    """A usage plan, as far as the host judges by it: which stages a key of it opens, and its quota."""

    name: str
    scopes: tuple[str, ...]
    quota: Quota | None = None
    throttled: bool = False  # Envoy counts the requests of each of its keys


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedTarget:
    """A target group whose target is a function."""

    group: str
    arn: str  # of the target group, as events say it
    function: str  # a Function's name
    function_arn: str  # under which the function sees itself called
    multi_value_headers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedLogin:
    """What a rule of a balancer asks of its clients: one of `oidc` and `jwt`."""

    name: str  # "{balancer}:{port}/{priority | default} {digest}": edited, a login is another one
    oidc: OidcLogin | None = None
    jwt: JwtValidation | None = None
    client_secret: str = field(default="", repr=False)
    signer: str = ""  # the balancer's ARN; a session is good at all rules of one balancer with the same login
    ca: str = ""  # what the login's `ca` file holds (PEM); "": the system's authorities

    @property
    def listener(self) -> str:
        """The listener that the rule belongs to: "{balancer}:{port}"."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostConfiguration:
    """All of it. `revisions`: function name to a text that changes whenever its code does."""

    functions: tuple[Function, ...] = ()
    revisions: tuple[tuple[str, str], ...] = ()
    stages: tuple[HostedStage, ...] = ()
    plans: tuple[HostedPlan, ...] = ()
    keys: tuple[ApiKey, ...] = ()
    pepper: str = field(default="", repr=False)  # the key of the keys' digests: a secret
    assertion_issuer: str = ""  # of whom assertions speak
    assertion_kid: str = ""
    assertion_key: str = field(default="", repr=False)  # PEM; what signs assertions: a secret
    endpoints: tuple[
        tuple[str, str], ...
    ] = ()  # AWS service, "" for all → where it is reached instead of Amazon
    targets: tuple[HostedTarget, ...] = ()
    logins: tuple[HostedLogin, ...] = ()
    session_keys: tuple[str, ...] = field(default=(), repr=False)  # hex; the first seals, all open
    claims_keys: tuple[tuple[str, str], ...] = field(
        default=(), repr=False
    )  # kid, PEM of an ES256 key; the first signs

    @property
    def is_needed(self) -> bool:
        """Whether any request can need the host."""
        return bool(
            self.functions
            or self.plans
            or self.logins
            or any(stage.methods or stage.assertion is not None for stage in self.stages)
        )
