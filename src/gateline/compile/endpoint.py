"""Endpoints: the answers of the name service, and the tasks of services, as ClusterLoadAssignments."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from google.protobuf.message import Message

from gateline.compile.resources import HostLookup
from gateline.compile.tunnel import export_endpoint
from gateline.compile.wire import new, struct
from gateline.model.target_group import MinimumHealthy, Registration, TargetGroup

ONE_IS_ENOUGH: Final = 100_000_000
"""Percent, Envoy's overprovisioning factor: a single healthy target of a million counts as full availability, so
that Envoy's panic, which sends requests to everybody, begins when none is healthy and not a target sooner."""

REGISTERED: Final = {"target": "registered"}
"""Metadata of the endpoints that may get new requests: all of a target group but those that drain."""

_Endpoint = dict[str, object]


def minimums(groups: Iterable[TargetGroup]) -> dict[str, MinimumHealthy]:
    """By name, the minimums that differ from the usual one."""
    usual = MinimumHealthy()
    return {group.name: group.minimum_healthy for group in groups if group.minimum_healthy != usual}


def enough(minimum: MinimumHealthy, registered: int) -> int:
    """Envoy's overprovisioning factor, with which as many healthy targets count as full availability.

    Envoy multiplies the healthy share with it and drops what is no whole percent: so it is the inverse of the share
    that is wanted, exact for groups of a hundred and to one in a hundred beyond. Of a count and a percentage the one
    that wants more counts.
    """
    if minimum == MinimumHealthy() or not registered:
        return ONE_IS_ENOUGH
    wanted = max(minimum.count, -(-minimum.percentage * registered // 100))
    return max(1, -(-100 * registered // wanted))


def assignments(
    answers: Mapping[HostLookup, Sequence[str]],
    groups: Mapping[str, str] = MappingProxyType({}),
    registrations: Sequence[Registration] = (),
    minimum_of: Mapping[str, MinimumHealthy] = MappingProxyType({}),
) -> dict[str, Message]:
    """A ClusterLoadAssignment for every cluster among the lookups and the groups, by cluster name.

    A host that is loopback in both families (`localhost`) becomes one endpoint with the other as an additional
    address: Envoy tries it when a server listens on one family only. A host without an answer adds
    nothing; a cluster without endpoints answers as an unreachable integration.

    Args:
        answers: the addresses of hosts.
        groups: clusters of target groups, and the target group of each.
        registrations: the tasks that services have registered with target groups.
        minimum_of: how many targets must be healthy, in target groups where it is not one.

    """
    endpoints: dict[str, list[_Endpoint]] = {cluster: [] for cluster in groups}
    for lookup, addresses in answers.items():
        listed = endpoints.setdefault(lookup.cluster, [])
        checked = lookup.cluster in groups
        if lookup.tunnel:
            listed.append(_exported(lookup, checked=checked))
            continue
        made = _static(lookup, addresses, checked=checked)
        listed.extend({"endpoint": each} | (_registered() if checked else {}) for each in made)
    placed = {name: [(0, each) for each in listed] for name, listed in endpoints.items()}
    for cluster, group in groups.items():
        # Who is served at a place does not drain there.
        of_group = sorted(
            (each for each in registrations if each.target_group == group), key=lambda each: each.draining
        )
        taken = {_place(each) for _, each in placed[cluster]}
        for registration in of_group:
            task = _task(registration)
            if _place(task) not in taken:
                taken.add(_place(task))
                placed[cluster].append((registration.priority, task))
    return {
        name: new(
            "envoy.config.endpoint.v3.ClusterLoadAssignment",
            cluster_name=name,
            endpoints=_by_priority(listed),
            policy=_policy(minimum_of.get(groups[name], MinimumHealthy()), listed)
            if name in groups
            else None,
        )
        for name, listed in placed.items()
    }


def _policy(minimum: MinimumHealthy, listed: Sequence[tuple[int, _Endpoint]]) -> dict[str, object]:
    registered = sum("metadata" in endpoint for _, endpoint in listed)  # all but those that drain
    return {"overprovisioning_factor": {"value": enough(minimum, registered)}}


def _place(endpoint: _Endpoint) -> str:
    """Where an endpoint listens; Envoy takes each place once."""
    where = endpoint["endpoint"]
    return str(where["address"]) if isinstance(where, dict) else ""


def _by_priority(listed: Sequence[tuple[int, _Endpoint]]) -> list[dict[str, object]]:
    """Endpoints by their priorities, which Envoy wants to be 0, 1, 2 without a gap."""
    ranks = sorted({priority for priority, _ in listed})
    return [
        {"lb_endpoints": [each for of, each in listed if of == priority], "priority": rank}
        for rank, priority in enumerate(ranks)
    ]


def are_one_host(addresses: Sequence[str]) -> bool:
    """Whether they are loopback in both families: one endpoint, at the first of them."""
    known = [ipaddress.ip_address(address) for address in addresses]
    return len({each.version for each in known}) == len(known) > 1 and all(each.is_loopback for each in known)


def _static(lookup: HostLookup, addresses: Sequence[str], *, checked: bool) -> list[_Endpoint]:
    places = [{"socket_address": {"address": address, "port_value": lookup.port}} for address in addresses]
    made: list[_Endpoint]
    if are_one_host(addresses):
        first, *others = places
        made = [{"address": first, "additional_addresses": [{"address": other} for other in others]}]
    else:
        made = [{"address": place} for place in places]
    if checked:
        for endpoint, address in zip(made, addresses, strict=False):
            endpoint["health_check_config"] = _health_check(address, lookup.port, lookup.health_port)
    return made


def _exported(lookup: HostLookup, *, checked: bool) -> _Endpoint:
    export = f"[{lookup.host}]:{lookup.port}" if ":" in lookup.host else f"{lookup.host}:{lookup.port}"
    return export_endpoint(lookup.tunnel, export, metadata=_registered_as() if checked else {})


def _task(registration: Registration) -> _Endpoint:
    if registration.socket:
        endpoint: _Endpoint = {
            "address": {"pipe": {"path": registration.socket}},
            "health_check_config": {"hostname": "localhost"},
        }
    else:
        place = {"address": registration.address, "port_value": registration.port}
        endpoint = {
            "address": {"socket_address": place},
            "health_check_config": _health_check(
                registration.address, registration.port, registration.health_port
            ),
        }
    state = {"health_status": "DRAINING"} if registration.draining else _registered()
    made: _Endpoint = {"endpoint": endpoint, **state}
    if registration.weight > 1:
        made["load_balancing_weight"] = {"value": registration.weight}
    return made


def _registered() -> dict[str, object]:
    return {"metadata": {"filter_metadata": _registered_as()}}


def _registered_as() -> dict[str, Message]:
    return {"envoy.lb": struct(REGISTERED)}


def _health_check(address: str, port: int, health_port: int = 0) -> dict[str, object]:
    """Where health checks go, and with which Host: Amazon's is the place that is asked."""
    host = f"[{address}]" if ":" in address else address
    return {"hostname": f"{host}:{health_port or port}", "port_value": health_port}
