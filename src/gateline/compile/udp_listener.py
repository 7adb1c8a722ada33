"""Listeners of network balancers that take datagrams (load-balancers.md section 13).

Datagrams of one source address and port are a flow. A flow has one target while that is well and registered, and
then another one; the target sees Gateline's address as the source.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile.binding import Binding
from gateline.compile.wire import extension, new
from gateline.model.load_balancer import Forward, Listener

IDLE_TIMEOUT: Final = timedelta(seconds=120)

LARGEST_DATAGRAM: Final = 65_535
"""Bytes. Envoy's default of 1500 would cut larger ones off, which the network carries in fragments."""


def udp_listener(binding: Binding, listener: Listener, cluster_of: Callable[[str], str]) -> Message:
    """A UDP listener. A datagram for which there is no target is dropped.

    Args:
        binding: its name, and the socket that it opens.
        listener: its target group, of which the front end lets it have one only.
        cluster_of: the cluster of a target group.

    """
    forward = listener.rules[-1].action
    assert isinstance(forward, Forward)  # the front end takes no other action at a network balancer
    [group] = forward.target_groups
    size = {"max_rx_datagram_size": {"value": LARGEST_DATAGRAM}}
    return new(
        "envoy.config.listener.v3.Listener",
        name=binding.name,
        address={
            "socket_address": {"protocol": "UDP", "address": binding.address, "port_value": binding.port}
        },
        udp_listener_config={"downstream_socket_config": size},
        listener_filters=[
            extension(
                "envoy.filters.udp_listener.udp_proxy",
                "envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig",
                stat_prefix=binding.name,
                matcher=_leading(cluster_of(group.name)) if group.weight else {},
                idle_timeout=IDLE_TIMEOUT,
                hash_policies=[{"source_ip": True}],  # of target groups that are sticky
                upstream_socket_config=size,
            )
        ],
    )


def _leading(cluster: str) -> dict[str, object]:
    route = extension("route", "envoy.extensions.filters.udp.udp_proxy.v3.Route", cluster=cluster)
    return {"on_no_match": {"action": route}}
