"""Tasks of an ECS service at moto, through the ECS and EC2 APIs that it speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from gateline.discovery.ecs import EcsService
from gateline.discovery.source import Targets
from gateline.errors import SourceSilent
from gateline.model.discovery import AwsPlace, DiscoveredTarget, EcsTasks
from gateline.model.origin import Origin
from harness.moto_cluster import REGION, MotoCluster

pytestmark = pytest.mark.xdist_group("discovery-aws")


@pytest.fixture
def shop(moto: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoCluster]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFMOTO")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    with MotoCluster(moto, str(request.node.name).replace("_", "-")) as cluster:
        yield cluster


def looked(at: MotoCluster, *, cluster: str = "", name: str = "") -> set[DiscoveredTarget]:
    """What a source finds."""
    asks = EcsTasks(
        cluster=cluster or at.name,
        service="web",
        container_name=name,
        place=AwsPlace(region=REGION, endpoints=(("ecs", at.url), ("ec2", at.url))),
        origin=Origin("gateline.yaml"),
    )

    async def look() -> Targets:
        async with asyncio.timeout(30):
            return await anext(EcsService(asks).answers())

    return set(asyncio.run(look()))


def targets(*places: tuple[str, int]) -> set[DiscoveredTarget]:
    return {DiscoveredTarget(host=host, port=port) for host, port in places}


def test_tasks_in_a_vpc_are_asked_at_their_network_interfaces(shop: MotoCluster) -> None:
    shop.define("web", "awsvpc", 8080)
    shop.run("web", 3)
    addresses = shop.addresses()
    assert len(set(addresses.values())) == 3
    assert looked(shop) == targets(*((each, 8080) for each in addresses.values()))


def test_a_deployment_has_tasks_of_two_definitions(shop: MotoCluster) -> None:
    shop.define("web", "awsvpc", 8080)
    old, gone = shop.run("web", 2)
    shop.define("web", "awsvpc", 9090)
    [new] = shop.run("web")
    addresses = shop.addresses()
    shop.stop(gone)
    assert looked(shop) == targets((addresses[old], 8080), (addresses[new], 9090))


def test_tasks_on_the_network_of_their_host_are_asked_at_its_address(shop: MotoCluster) -> None:
    """Task, container instance, EC2 instance, its address: four questions to two services."""
    shop.define("web", "host", 8080)
    for address in ("127.0.0.11", "127.0.0.12"):
        shop.start("web", shop.add_instance(address))
    assert looked(shop) == targets(("127.0.0.11", 8080), ("127.0.0.12", 8080))


def test_a_bridge_whose_port_nobody_tells_is_asked_nowhere(shop: MotoCluster) -> None:
    """As between a task's start and its first bindings: moto never tells any."""
    shop.define("web", "bridge", 8080)
    shop.start("web", shop.add_instance("127.0.0.13"))
    assert looked(shop) == set()


def test_a_service_without_tasks_is_an_answer(shop: MotoCluster) -> None:
    assert looked(shop) == set()


def test_a_cluster_that_is_not_there_is_no_answer(shop: MotoCluster) -> None:
    with pytest.raises(SourceSilent, match="AWS ecs does not answer: ClusterNotFoundException"):
        looked(shop, cluster="elsewhere")


def test_a_container_that_no_definition_has_is_told(shop: MotoCluster) -> None:
    shop.define("web", "awsvpc", 8080)
    shop.run("web")
    with pytest.raises(SourceSilent, match=r"task definition web:\d+ has no container api"):
        looked(shop, name="api")
