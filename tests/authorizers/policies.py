"""Policies as authorizers write them, for tests."""

from __future__ import annotations

from typing import Any, Final

from gateline.authorizers.facts import Facts
from gateline.authorizers.policy import Policy, read_policy

API: Final = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5"
FACTS: Final = Facts(
    source_ip="203.0.113.9",
    now_ms=1_750_000_000_500,  # 2025-06-15T15:06:40.500Z
    secure_transport=True,
    user_agent="Agent/1.0",
)


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """A statement about execute-api:Invoke on everything, with these elements on top; None takes one away."""
    whole = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"} | elements
    return {name: value for name, value in whole.items() if value is not None}


def allow(*resources: str, **elements: Any) -> dict[str, Any]:
    """A statement that allows these resources."""
    return statement("Allow", Resource=list(resources), **elements)


def deny(*resources: str, **elements: Any) -> dict[str, Any]:
    """A statement that denies these resources."""
    return statement("Deny", Resource=list(resources), **elements)


def document(*statements: Any, version: str = "2012-10-17") -> dict[str, Any]:
    """A policy document."""
    return {"Version": version, "Statement": list(statements)}


def policy(*statements: Any, version: str = "2012-10-17") -> Policy:
    """A policy that was read."""
    return read_policy(document(*statements, version=version))
