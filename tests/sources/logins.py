"""Projects with logins, made for one test."""

from __future__ import annotations

import json
from typing import Any

from .balancers import FIXED, Json

OIDC: Json = {
    "issuer": "https://login.test",
    "authorization_endpoint": "https://login.test/auth",
    "token_endpoint": "https://login.test/token",
    "user_info_endpoint": "https://login.test/me",
    "client_id": "members",
    "client_secret": "${LOGIN}",
}
COGNITO: Json = {
    "user_pool_arn": "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abc",
    "user_pool_client_id": "members",
    "user_pool_domain": "members",
}
JWT: Json = {"jwks_endpoint": "https://login.test/jwks", "issuer": "https://login.test"}


def oidc(**changes: object) -> Json:
    """An authenticate-oidc; None takes a key away."""
    return _action("authenticate-oidc", OIDC, changes)


def cognito(**changes: object) -> Json:
    """An authenticate-cognito."""
    return _action("authenticate-cognito", COGNITO, changes)


def jwt(**changes: object) -> Json:
    """A jwt-validation."""
    return _action("jwt-validation", JWT, changes)


def _action(kind: str, settings: Json, changes: Json) -> Json:
    return {"type": kind, kind.replace("-", "_") + "_config": {**settings, **changes}}


def asking(*actions: Json, rules: list[Json] | None = None, **balancer: Any) -> str:
    """A project without APIs whose balancer `b` has an HTTPS listener with these default actions."""
    listener = {
        "protocol": "HTTPS",
        "port": 443,
        "certificates": [{"self_signed": True}],
        "default_actions": list(actions) or [FIXED],
        "rules": rules or [],
        **balancer.pop("listener", {}),
    }
    return json.dumps(
        {
            "load_balancers": {"b": {"scheme": "internet-facing", "listeners": [listener], **balancer}},
            "secrets": {"LOGIN": {"env": "A"}},
            "target_groups": {"orders": {"targets": ["10.0.3.7:9000"]}},
        }
    )
