"""The sockets that balancers of the internet open."""

from __future__ import annotations

from compile.balancers import balancer, listener, project
from compile.gateways import ORIGIN
from gateline.compile.binding import Binding, bindings
from gateline.model.load_balancer import ListenerProtocol, Scheme

HTTP = ListenerProtocol.HTTP


def test_each_listener_of_a_balancer_of_the_internet_opens_a_socket() -> None:
    public = balancer(listener(), listener(port=443, address="[::1]", bind_port=8443))
    local = balancer(listener(address="localhost", bind_port=81), name="local")
    assert bindings(project(public, local)) == (
        Binding("balancer/public:80", "127.0.0.1", 18_080, ORIGIN, HTTP),
        Binding("balancer/public:443", "::1", 8443, ORIGIN, HTTP),
        Binding("balancer/local:80", "127.0.0.1", 81, ORIGIN, HTTP),
    )


def test_an_internal_balancer_opens_none() -> None:
    assert bindings(project(balancer(listener(), scheme=Scheme.INTERNAL))) == ()


def test_tcp_udp_opens_two_at_one_port() -> None:
    both = balancer(listener(port=53, protocol=ListenerProtocol.TCP_UDP))
    assert bindings(project(both)) == (
        Binding("balancer/public:53", "127.0.0.1", 18_053, ORIGIN, ListenerProtocol.TCP),
        Binding("balancer/public:53 udp", "127.0.0.1", 18_053, ORIGIN, ListenerProtocol.UDP),
    )
