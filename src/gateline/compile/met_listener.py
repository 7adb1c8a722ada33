"""Which listener an integration's requests meet: the one that its uri means, or one of a balancer behind that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateline.compile.balancer_target import TargetsMixed, met_behind
from gateline.compile.upstream import NoEndpoint, Upstream
from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.integration import Integration
from gateline.model.load_balancer import Listener, ListenerProtocol, LoadBalancer
from gateline.model.target_group import TargetGroup

_NOT_BEHIND: Final = frozenset({ListenerProtocol.TLS, ListenerProtocol.UDP})
"""Integrations lead through TCP: who would end TLS there is the gateway itself."""

SCHEMES: Final = {ListenerProtocol.HTTP: "http", ListenerProtocol.HTTPS: "https"}


class Complained(NoEndpoint):
    """There is no endpoint, and that was complained about."""


def listener_of(
    balancer: LoadBalancer, upstream: Upstream, integration: Integration, complaints: Complaints
) -> Listener:
    """The listener that a uri means: by its port, and for an application balancer by its scheme too.

    Raises:
        Complained: there is none.

    """
    for listener in balancer.listeners:
        if listener.protocol in _NOT_BEHIND:
            continue
        speaks = SCHEMES.get(listener.protocol, upstream.scheme)  # TCP: whatever is spoken
        if listener.port == upstream.port and speaks == upstream.scheme:
            return listener
    there = ", ".join(f"{each.protocol}:{each.port}" for each in balancer.listeners) or "none"
    complaints.add(
        codes.BALANCER_WITHOUT_LISTENER,
        integration.origin.child("uri"),
        f"the load balancer {balancer.name} has no listener for {upstream.scheme} at port {upstream.port}; "
        f"there are: {there}",
        help="The uri's scheme and port choose the listener; without a port 80 for http, 443 for https.",
    )
    raise Complained(f"{balancer.name}:{upstream.port}")


def met(
    balancer: LoadBalancer,
    listener: Listener,
    upstream: Upstream,
    integration: Integration,
    groups: Mapping[str, TargetGroup],
    balancers: Mapping[str, LoadBalancer],
    complaints: Complaints,
) -> tuple[LoadBalancer, Listener]:
    """Whose rules the request meets there: an application balancer's, if a network balancer leads to one.

    No connection is made for it: the rules are folded into the routes of the stage, as for any other.

    Raises:
        Complained: it cannot be said, or another scheme is spoken there.

    """
    try:
        found, behind = met_behind(balancer, listener, groups, balancers)
    except TargetsMixed:
        why = "leads to an application balancer and to other targets"
    else:
        if found is balancer or SCHEMES[behind.protocol] == upstream.scheme:
            return found, behind
        why = f"leads to {found.name}:{behind.port}, which speaks {behind.protocol}"
    complaints.add(
        codes.TARGET_BALANCER_INVALID,
        integration.origin.child("uri"),
        f"the integration cannot go through {balancer.name}: its listener at port {listener.port} {why}",
        help="Let the listener lead to one application balancer, with the scheme of the uri.",
    )
    raise Complained(f"{balancer.name}:{listener.port}")
