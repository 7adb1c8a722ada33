"""authenticate-cognito: the endpoints of a user pool, which are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_POOL: Final = re.compile(
    r"arn:aws(?:-us-gov|-cn)?:cognito-idp:(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]):[0-9]{12}:"
    r"userpool/(?P<pool>(?P=region)_[A-Za-z0-9]{1,55})",
    re.ASCII,
)
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class CognitoEndpoints:
    """What OidcLogin wants of a user pool."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    user_info_endpoint: str


def cognito_endpoints(user_pool_arn: str, domain: str) -> CognitoEndpoints | None:
    """The endpoints of a user pool at its domain; None: one of both is none.

    Args:
        user_pool_arn: `arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEf`.
        domain: its prefix (`shop`) or a domain of the user's own (`login.example.com`).

    """
    found = _POOL.fullmatch(user_pool_arn)
    if found is None or not _DOMAIN.fullmatch(domain):
        return None
    region, pool = found["region"], found["pool"]
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    host = domain if "." in domain else f"{domain}.auth.{region}.amazoncognito.com"
    return CognitoEndpoints(
        issuer=f"https://cognito-idp.{region}.{suffix}/{pool}",
        authorization_endpoint=f"https://{host}/oauth2/authorize",
        token_endpoint=f"https://{host}/oauth2/token",
        user_info_endpoint=f"https://{host}/oauth2/userInfo",
    )
