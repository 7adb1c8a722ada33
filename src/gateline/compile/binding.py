"""Bindings: the sockets that balancers of the internet listen at, so that the runtime can reserve them."""

from __future__ import annotations

from dataclasses import dataclass

from gateline.compile import names
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import Listener, ListenerProtocol, LoadBalancer, Scheme
from gateline.model.origin import Origin


@dataclass(frozen=True, slots=True)
class Binding:
    """A socket that a listener opens.

    `name` is the listener's (`names.balancer_listener`, `names.datagram_listener`); `protocol` is what is spoken
    at the socket, never TCP_UDP.
    """

    name: str
    address: str
    port: int
    origin: Origin
    protocol: ListenerProtocol = ListenerProtocol.TCP


def bindings(gateway: Gateway) -> tuple[Binding, ...]:
    """The sockets of all balancers of the internet; internal ones have none (DESIGN D6)."""
    return tuple(
        Binding(
            listener_name(balancer, listener, protocol),
            bindable(listener.address),
            listener.bind_port,
            listener.origin,
            protocol,
        )
        for balancer in gateway.load_balancers
        if balancer.scheme is Scheme.INTERNET_FACING
        for listener in balancer.listeners
        for protocol in listener.protocol.at_sockets
    )


def listener_name(balancer: LoadBalancer, listener: Listener, protocol: ListenerProtocol) -> str:
    """The name of Envoy's listener for one of the protocols of a listener."""
    if protocol is ListenerProtocol.UDP:
        return names.datagram_listener(balancer.name, listener.port)
    return names.balancer_listener(balancer.name, listener.port)


def link_bindings(gateway: Gateway) -> tuple[Binding, ...]:
    """The socket that nodes of tunnels dial, if there are tunnels."""
    links = gateway.edge.links
    if links is None or not gateway.tunnels:
        return ()
    return (Binding(names.LINKS, bindable(links.address), links.port, links.origin),)


def bindable(address: str) -> str:
    """An address of the project file as a socket takes it."""
    return "127.0.0.1" if address == "localhost" else address.strip("[]")
