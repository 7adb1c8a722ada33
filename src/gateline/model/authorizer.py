"""Authorizers: who decides about a request, and what a method asks of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from gateline.model.origin import Origin


class AuthorizerKind(StrEnum):
    """The `type` of `x-amazon-apigateway-authorizer`."""

    TOKEN = "token"  # noqa: S105 - the extension's own word
    REQUEST = "request"
    COGNITO_USER_POOLS = "cognito_user_pools"
    JWT = "jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizer:
    """`x-amazon-apigateway-authorizer` of a security scheme, under the scheme's name."""

    name: str
    kind: AuthorizerKind
    uri: str = ""  # authorizerUri, as written after intrinsics
    credentials: str = ""
    identity_sources: tuple[str, ...] = ()  # `method.request.header.Authorization`, ...
    identity_validation_expression: str = ""
    result_ttl: timedelta = timedelta(seconds=300)
    provider_arns: tuple[str, ...] = ()
    payload_format_version: str = ""
    enable_simple_responses: bool = False
    issuer: str = ""
    audience: tuple[str, ...] = ()
    origin: Origin


class AuthorizationType(StrEnum):
    """A method's authorization, in API Gateway's words."""

    NONE = "NONE"
    CUSTOM = "CUSTOM"
    COGNITO_USER_POOLS = "COGNITO_USER_POOLS"
    AWS_IAM = "AWS_IAM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What a method asks of its caller. `authorizer` names one of the API's authorizers for CUSTOM and COGNITO."""

    type: AuthorizationType = AuthorizationType.NONE
    authorizer: str = ""
    scopes: tuple[str, ...] = ()
    api_key_required: bool = False
    origin: Origin
