from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator

import pytest

from gateline.discovery.ecs import LOOK_EVERY, EcsService
from gateline.discovery.source import Targets
from gateline.errors import SourceSilent
from gateline.model.discovery import AwsPlace, DiscoveredTarget, EcsTasks
from gateline.model.origin import Origin
from harness.fake_ecs import FakeEcs, container, definition, task

pytestmark = pytest.mark.xdist_group("discovery-aws")

REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDSECRETWORDS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2-of-ecs")


@pytest.fixture
def ecs() -> Iterator[FakeEcs]:
    with FakeEcs() as fake:
        fake.definitions["web:1"] = definition("awsvpc", container("sidecar"), container("web", 8080))
        yield fake


def looked(
    ecs: FakeEcs, ec2: str = "", *, times: int = 1, name: str = "", port: int | None = None
) -> list[Targets]:
    """What a source finds, so many times."""
    endpoints = (("ecs", ecs.url), ("ec2", ec2))
    asks = EcsTasks(
        cluster="shop",
        service="web",
        container_name=name,
        container_port=port,
        place=AwsPlace(region=REGION, endpoints=endpoints),
        origin=Origin("gateline.yaml"),
    )
    return asyncio.run(_look(asks, times))


async def _look(asks: EcsTasks, times: int) -> list[Targets]:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    found: list[Targets] = []
    async with asyncio.timeout(30):
        source = EcsService(asks, pause=pause, dice=lambda: 0.5).answers()
        async for targets in source:
            found.append(targets)
            if len(found) == times:
                break
        await source.aclose()
    assert set(pauses) <= {LOOK_EVERY}
    return found


def at(*places: str) -> Targets:
    pairs = (place.rpartition(":") for place in places)
    return tuple(DiscoveredTarget(host=host, port=int(port)) for host, _, port in pairs)


def test_tasks_with_addresses_of_their_own_are_asked_there(ecs: FakeEcs) -> None:
    ecs.tasks = [task("a", "web:1", address="10.0.0.1"), task("b", "web:1", attached="10.0.0.2")]
    assert looked(ecs) == [at("10.0.0.1:8080", "10.0.0.2:8080")]
    assert looked(ecs, port=9090, name="web") == [at("10.0.0.1:9090", "10.0.0.2:9090")]


def test_only_tasks_that_run_and_shall_run_count(ecs: FakeEcs) -> None:
    ecs.tasks = [
        task("a", "web:1", address="10.0.0.1"),
        task("b", "web:1", address="10.0.0.2", status="PENDING"),
        task("c", "web:1", address="10.0.0.3", desired="STOPPED"),
        task("d", "web:1"),
    ]
    assert looked(ecs) == [at("10.0.0.1:8080")]


def test_a_container_with_a_health_check_must_be_healthy(ecs: FakeEcs) -> None:
    ecs.definitions["web:1"] = definition("awsvpc", container("web", 80, checked=True))
    ecs.tasks = [
        task(name, "web:1", address=f"10.0.0.{number}", health=health)
        for number, (name, health) in enumerate(
            {"a": "HEALTHY", "b": "UNHEALTHY", "c": "UNKNOWN"}.items(), start=1
        )
    ]
    assert looked(ecs) == [at("10.0.0.1:80")]


def test_hundreds_of_tasks_are_described_in_batches(ecs: FakeEcs) -> None:
    ecs.tasks = [task(str(each), "web:1", address=f"10.0.1.{each}") for each in range(250)]
    assert len(looked(ecs)[0]) == 250
    assert ecs.asked.count("ListTasks") == 3
    assert ecs.asked.count("DescribeTasks") == 3


def test_what_never_changes_is_asked_for_once(ecs: FakeEcs) -> None:
    ecs.tasks = [task("a", "web:1", address="10.0.0.1")]
    assert looked(ecs, times=3) == [at("10.0.0.1:8080")] * 3
    assert ecs.asked.count("DescribeTaskDefinition") == 1
    assert ecs.asked.count("ListTasks") == 3


def test_nobody_runs_is_an_answer(ecs: FakeEcs) -> None:
    assert looked(ecs) == [()]


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "ServerException"])
def test_no_answer_is_told_by_its_kind_alone(ecs: FakeEcs, code: str) -> None:
    ecs.failing = code
    with pytest.raises(SourceSilent) as raised:
        looked(ecs)
    assert str(raised.value) == f"AWS ecs does not answer: {code}"
    assert ecs.asked == ["ListTasks"]  # nobody insists


def test_an_answer_of_another_form_is_none(ecs: FakeEcs) -> None:
    ecs.tasks = [task("a", "web:1", address="10.0.0.1")]
    del ecs.tasks[0]["containers"]
    with pytest.raises(SourceSilent, match="AWS ecs does not answer"):
        looked(ecs)


def test_a_service_that_is_not_there_is_no_answer(ecs: FakeEcs) -> None:
    asks = EcsTasks(
        cluster="shop",
        service="other",
        place=AwsPlace(region=REGION, endpoints=(("ecs", ecs.url),)),
        origin=Origin("gateline.yaml"),
    )
    with pytest.raises(SourceSilent, match="ServiceNotFoundException"):
        asyncio.run(_look(asks, 1))


@pytest.mark.parametrize(
    ("name", "port", "says"),
    [
        ("api", None, "web:1 has no container api"),
        ("sidecar", None, "web:1 has no container sidecar"),
        ("", 81, "web:1 has no container with a port mapping at port 81"),
    ],
)
def test_a_container_that_is_not_there_is_told(ecs: FakeEcs, name: str, port: int | None, says: str) -> None:
    ecs.tasks = [task("a", "web:1", address="10.0.0.1")]
    with pytest.raises(SourceSilent, match=says):
        looked(ecs, name=name, port=port)


def test_tasks_on_instances_are_asked_at_the_instances_address(ecs: FakeEcs, moto: str) -> None:
    """Bridge: at the port that was chosen for the task; host: at the container's own. EC2 is moto's."""
    ec2 = importlib.import_module("boto3").client("ec2", region_name=REGION, endpoint_url=moto)
    made = ec2.run_instances(ImageId="ami-12345678", MinCount=2, MaxCount=2)["Instances"]
    first, second = (each["PrivateIpAddress"] for each in made)
    ecs.instances = {"one": made[0]["InstanceId"], "two": made[1]["InstanceId"]}
    ecs.definitions["web:1"] = definition("bridge", container("web", 80))
    ecs.definitions["web:2"] = definition("host", container("web", 8080))
    ecs.tasks = [
        task("a", "web:1", bound={80: 32768}, instance="one"),
        task("b", "web:1", bound={80: 32769, 81: 32770}, instance="one"),
        task("c", "web:1", bound={}, instance="two"),
        task("d", "web:2", instance="two"),
    ]
    assert looked(ecs, moto) == [at(f"{first}:32768", f"{first}:32769", f"{second}:8080")]
    assert ecs.asked.count("DescribeContainerInstances") == 1
    ec2.terminate_instances(InstanceIds=[each["InstanceId"] for each in made])
    ec2.close()


def test_tasks_in_another_form_are_no_answer(ecs: FakeEcs) -> None:
    told = task("a", "web:1", address="10.0.0.1")
    del told["containers"]
    ecs.tasks = [told]
    with pytest.raises(SourceSilent, match="AWS ecs does not answer: KeyError"):
        looked(ecs)
