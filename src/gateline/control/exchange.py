"""Exchange: what passes between an Envoy, its `Node` and the shell around it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateline.control.outcome import NodeOutcome, Refusal
from gateline.control.snapshot import Versioned


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A DeltaDiscoveryRequest: what the Envoy asks for, and its answer; `refusal` makes it a NACK."""

    type_url: str
    subscribe: frozenset[str] = frozenset()
    unsubscribe: frozenset[str] = frozenset()
    known: Mapping[str, str] = field(default_factory=dict)
    nonce: str = ""
    refusal: str | None = None


# Actions of a node: what the shell does.


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """Send a DeltaDiscoveryResponse."""

    type_url: str
    nonce: str
    resources: tuple[Versioned, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """Tell who waits what became of a snapshot here."""

    outcome: NodeOutcome


@dataclass(frozen=True, slots=True)
class Watch:
    """A run began: call `Node.overdue(run)` when the time for it is over.

    Attributes:
        run: which one.
        checking: how many seconds longer it may take, because clusters warm until each of their targets has
            answered a health check or has not answered in time.

    """

    run: int
    checking: float = 0.0


@dataclass(frozen=True, slots=True)
class Linger:
    """Call `Node.retire(clusters)` in a while."""

    clusters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Complain:
    """The Envoy refused something outside a run: there is nothing to take back, but somebody should know."""

    refusal: Refusal


Action = Respond | Finished | Watch | Linger | Complain
