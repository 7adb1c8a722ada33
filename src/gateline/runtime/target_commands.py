"""What is asked about targets: which there are, and how they are, in Amazon's words (load-balancers.md section 8.2).

    {"do": "targets", "action": "list"}  -> {"ok": true, "targets": [{"group": ..., "target": ..., "state": ...}, ...]}

Envoy is asked when a command asks: it is the one who knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateline.compile import names
from gateline.errors import GatelineError
from gateline.model.gateway import Gateway
from gateline.model.target_group import TargetGroup, TargetType
from gateline.runtime.candidate import Serves
from gateline.runtime.target_health import CLUSTERS, HasClusters, requests_at

State = tuple[str, str, str]
"""A state, its reason code and the description of that."""

HEALTHY: Final[State] = ("healthy", "", "")
REGISTERING: Final[State] = ("initial", "Elb.RegistrationInProgress", "The host has no address yet")
ANOMALOUS: Final[State] = ("healthy", "", "It failed many requests, and gets none for a while")
CHECKING: Final[State] = ("initial", "Elb.InitialHealthChecking", "Its first health check has no answer yet")
UNAVAILABLE: Final[State] = ("unavailable", "Target.HealthCheckDisabled", "It is not checked")
UNUSED: Final[State] = ("unused", "Target.NotInUse", "No listener or integration leads to its group")
TIMED_OUT: Final[State] = ("unhealthy", "Target.Timeout", "Request timed out")
FAILED: Final[State] = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
DRAINING: Final[State] = ("draining", "Target.DeregistrationInProgress", "It finishes what it has begun")

_WORST_FIRST: Final = (DRAINING, FAILED, TIMED_OUT, CHECKING, UNAVAILABLE, ANOMALOUS, HEALTHY)


class TargetCommands:
    """Answers commands about targets.

    Args:
        serving: knows what serves.
        admin: Envoy's.

    """

    def __init__(self, serving: Serves, admin: HasClusters) -> None:
        self._serving = serving
        self._admin = admin

    async def __call__(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Every target of every group.

        Raises:
            GatelineError: nothing is served yet, Envoy does not answer, or something else was asked.

        """
        candidate = self._serving.served
        if asked != {"do": "targets", "action": "list"}:
            raise GatelineError("no such request")
        if candidate is None or candidate.gateway is None:
            raise GatelineError("nothing is served yet")
        try:
            told = json.loads(await self._admin.clusters(CLUSTERS))
        except (OSError, ValueError) as error:
            raise GatelineError("Envoy does not say how its targets are") from error
        return {"targets": list(targets(candidate.gateway, told))}


def targets(gateway: Gateway, told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of the listing; `told` is what Envoy says of the clusters of target groups."""
    for group in gateway.target_groups:
        plain = names.target_group(group.name)
        clusters = [
            each
            for each in told.get("cluster_statuses", ())
            if each["name"] == plain or each["name"].startswith(f"{plain} ")
        ]
        yield from _of_group(group, clusters)


def _of_group(group: TargetGroup, clusters: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    if group.target_type is TargetType.LAMBDA:
        yield _row(group, group.function, UNAVAILABLE if clusters else UNUSED)
        return
    found: dict[str, list[Mapping[str, Any]]] = {}
    for cluster in clusters:
        for host in cluster.get("host_statuses", ()):
            found.setdefault(_place(host["address"]), []).append(host)
    for place, hosts in found.items():
        # In each of a group's clusters a target is checked apart, as by several load balancers.
        state = min((_state(host) for host in hosts), key=_WORST_FIRST.index)
        yield _row(group, place, state, requests=sum(requests_at(host) for host in hosts))
    if not found:
        for target in group.targets:
            yield _row(group, f"{target.host}:{target.port}", REGISTERING if clusters else UNUSED)


def _row(group: TargetGroup, target: str, state: State, *, requests: int = 0) -> dict[str, Any]:
    name, reason, description = state
    return {
        "group": group.name,
        "target": target,
        "state": name,
        "reason": reason,
        "description": description,
        "requests": requests,
    }


def _state(host: Mapping[str, Any]) -> State:
    health = host.get("health_status", {})
    if health.get("eds_health_status") == "DRAINING":
        return DRAINING
    if "envoy_internal_address" in host["address"]:
        return UNAVAILABLE  # an export of a tunnel: Envoy cannot ask there
    if health.get("pending_active_hc"):
        return CHECKING
    if health.get("failed_active_health_check"):
        return TIMED_OUT if health.get("active_hc_timeout") else FAILED
    return ANOMALOUS if health.get("failed_outlier_check") else HEALTHY


def _place(address: Mapping[str, Any]) -> str:
    if "pipe" in address:
        return str(address["pipe"]["path"])
    if "envoy_internal_address" in address:
        inner = address["envoy_internal_address"]
        return f"{inner.get('server_listener_name', '')}/{inner.get('endpoint_id', '')}"
    where = address["socket_address"]
    host = f"[{where['address']}]" if ":" in where["address"] else where["address"]
    return f"{host}:{where['port_value']}"
