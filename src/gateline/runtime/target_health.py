"""Target health: how Envoy sees the targets of target groups, read from its admin interface.

A group may be several clusters (`compile/names.py`), each with health checks of its own. A target is well when it is
well in all of them, and is drained when none of them has a request there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from gateline.compile import names
from gateline.model.target_group import Registration

CLUSTERS: Final = f"^{names.target_group('')}"
"""Matches the names of all clusters of target groups."""

_IN_FLIGHT: Final = frozenset({"rq_active", "rq_pending_active"})
_FAILED: Final = ("failed_active_health_check", "pending_active_hc", "pending_dynamic_removal")

Place = tuple[str, int]
"""An address and port, or a socket's path and 0."""


class HasClusters(Protocol):
    """Tells of clusters: `gateline.runtime.admin.Admin` does."""

    async def clusters(self, names: str) -> bytes:
        """JSON about the clusters with such names."""


@dataclass(frozen=True, slots=True)
class Host:
    """A target in one cluster."""

    healthy: bool
    in_flight: int


@dataclass(frozen=True, slots=True)
class View:
    """What one Envoy saw at one moment: the targets of each cluster."""

    clusters: Mapping[str, Mapping[Place, Host]] = field(default_factory=dict)

    def healthy(self, registration: Registration) -> bool | None:
        """Whether a target is well in every cluster of its group; None: one of them does not know it, or none is."""
        found = [hosts.get(_place(registration)) for hosts in self._of(registration.target_group)]
        if not found or None in found:
            return None
        return all(host.healthy for host in found if host)

    def in_flight(self, registration: Registration) -> int:
        """The requests that a target has not answered yet, and those that wait for a connection to it."""
        place = _place(registration)
        return sum(hosts[place].in_flight for hosts in self._of(registration.target_group) if place in hosts)

    def _of(self, group: str) -> Iterator[Mapping[Place, Host]]:
        plain = names.target_group(group)
        for cluster, hosts in self.clusters.items():
            if cluster == plain or cluster.startswith(f"{plain} "):  # no group has a blank in its name
                yield hosts


def read_view(body: bytes) -> View:
    """What the admin interface's `/clusters?format=json` says.

    Raises:
        ValueError: it is no such thing.

    """
    told = json.loads(body)
    try:
        return View(
            {
                status["name"]: {
                    _address(host["address"]): _host(host) for host in status.get("host_statuses", ())
                }
                for status in told.get("cluster_statuses", ())
            }
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"Envoy tells of clusters in another form: {error!r}") from error


def _place(registration: Registration) -> Place:
    return (registration.socket, 0) if registration.socket else (registration.address, registration.port)


def _address(told: Mapping[str, Any]) -> Place:
    if "pipe" in told:
        return told["pipe"]["path"], 0
    if "socket_address" not in told:  # an export of a tunnel, which no service registers
        return json.dumps(told, sort_keys=True), 0
    return told["socket_address"]["address"], told["socket_address"]["port_value"]


def _host(told: Mapping[str, Any]) -> Host:
    health = told.get("health_status", {})
    return Host(
        healthy=not any(health.get(flag) for flag in _FAILED),
        in_flight=requests_at(told),
    )


def requests_at(host: Mapping[str, Any]) -> int:
    """The requests at a host of `host_statuses` that have no answer yet."""
    # protobuf's JSON writes 64 bit numbers as text, and leaves zeros out
    return sum(int(stat.get("value", 0)) for stat in host.get("stats", ()) if stat["name"] in _IN_FLIGHT)
