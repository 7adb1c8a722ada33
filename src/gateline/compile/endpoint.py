"""Endpoints: the answers of the name service as ClusterLoadAssignments."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from google.protobuf.message import Message

from gateline.compile.resources import HostLookup
from gateline.compile.wire import new


def assignments(answers: Mapping[HostLookup, Sequence[str]]) -> dict[str, Message]:
    """A ClusterLoadAssignment for every cluster among the lookups, by cluster name.

    A host that has only loopback addresses (`localhost`) becomes one endpoint with the others as additional
    addresses: Envoy tries the next when a server listens on one family only. A host without an answer adds
    nothing; a cluster without endpoints answers as an unreachable integration.
    """
    endpoints: dict[str, list[dict[str, object]]] = {}
    for lookup, addresses in answers.items():
        listed = endpoints.setdefault(lookup.cluster, [])
        places = [
            {"socket_address": {"address": address, "port_value": lookup.port}} for address in addresses
        ]
        if len(places) > 1 and all(ipaddress.ip_address(a).is_loopback for a in addresses):
            first, *others = places
            listed.append({"address": first, "additional_addresses": [{"address": o} for o in others]})
        else:
            listed.extend({"address": place} for place in places)
    return {
        name: new(
            "envoy.config.endpoint.v3.ClusterLoadAssignment",
            cluster_name=name,
            endpoints=[{"lb_endpoints": [{"endpoint": endpoint} for endpoint in listed]}] if listed else [],
        )
        for name, listed in endpoints.items()
    }
