"""Integrations: what stands behind a method, and how the request is mapped on the way there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeGuard

from gateline.model.origin import Origin
from gateline.model.secret import SecretRef


class IntegrationKind(StrEnum):
    """The `type` of an integration, as API Gateway spells it in lower case."""

    HTTP = "http"
    HTTP_PROXY = "http_proxy"
    AWS = "aws"
    AWS_PROXY = "aws_proxy"
    MOCK = "mock"


BODILESS: Final = frozenset({204, 205, 304})
"""Statuses whose responses have no body (RFC 9110): who reads one takes it for the next answer."""

REMAPPED_HEADERS: Final = (
    "authorization",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "trailer",
    "upgrade",
    "user-agent",
    "www-authenticate",
    "x-amzn-requestid",
)
"""Headers of an integration's response that a client gets as `x-amzn-remapped-{name}`, recorded from the real
service (api-gateway.md section 9)."""

ILLEGAL_HEADERS: Final = frozenset(
    {"content-length", "transfer-encoding", "x-amzn-trace-id", "x-amzn-apigateway-api-id"}
)
"""Headers that no mapping may set; Amazon answers 500 at run time (api-gateway.md section 7)."""

ILLEGAL_FOR_AWS: Final = ILLEGAL_HEADERS | {
    "authorization",
    "connection",
    "expect",
    "proxy-authenticate",
    "te",
}
"""Those of `aws` and `aws_proxy` integrations."""

PLACEHOLDER: Final = re.compile(r"\{([A-Za-z0-9._$-]+)\}")
"""A `{name}` of a uri, which a path mapping may fill."""


class ConnectionType(StrEnum):
    """How the integration's endpoint is reached."""

    INTERNET = "INTERNET"
    VPC_LINK = "VPC_LINK"


class PassthroughBehavior(StrEnum):
    """What happens to a body for whose media type there is no request template."""

    WHEN_NO_MATCH = "when_no_match"
    WHEN_NO_TEMPLATES = "when_no_templates"
    NEVER = "never"


class Location(StrEnum):
    """Where in a request a parameter stands."""

    HEADER = "header"
    QUERYSTRING = "querystring"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class RequestSource:
    """`method.request.{location}.{name}`; `multivalue` for the `multivalueheader` and `multivaluequerystring` forms."""

    location: Location
    name: str
    multivalue: bool = False


@dataclass(frozen=True, slots=True)
class BodySource:
    """`method.request.body` (`integration.response.body`), or below it `.JSONPATH` (without its leading `$.`)."""

    jsonpath: str = ""


@dataclass(frozen=True, slots=True)
class StageVariableSource:
    """`stageVariables.{name}`."""

    name: str


@dataclass(frozen=True, slots=True)
class ContextSource:
    """`context.{path}`, such as `context.identity.sourceIp` (path: `identity.sourceIp`)."""

    path: str


@dataclass(frozen=True, slots=True)
class LiteralSource:
    """A static value; a header's literal may hold references to secrets of the project file."""

    parts: tuple[str | SecretRef, ...]

    @property
    def text(self) -> str | None:
        """The value when it holds no secret, else None."""
        texts = [part for part in self.parts if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(self.parts) else None


MappingSource = RequestSource | BodySource | StageVariableSource | ContextSource | LiteralSource


def holds_secret(source: MappingSource) -> TypeGuard[LiteralSource]:
    """Whether a value has a secret in it: then Envoy writes it, and nobody else may see it."""
    return isinstance(source, LiteralSource) and source.text is None


@dataclass(frozen=True, slots=True)
class ResponseHeaderSource:
    """`integration.response.header.{name}`: its last value; `multivalue` for `multivalueheader`: all of them."""

    name: str
    multivalue: bool = False


ResponseSource = ResponseHeaderSource | BodySource | StageVariableSource | ContextSource | LiteralSource
"""What a header of a response may be mapped from (api-gateway.md section 7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterMapping:
    """One line of `requestParameters`: `integration.request.{location}.{name}` gets the value of `source`."""

    location: Location
    name: str
    source: MappingSource
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseParameter:
    """One line of an integration response's `responseParameters`: `method.response.header.{header}` ← expression."""

    header: str
    expression: str  # as written: `'literal'`, `integration.response.header.X`, `context.X`, ...
    source: ResponseSource  # what it means; a literal holds no secrets
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationResponse:
    """One entry of an integration's `responses`. `pattern` is None for the key `default`."""

    pattern: str | None
    status_code: int
    response_parameters: tuple[ResponseParameter, ...] = ()
    response_templates: tuple[tuple[str, str], ...] = ()  # (media type, template)
    content_handling: str = ""
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """`x-amazon-apigateway-integration`. `uri` still holds its `${stageVariables.x}` and `{param}` parts."""

    kind: IntegrationKind
    uri: str = ""
    http_method: str = ""  # upper case; "ANY" takes the client's verb; "" for mock
    connection_type: ConnectionType = ConnectionType.INTERNET
    connection_id: str = ""  # a VPC link's name, may hold ${stageVariables.x}
    integration_target: str = ""
    credentials: str = ""
    request_parameters: tuple[ParameterMapping, ...] = ()
    request_templates: tuple[tuple[str, str], ...] = ()  # (media type, template)
    passthrough_behavior: PassthroughBehavior = PassthroughBehavior.WHEN_NO_MATCH
    content_handling: str = ""
    timeout: timedelta = timedelta(milliseconds=29000)
    cache_namespace: str = ""
    cache_key_parameters: tuple[str, ...] = ()
    insecure_skip_verification: bool = False
    response_transfer_mode: str = "BUFFERED"
    responses: tuple[IntegrationResponse, ...] = ()
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcLink:
    """A VPC link of the project file: to a load balancer or a tunnel by its name, or to `host:port` pairs, in turn."""

    name: str
    targets: tuple[tuple[str, int], ...] = ()
    load_balancer: str = ""
    tunnel: str = ""  # the name of a Tunnel, of which the integration's host and port are an export
    origin: Origin
