"""Assertions: signed tokens by which services know that a request came through the gateway, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateline.model.origin import Origin
from gateline.model.secret import Secret

ASSERTION_HEADER: Final = "x-gateline-assertion"


class Binding(StrEnum):
    """What an assertion is bound to."""

    CALLER = "caller"  # the stage, the principal and the authorizer's context: made once a decision, not once a request
    REQUEST = "request"  # also verb, path, body and request id: the host is asked for each request


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """The assertions of a stage."""

    audience: str
    header: str = ASSERTION_HEADER  # lower case
    binding: Binding = Binding.CALLER
    everywhere: bool = False  # also to integrations that lead neither to a balancer nor through a VPC link
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionKey:
    """The RSA key that signs assertions now."""

    kid: str
    private_key: Secret  # PEM


def issuer_of(project: str) -> str:
    """The `iss` of a project's assertions: `gateline:storefront`."""
    return f"gateline:{project}"
