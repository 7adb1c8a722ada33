"""Listeners of network balancers. What connections meet there: tests/end_to_end/balancers/test_network_balancer.py."""

from __future__ import annotations

from typing import Any

from gateline.compile import names
from gateline.compile.tcp_listener import tcp_listener
from gateline.compile.wire import to_dict
from gateline.model.load_balancer import Forward, WeightedTargetGroup


def filter_of(**weights: int) -> Any:
    """The network filter of a listener that forwards with these weights."""
    forward = Forward(tuple(WeightedTargetGroup(name, weight) for name, weight in weights.items()))
    made: Any = to_dict(tcp_listener("balancer/x:7", "127.0.0.1", 7, forward, names.target_group))
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
