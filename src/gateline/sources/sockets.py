"""Sockets: nobody listens where somebody else does. The gateway, its admin address, balancers' listeners."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import ListenerProtocol, Scheme
from gateline.model.origin import Origin


class _Socket(NamedTuple):
    owner: str
    address: str
    port: int
    takes_datagrams: bool
    origin: Origin


def check_sockets(gateway: Gateway, complaints: Complaints) -> None:
    """One complaint for each socket that another one is in the way of."""
    by_port: defaultdict[int, list[_Socket]] = defaultdict(list)
    for socket in _sockets(gateway):
        rival = next((each for each in by_port[socket.port] if _meet(each, socket)), None)
        by_port[socket.port].append(socket)
        if rival is not None:
            complaints.add(
                codes.SOCKET_TAKEN,
                socket.origin,
                f"{socket.owner} would listen at port {socket.port} of {socket.address}, "
                f"where {rival.owner} listens",
                help="give one of them another port, or a bind: ADDRESS:PORT of its own",
            )


def _sockets(gateway: Gateway) -> Iterator[_Socket]:
    edge = gateway.edge
    if edge.port:  # 0: a free one is picked
        yield _Socket("the gateway", edge.address, edge.port, False, edge.origin)
    if edge.admin is not None:
        yield _Socket("gateway.admin", edge.admin.address, edge.admin.port, False, edge.admin.origin)
    if edge.links is not None:
        yield _Socket("gateway.links", edge.links.address, edge.links.port, False, edge.links.origin)
    for balancer in gateway.load_balancers:
        if balancer.scheme is Scheme.INTERNET_FACING:
            for listener in balancer.listeners:
                owner = f"port {listener.port} of the load balancer '{balancer.name}'"
                for each in listener.protocol.at_sockets:
                    datagrams = each is ListenerProtocol.UDP
                    yield _Socket(owner, listener.address, listener.bind_port, datagrams, listener.origin)


def _meet(one: _Socket, other: _Socket) -> bool:
    """Whether two cannot be listened at with one port: of equal addresses, or one that means all."""
    if one.takes_datagrams is not other.takes_datagrams:
        return False
    first, second = ipaddress.ip_address(one.address), ipaddress.ip_address(other.address)
    if first == second:
        return True
    return first.version == second.version and (first.is_unspecified or second.is_unspecified)
