"""Logins of the project file: what a rule asks of its clients (load-balancers.md sections 4 and 5; Amazon's words)."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from gateline.identity.authentication_request import RESERVED_PARAMS
from gateline.model.login import SESSION_COOKIE
from gateline.sources.project_part import Part, misfit
from gateline.sources.project_values import FilePath, Matches, Number

AUTHENTICATIONS: Final = {
    "authenticate-oidc": "authenticate_oidc_config",
    "authenticate-cognito": "authenticate_cognito_config",
    "jwt-validation": "jwt_validation_config",
}
"""The types of actions that ask who the client is, and the key of each one's settings."""

MAX_EXTRA_PARAMS: Final = 10
MAX_CLAIMS: Final = 10
MAX_CLAIM_VALUES: Final = 10
MAX_SESSION: Final = 604800
"""Seconds: seven days, as long as the cookies are kept by browsers."""

Endpoint = Annotated[
    str,
    Matches(
        r"https?://[!-~]{1,1000}",
        "a whole URL, such as https://login.example.com/authorize",
    ),
]
ShortEndpoint = Annotated[
    str,
    Matches(
        r"(?=.{1,256}$)https?://[!-~]+",
        "a whole URL of 256 characters at most",
        shown=r"https?://[!-~]{1,248}",
    ),
]
CookieName = Annotated[
    str, Matches(r"[A-Za-z0-9_.-]{1,64}", "1 to 64 letters, digits, '_', '.' and '-': the name of a cookie")
]
Scope = Annotated[
    str,
    Matches(
        r"(?=.{1,1000}$)(?:[!#-\[\]-~]+ )*openid(?: [!#-\[\]-~]+)*",
        "scopes with a space between them, openid among them: it is what asks for an ID token",
        shown=r"[ -~]{1,1000}",
    ),
]
Visible = Annotated[str, Matches(r"[\x20-\x7e]{1,1000}", "1 to 1000 visible characters of ASCII")]
ClaimText = Annotated[str, Matches(r"[\x20-\x7e]{1,256}", "1 to 256 visible characters of ASCII")]
ParameterName = Annotated[str, Matches(r"[A-Za-z0-9_.~-]{1,128}", "1 to 128 letters, digits and _ . ~ -")]
PoolArn = Annotated[
    str,
    Matches(
        r"arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/[A-Za-z0-9-]+_[A-Za-z0-9]+",
        "a user pool's ARN, such as arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abc",
    ),
]
PoolDomain = Annotated[
    str,
    Matches(
        r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?",
        "the user pool's domain: its prefix, or the host name of a domain of one's own",
    ),
]


class SessionKeys(Part):
    """What logins of both kinds say."""

    client_secret: str = Field(
        default="", description='The client\'s secret, always "${NAME}" of a declared secret.'
    )
    session_cookie_name: CookieName = Field(
        default=SESSION_COOKIE, description="How the cookies of sessions are named; -0, -1 and so on follow."
    )
    scope: Scope = Field(default="openid", description="What the provider is asked for.")
    session_timeout: Number = Field(
        default=MAX_SESSION, ge=1, le=MAX_SESSION, description="How long a session lasts, in seconds."
    )
    authentication_request_extra_params: dict[ParameterName, Visible] = Field(
        default_factory=dict,
        max_length=MAX_EXTRA_PARAMS,
        description="Parameters that the authentication request carries besides.",
    )
    on_unauthenticated_request: Literal["authenticate", "allow", "deny"] = Field(
        default="authenticate",
        description="A request without a session: authenticate sends the client to the provider, allow lets it "
        "through without x-amzn-oidc-* headers, deny answers 401.",
    )
    ca: FilePath = Field(
        default="",
        description="A PEM file of the authorities that certify the provider; default: the system's.",
    )

    @model_validator(mode="after")
    def _only_extra(self) -> Self:
        taken = sorted(RESERVED_PARAMS & self.authentication_request_extra_params.keys())
        if taken:
            raise misfit(f"{taken[0]} is no extra parameter: the balancer writes it itself")
        return self


class AuthenticateOidcConfigPart(SessionKeys):
    """A login at an OpenID Connect provider."""

    issuer: Endpoint = Field(description="Who the provider is: the `iss` of its ID tokens.")
    authorization_endpoint: Endpoint = Field(description="Where browsers are sent to log in.")
    token_endpoint: Endpoint = Field(description="Where codes become tokens.")
    user_info_endpoint: Endpoint = Field(description="Where the claims about a user are.")
    client_id: Visible = Field(description="The balancer's name at the provider.")

    @model_validator(mode="after")
    def _is_confidential(self) -> Self:
        if not self.client_secret:
            raise misfit('a login needs client_secret: "${NAME}" of a declared secret')
        return self


class AuthenticateCognitoConfigPart(SessionKeys):
    """A login at a user pool of Amazon Cognito."""

    user_pool_arn: PoolArn = Field(description="The user pool.")
    user_pool_client_id: Visible = Field(description="The balancer's client at the user pool.")
    user_pool_domain: PoolDomain = Field(
        description="The prefix of the user pool's domain, or the whole name of a domain of one's own."
    )


class ClaimPart(Part):
    """A claim that a token must have."""

    name: ClaimText = Field(description="The claim's name.")
    format: Literal["single-string", "string-array", "space-separated-values"] = Field(
        description="How its value is written."
    )
    values: tuple[ClaimText, ...] = Field(
        min_length=1,
        max_length=MAX_CLAIM_VALUES,
        description="The claim holds when any of these is among its values.",
    )


class JwtValidationConfigPart(Part):
    """A bearer token that must be valid."""

    jwks_endpoint: ShortEndpoint = Field(description="Where the public keys are that sign tokens (RS256).")
    issuer: ClaimText = Field(description="The `iss` that tokens must have.")
    additional_claims: tuple[ClaimPart, ...] = Field(
        default=(), max_length=MAX_CLAIMS, description="Claims that tokens must have, all of them."
    )
    ca: FilePath = Field(
        default="",
        description="A PEM file of the authorities that certify jwks_endpoint; default: the system's.",
    )
