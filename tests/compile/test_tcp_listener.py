"""Listeners of network balancers. What connections meet there: tests/end_to_end/balancers/test_network_balancer.py."""

from __future__ import annotations

from typing import Any

from compile.gateways import ORIGIN
from gateline.compile import names
from gateline.compile.binding import Binding
from gateline.compile.tcp_listener import tcp_listener
from gateline.compile.wire import to_dict
from gateline.model.load_balancer import Forward, Listener, ListenerProtocol, Rule, WeightedTargetGroup

BINDING = Binding("balancer/x:7", "127.0.0.1", 7, ORIGIN)
ORDERS = Forward((WeightedTargetGroup("orders"),))


def network_listener(forward: Forward | None, **fields: Any) -> Listener:
    """A listener of a network balancer; None: it only passes connections through."""
    rules = (Rule(priority=None, action=forward, origin=ORIGIN),) if forward else ()
    values: dict[str, Any] = {"protocol": ListenerProtocol.TCP, "port": 7, "rules": rules, **fields}
    return Listener(**values, origin=ORIGIN)


def filter_of(**weights: int) -> Any:
    """The network filter of a listener that forwards with these weights."""
    forward = Forward(tuple(WeightedTargetGroup(name, weight) for name, weight in weights.items()))
    made: Any = to_dict(tcp_listener(BINDING, network_listener(forward), names.target_group))
    [chain] = made["filter_chains"]
    [found] = chain["filters"]
    return found


def test_one_target_group_is_led_to_by_name() -> None:
    config = filter_of(orders=1)["typed_config"]
    assert config["cluster"] == "targets/orders"
    assert config["idle_timeout"] == "350s"
    assert config["max_connect_attempts"] == 3


def test_several_have_their_weights_and_those_without_are_left_out() -> None:
    config = filter_of(a=1, b=0, c=999)["typed_config"]
    assert config["weighted_clusters"]["clusters"] == [
        {"name": "targets/a", "weight": 1},
        {"name": "targets/c", "weight": 999},
    ]


def test_where_nobody_has_weight_connections_are_closed() -> None:
    assert filter_of(a=0)["name"] == "envoy.filters.network.direct_response"


def test_a_tls_listener_ends_tls_with_its_certificates_and_offers_no_protocol() -> None:
    tls = network_listener(ORDERS, protocol=ListenerProtocol.TLS, certificates=("a", "b"))
    made: Any = to_dict(tcp_listener(BINDING, tls, names.target_group))
    [chain] = made["filter_chains"]
    shown = chain["transport_socket"]["typed_config"]["common_tls_context"]
    assert [each["name"] for each in shown["tls_certificate_sds_secret_configs"]] == [
        "certificate/a",
        "certificate/b",
    ]
    assert "alpn_protocols" not in shown
    assert chain["transport_socket_connect_timeout"] == "15s"


def test_passthrough_is_chosen_by_server_name_and_is_not_decrypted() -> None:
    passed = ((("db.internal", "*.x"), Forward((WeightedTargetGroup("db"),))),)
    tls = network_listener(ORDERS, protocol=ListenerProtocol.TLS, certificates=("a",), passthrough=passed)
    made: Any = to_dict(tcp_listener(BINDING, tls, names.target_group))
    through, ending = made["filter_chains"]
    assert through["filter_chain_match"] == {"server_names": ["db.internal", "*.x"]}
    assert "transport_socket" not in through
    assert "filter_chain_match" not in ending
    assert made["listener_filters"][0]["name"] == "envoy.filters.listener.tls_inspector"


def test_without_a_certificate_there_is_no_chain_for_other_names() -> None:
    tls = network_listener(None, protocol=ListenerProtocol.TLS, passthrough=((("db.internal",), ORDERS),))
    made: Any = to_dict(tcp_listener(BINDING, tls, names.target_group))
    [chain] = made["filter_chains"]
    assert chain["filter_chain_match"] == {"server_names": ["db.internal"]}
