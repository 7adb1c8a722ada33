"""What is tried, from where, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What was found, from the best to the worst."""

    CLOSED = "closed"  # no connection came about
    REFUSED = "refused"  # connected, and sent away before the application was reached
    SERVES = "serves"  # a door of the gateway's own, or a health check: meant to be reached
    NOT_ISOLATED = "same user: not isolated"
    NOT_TRIED = "not tried"  # and why; what it would have shown is not known
    ABSENT = "absent"  # not tried, since nobody is there now to whom it could be done
    OPEN = "open"


WORST_FIRST = tuple(reversed(Verdict))


class Kind(StrEnum):
    """By which rules an answer is judged."""

    SERVICE = "service"  # an application that must answer nobody but the gateway
    VERB = "verb"  # the same, asked with a verb that it may not know
    UNKNOWN = "unknown"  # who listens where nobody said: it may speak what we do not
    RAW = "raw"  # one that does not speak HTTP: who is connected is in
    HEALTH = "health"  # the path that health checks ask without a proof
    GUARDED = "guarded"  # a method of the gateway's that asks who calls
    DOOR = "door"  # the gateway itself
    SOCKET = "socket"  # a Unix socket that is the gateway's user's alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A vantage point: who tries, and at which addresses of this machine that one can aim.

    `namespace`: the path of a network namespace, "-" for ours. `uid`: the user to be, -1 for ours. `addresses`: IP
    addresses, IPv6 ones with their scope behind a %. `why_not`: why it cannot be taken, or "".
    """

    name: str
    addresses: tuple[str, ...] = ()
    namespace: str = "-"
    uid: int = -1
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try. `wire` is what the prober is told, and nobody else: it may hold a certificate's key.

    `group`: what the subject is a part of, as a table for people tells it.
    """

    group: str
    subject: str
    place: str
    means: str
    kind: Kind
    wire: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of a try, or of a look at a file."""

    group: str
    subject: str
    place: str
    point: str
    means: str
    verdict: Verdict
    detail: str = ""
