"""Listeners that take datagrams. What those meet there: tests/end_to_end/l4/test_datagrams.py."""

from __future__ import annotations

from typing import Any

from compile.gateways import ORIGIN
from gateline.compile import names
from gateline.compile.binding import Binding
from gateline.compile.udp_listener import udp_listener
from gateline.compile.wire import to_dict
from gateline.model.load_balancer import Forward, Listener, ListenerProtocol, Rule, WeightedTargetGroup

BINDING = Binding("balancer/x:7 udp", "::1", 7, ORIGIN, ListenerProtocol.UDP)


def made(weight: int = 1) -> Any:
    """Envoy's listener for one that forwards with that weight."""
    forward = Forward((WeightedTargetGroup("dns", weight),))
    rules = (Rule(priority=None, action=forward, origin=ORIGIN),)
    listener = Listener(protocol=ListenerProtocol.UDP, port=7, rules=rules, origin=ORIGIN)
    return to_dict(udp_listener(BINDING, listener, names.target_group))


def test_it_takes_datagrams_at_its_socket_as_large_as_they_come() -> None:
    shown = made()
    assert shown["address"]["socket_address"] == {"protocol": "UDP", "address": "::1", "port_value": 7}
    [proxy] = shown["listener_filters"]
    largest = {"max_rx_datagram_size": "65535"}
    assert shown["udp_listener_config"]["downstream_socket_config"] == largest
    assert proxy["typed_config"]["upstream_socket_config"] == largest
    assert proxy["typed_config"]["idle_timeout"] == "120s"


def test_it_leads_to_its_group_and_without_weight_nowhere() -> None:
    def leads(weight: int) -> Any:
        return made(weight)["listener_filters"][0]["typed_config"]["matcher"]

    assert leads(1)["on_no_match"]["action"]["typed_config"]["cluster"] == "targets/dns"
    assert leads(0) == {}
