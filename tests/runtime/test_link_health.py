"""Which nodes are connected, as Envoy's gauges tell."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gateline.model.tunnel import EnrolledNode
from gateline.runtime.link_health import LinkHealth, counted

NODE = EnrolledNode(tunnel="plant", node="n1", id="a1")
GAUGE = "links.worker_0.node.n1.a1.plant.link.gateline"


class Gauges:
    """An Envoy with these gauges; None: it is away."""

    def __init__(self) -> None:
        self.now: dict[str, int] | None = {}
        self.asked = 0

    async def gauges(self, names: str) -> Mapping[str, int]:
        assert "node" in names
        self.asked += 1
        if self.now is None:
            raise OSError
        return self.now


def test_connections_of_all_workers_count_together_whether_they_wait_or_are_in_use() -> None:
    gauges = {
        GAUGE: 2,
        GAUGE.replace("worker_0", "worker_1"): 3,
        "cluster.tunnel/plant/n1.upstream_cx_active": 1,
        "cluster.tunnel/plant/n2.upstream_cx_active": 7,
        "links.worker_1.cluster.plant": 9,
        "links.worker_0.node.n2.b2.plant.link.gateline": 9,
    }
    assert counted(gauges, (NODE,)) == {NODE.dns_name: 6}


def test_who_comes_and_goes_is_told_once_with_the_time_since_when() -> None:
    async def seen() -> None:
        envoy, told = Gauges(), list[str]()
        health = LinkHealth(envoy, lambda: (NODE,), told.append)
        await health.look()
        assert health.connected() == {}
        envoy.now = {GAUGE: 2}
        await health.look()
        first = health.connected()[NODE.dns_name]
        envoy.now = {GAUGE: 4}
        await health.look()
        again = health.connected()[NODE.dns_name]
        assert (first.connections, again.connections) == (2, 4)
        assert again.since == first.since
        envoy.now = None
        await health.look()
        assert health.connected() == {}
        assert told == [
            "the node n1 of the tunnel plant is connected",
            "the node n1 of the tunnel plant is not connected any more",
        ]

    asyncio.run(seen())


def test_without_nodes_nobody_is_asked() -> None:
    async def seen() -> int:
        envoy = Gauges()
        await LinkHealth(envoy, lambda: (), print).look()
        return envoy.asked

    assert asyncio.run(seen()) == 0
