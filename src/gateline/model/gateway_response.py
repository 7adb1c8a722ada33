"""Gateway responses: what API Gateway answers by itself, and how it is customised (api-gateway.md section 14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class ResponseType:
    """One of API Gateway's response types, as it answers when nothing is customised.

    `status` is None for the two DEFAULT types, which only lend their customisation to others. `message` None is the
    JSON null of authorizers that fail.
    """

    status: int | None
    message: str | None
    error_type: str


_INTERNAL: Final = "InternalServerErrorException"
_BAD_REQUEST: Final = "BadRequestException"

RESPONSE_TYPES: Final[Mapping[str, ResponseType]] = MappingProxyType(
    {
        "ACCESS_DENIED": ResponseType(
            403, "User is not authorized to access this resource", "AccessDeniedException"
        ),
        "API_CONFIGURATION_ERROR": ResponseType(500, "Internal server error", _INTERNAL),
        "AUTHORIZER_CONFIGURATION_ERROR": ResponseType(500, None, "AuthorizerConfigurationException"),
        "AUTHORIZER_FAILURE": ResponseType(500, None, "AuthorizerConfigurationException"),
        "BAD_REQUEST_BODY": ResponseType(400, "Invalid request body", _BAD_REQUEST),
        "BAD_REQUEST_PARAMETERS": ResponseType(400, "Missing required request parameters", _BAD_REQUEST),
        "DEFAULT_4XX": ResponseType(None, None, _BAD_REQUEST),
        "DEFAULT_5XX": ResponseType(None, None, _INTERNAL),
        "EXPIRED_TOKEN": ResponseType(
            403, "The security token included in the request is expired", "ExpiredTokenException"
        ),
        "INTEGRATION_FAILURE": ResponseType(504, "Network error communicating with endpoint", _INTERNAL),
        "INTEGRATION_TIMEOUT": ResponseType(504, "Endpoint request timed out", _INTERNAL),
        "INVALID_API_KEY": ResponseType(403, "Forbidden", "ForbiddenException"),
        "INVALID_SIGNATURE": ResponseType(
            403,
            "The request signature we calculated does not match the signature you provided",
            "InvalidSignatureException",
        ),
        "MISSING_AUTHENTICATION_TOKEN": ResponseType(
            403, "Missing Authentication Token", "MissingAuthenticationTokenException"
        ),
        "QUOTA_EXCEEDED": ResponseType(429, "Limit Exceeded", "LimitExceededException"),
        "REQUEST_TOO_LARGE": ResponseType(413, "Request Too Long", _BAD_REQUEST),
        "RESOURCE_NOT_FOUND": ResponseType(404, "Not Found", "ResourceNotFoundException"),
        "THROTTLED": ResponseType(429, "Too Many Requests", "TooManyRequestsException"),
        "UNAUTHORIZED": ResponseType(401, "Unauthorized", "UnauthorizedException"),
        "UNSUPPORTED_MEDIA_TYPE": ResponseType(415, "Unsupported Media Type", _BAD_REQUEST),
        "WAF_FILTERED": ResponseType(403, "Forbidden", "ForbiddenException"),
    }
)
"""All of them, by name."""


class PartKind(StrEnum):
    """What a part of a customised answer stands for."""

    TEXT = "text"  # itself
    CONTEXT = "context"  # $context.{text}; error.message, error.messageString, ... are of the answer itself
    HEADER = "header"  # $method.request.header.{text}
    QUERYSTRING = "querystring"
    PATH = "path"
    STAGE_VARIABLE = "stageVariable"  # $stageVariables.{text}; in no Answer


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a customised header or body."""

    kind: PartKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a stage answers for one response type, when its definition customises that; stage variables are put in.

    Made for each type that anything of the document's `x-amazon-apigateway-gateway-responses` changes: its own entry,
    or DEFAULT_4XX or DEFAULT_5XX by its class. `templates` is empty when the default body stays.
    """

    type: str
    status: int = 0  # 0: as without customisation, which is not one status for all that a type stands for
    headers: tuple[tuple[str, tuple[Part, ...]], ...] = ()
    templates: tuple[tuple[str, tuple[Part, ...]], ...] = ()  # media type → the body's parts
