"""What the outcome of an attempt means (DESIGN section 4): closed, refused or open. Unknown is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateline.prove.attempt import Attempt, Finding, Kind, Verdict

_CLOSED: Final = {
    "no answer to the connection",
    "connection refused",
    "unreachable",
    "missing",
    "permission denied",
}
_VERB_UNKNOWN: Final = frozenset({405, 501})
_REFUSALS: Final = frozenset({401, 403, 407})


def finding(attempt: Attempt, point: str, seen: Mapping[str, Any]) -> Finding:
    """What an attempt from a vantage point has shown. `seen`: what the prober told of it."""
    verdict, detail = judged(attempt.kind, seen)
    if attempt.kind is Kind.DOOR and verdict is Verdict.SERVES:
        detail = f"at {attempt.place}"
    return Finding(
        group=attempt.group,
        subject=attempt.subject,
        place=attempt.place,
        point=point,
        means=attempt.means,
        verdict=verdict,
        detail=detail,
    )


def judged(kind: Kind, seen: Mapping[str, Any]) -> tuple[Verdict, str]:
    """The verdict on one outcome, and it in words."""
    outcome = str(seen.get("outcome", ""))
    detail = str(seen.get("detail", ""))
    match outcome:
        case "fault":
            return Verdict.NOT_TRIED, detail
        case _ if outcome in _CLOSED:
            return Verdict.CLOSED, outcome
        case "TLS refused":
            return Verdict.REFUSED, f"TLS refused: {detail}"
        case "answered":
            return _answered(kind, seen)
        case _:
            return _unanswered(kind, outcome)


def _unanswered(kind: Kind, outcome: str) -> tuple[Verdict, str]:
    """Connected, and no answer came: hung up, silent, or nothing was asked."""
    if kind is Kind.DOOR:
        return Verdict.SERVES, "takes connections"
    if kind is Kind.SOCKET:
        return Verdict.OPEN, "takes connections"
    if outcome == "hung up" and kind is Kind.UNKNOWN:
        return Verdict.OPEN, "takes the connection, and does not speak HTTP"
    if outcome == "hung up":
        return Verdict.REFUSED, outcome
    return Verdict.OPEN, "takes the connection" if kind is Kind.RAW else "took the request, no answer came"


def _answered(kind: Kind, seen: Mapping[str, Any]) -> tuple[Verdict, str]:
    status = int(seen.get("status", 0))
    detail = str(status) if status else "answered, not in HTTP"
    if kind is Kind.DOOR:
        return Verdict.SERVES, detail
    if kind is Kind.GUARDED:
        refused = bool(seen.get("by_gateway")) and status >= 400
    else:
        refused = kind is not Kind.SOCKET and (status in _REFUSALS or bool(seen.get("no_certificate")))
    if kind is Kind.VERB and status in _VERB_UNKNOWN:
        return Verdict.REFUSED, f"{detail}, the verb is not known"
    if kind is Kind.HEALTH and not refused:
        return Verdict.SERVES, f"{detail}, as a health check"
    return (Verdict.REFUSED if refused else Verdict.OPEN), detail
