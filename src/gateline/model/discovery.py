"""Discovery: whom a target group asks for its targets, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateline.model.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredTarget:
    """A target as a source names it.

    Attributes:
        host: an IP address, or a name that is resolved again and again.
        port: where it listens.
        weight: its share of requests beside those of the same priority.
        priority: those of the lowest number get requests while one of them is healthy.

    """

    host: str
    port: int
    weight: int = 1
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFile:
    """A file that somebody else writes. `name` is how messages call it."""

    path: str
    name: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsHost:
    """A name whose addresses are the targets, all at one port."""

    name: str
    port: int
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsService:
    """A name whose SRV records are the targets."""

    name: str
    origin: Origin = field(compare=False, repr=False)


Source = TargetFile | DnsHost | DnsService
"""Whom to ask."""
