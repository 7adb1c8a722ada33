"""Keys of logins: limits and defaults (load-balancers.md sections 4 and 5)."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.sources.project_login import (
    MAX_CLAIM_VALUES,
    MAX_CLAIMS,
    MAX_EXTRA_PARAMS,
    MAX_SESSION,
)

from .balancers import FIXED, errors_of
from .conftest import LoadProject
from .logins import asking, cognito, jwt, oidc

AT = "/load_balancers/b/listeners/0/default_actions/0"


def claims(count: int, values: int = 1) -> list[dict[str, Any]]:
    return [
        {"name": f"c{n}", "format": "single-string", "values": [f"v{i}" for i in range(values)]}
        for n in range(count)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"session_timeout": 1},
        {"session_timeout": MAX_SESSION},
        {"session_cookie_name": "My.App_Session-1"},
        {"scope": "openid"},
        {"scope": "profile openid email"},
        {"authentication_request_extra_params": {f"p{n}": "x y" for n in range(MAX_EXTRA_PARAMS)}},
        {"on_unauthenticated_request": "deny"},
        {"token_endpoint": "http://127.0.0.1:9000/token"},
    ],
)
def test_what_an_oidc_login_takes(load_project: LoadProject, changes: dict[str, object]) -> None:
    assert errors_of(load_project, asking(oidc(**changes), FIXED)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"session_timeout": 0}, "GL205"),
        ({"session_timeout": MAX_SESSION + 1}, "GL205"),
        ({"session_cookie_name": "a=b"}, "GL205"),
        ({"session_cookie_name": "a;b"}, "GL205"),
        ({"session_cookie_name": ""}, "GL205"),
        ({"scope": "profile"}, "GL205"),
        ({"scope": "openidx"}, "GL205"),
        ({"scope": "openid  email"}, "GL205"),
        ({"authentication_request_extra_params": {f"p{n}": "x" for n in range(11)}}, "GL205"),
        ({"authentication_request_extra_params": {"a b": "x"}}, "GL206"),
        ({"authentication_request_extra_params": {"a": "x\ny"}}, "GL205"),
        ({"authentication_request_extra_params": {"state": "mine"}}, "GL207"),
        ({"authentication_request_extra_params": {"redirect_uri": "https://evil.test"}}, "GL207"),
        ({"on_unauthenticated_request": "pass"}, "GL205"),
        ({"issuer": None}, "GL203"),
        ({"client_id": None}, "GL203"),
        ({"token_endpoint": "login.test/token"}, "GL205"),
        ({"client_secret": None}, "GL207"),
        ({"user_pool_arn": "x"}, "GL201"),
    ],
)
def test_what_an_oidc_login_does_not_take(
    load_project: LoadProject, changes: dict[str, object], code: str
) -> None:
    [error] = errors_of(load_project, asking(oidc(**changes), FIXED))
    assert error.startswith(f"{code} {AT}")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"user_pool_arn": "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/"}, "GL205"),
        ({"user_pool_domain": "https://members"}, "GL205"),
        ({"user_pool_domain": "a/b"}, "GL205"),
        ({"issuer": "https://login.test"}, "GL201"),
    ],
)
def test_what_a_cognito_login_does_not_take(
    load_project: LoadProject, changes: dict[str, object], code: str
) -> None:
    [error] = errors_of(load_project, asking(cognito(**changes), FIXED))
    assert error.startswith(f"{code} {AT}")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"additional_claims": claims(MAX_CLAIMS, MAX_CLAIM_VALUES)}, ""),
        ({"additional_claims": claims(MAX_CLAIMS + 1)}, "GL205"),
        ({"additional_claims": claims(1, MAX_CLAIM_VALUES + 1)}, "GL205"),
        ({"additional_claims": claims(1, 0)}, "GL203"),
        ({"additional_claims": [{"name": "a", "format": "list", "values": ["x"]}]}, "GL205"),
        ({"jwks_endpoint": "https://" + "a" * 248}, ""),
        ({"jwks_endpoint": "https://" + "a" * 249}, "GL205"),
        ({"issuer": "x" * 257}, "GL205"),
        ({"client_secret": "${LOGIN}"}, "GL201"),
    ],
)
def test_limits_of_a_jwt_validation(load_project: LoadProject, changes: dict[str, object], code: str) -> None:
    found = errors_of(load_project, asking(jwt(**changes), FIXED))
    assert [error[:5] for error in found] == ([code] if code else [])
