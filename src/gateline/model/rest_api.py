"""RestApi, Stage, Method: a REST API as API Gateway knows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateline.model.assertion import Assertion
from gateline.model.authorizer import Authorization, Authorizer
from gateline.model.gateway_response import Part
from gateline.model.integration import Integration, Location
from gateline.model.origin import Origin
from gateline.model.usage_plan import MethodThrottle, Throttle


class SegmentKind(StrEnum):
    """How a path segment of a resource matches."""

    STATIC = "static"
    PARAMETER = "parameter"  # {name}: one non-empty segment
    GREEDY = "greedy"  # {name+}: one or more segments to the end


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a path template: `text` is the literal, or the parameter's name without braces and plus."""

    kind: SegmentKind
    text: str


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A resource's path: `/pets/{id}`. The root `/` has no segments."""

    text: str
    segments: tuple[Segment, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path parameters, in order."""
        return tuple(s.text for s in self.segments if s.kind is not SegmentKind.STATIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodParameter:
    """`method.request.{location}.{name}`, declared by the operation or its path."""

    location: Location
    name: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestValidator:
    """A named request validator of the document."""

    name: str
    validate_body: bool
    validate_parameters: bool
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayResponse:
    """A customised gateway response: `type` is one of API Gateway's response types."""

    type: str
    status_code: int | None = None
    headers: tuple[tuple[str, Part], ...] = ()  # names in lower case
    templates: tuple[tuple[str, tuple[Part, ...]], ...] = ()  # media type → the body's parts
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One verb of one resource; `http_method` is upper case, "ANY" for x-amazon-apigateway-any-method."""

    path: PathTemplate
    http_method: str
    integration: Integration
    authorization: Authorization
    parameters: tuple[MethodParameter, ...] = ()
    request_models: tuple[tuple[str, str], ...] = ()  # (media type, model name)
    request_validator: str = ""
    response_headers: tuple[
        tuple[int, tuple[str, ...]], ...
    ] = ()  # (status, header names) of the method responses
    operation_name: str = ""
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of an API with its variables."""

    name: str
    variables: tuple[tuple[str, str], ...] = ()
    throttle: Throttle | None = None  # of each method that has none of its own
    method_throttles: tuple[MethodThrottle, ...] = ()
    client_certificate: str = ""  # a name of the project file; shown to every server that speaks TLS
    assertion: Assertion | None = None
    origin: Origin


class ApiKeySource(StrEnum):
    """Where a caller's API key is read."""

    HEADER = "HEADER"
    AUTHORIZER = "AUTHORIZER"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestApi:
    """A REST API: its methods, authorizers and stages.

    `name` is the key in the project file and the first label of its host; `api_id` is the id used in ARNs.
    `models` and `policy` hold the document's own JSON as text, because they are data to be judged later.
    """

    name: str
    api_id: str
    title: str = ""
    execute_api_endpoint: bool = True
    methods: tuple[Method, ...] = ()
    authorizers: tuple[Authorizer, ...] = ()
    stages: tuple[Stage, ...] = ()
    request_validators: tuple[RequestValidator, ...] = ()
    gateway_responses: tuple[GatewayResponse, ...] = ()
    models: tuple[tuple[str, str], ...] = ()  # (name, JSON Schema as JSON text)
    binary_media_types: tuple[str, ...] = ()
    minimum_compression_size: int | None = None
    api_key_source: ApiKeySource = ApiKeySource.HEADER
    policy: str = ""  # resource policy as JSON text, "" when there is none
    origin: Origin
