"""What a guard concludes about a request: a proof, or a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Proof:
    """Who the gateway says is calling. It holds no secret and no token: it may be logged.

    What only an assertion can say is empty when the secret header alone was the proof.
    """

    by: str
    """What proved it: "secret", "assertion" or "both"."""
    issuer: str = ""
    audience: str = ""
    principal: str = ""
    """The authorizer's principalId; empty without an authorizer."""
    scope: str = ""
    """The API and stage the request came through, as "API/STAGE"."""
    context: Mapping[str, str] = field(default_factory=dict)
    """The authorizer's context."""
    issued_at: int = 0
    """Seconds since 1970."""
    expires_at: int = 0
    """Seconds since 1970."""
    request_id: str = ""
    """The gateway's id of the request; only of an assertion bound to a request."""


class Refused(Exception):
    """A request that does not reach the application."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        """The status to answer with."""
        self.reason = reason
        """Why, for the service's own log: never a value the caller sent, and never sent to the caller."""
