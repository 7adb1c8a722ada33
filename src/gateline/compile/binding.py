"""Bindings: the sockets that balancers of the internet listen at, so that the runtime can reserve them."""

from __future__ import annotations

from dataclasses import dataclass

from gateline.compile import names
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import Scheme
from gateline.model.origin import Origin


@dataclass(frozen=True, slots=True)
class Binding:
    """A socket that a listener opens. `name` is the listener's (`names.balancer_listener`)."""

    name: str
    address: str
    port: int
    origin: Origin


def bindings(gateway: Gateway) -> tuple[Binding, ...]:
    """The sockets of all balancers of the internet; internal ones have none (DESIGN D6)."""
    return tuple(
        Binding(
            names.balancer_listener(balancer.name, listener.port),
            bindable(listener.address),
            listener.bind_port,
            listener.origin,
        )
        for balancer in gateway.load_balancers
        if balancer.scheme is Scheme.INTERNET_FACING
        for listener in balancer.listeners
    )


def link_bindings(gateway: Gateway) -> tuple[Binding, ...]:
    """The socket that nodes of tunnels dial, if there are tunnels."""
    links = gateway.edge.links
    if links is None or not gateway.tunnels:
        return ()
    return (Binding(names.LINKS, bindable(links.address), links.port, links.origin),)


def bindable(address: str) -> str:
    """An address of the project file as a socket takes it."""
    return "127.0.0.1" if address == "localhost" else address.strip("[]")
