from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator

import pytest

from gateline.discovery.ec2 import Instances, is_instance
from gateline.discovery.name_server import Found, NoSuchName
from gateline.model.discovery import AwsPlace

pytestmark = pytest.mark.xdist_group("discovery-aws")

REGION = "eu-west-1"


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("i-0123456789abcdef0", True),
        ("i-01234567", True),
        ("i-0123", False),
        ("i-0123456789ABCDEF0", False),
        ("i-0123456789abcdef0.internal", False),
    ],
)
def test_an_instance_is_known_by_its_id(host: str, *, is_one: bool) -> None:
    assert is_instance(host) is is_one


def test_instances_that_run_have_their_private_addresses(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    ec2 = importlib.import_module("boto3").client("ec2", region_name=REGION, endpoint_url=moto)
    one, two = ec2.run_instances(ImageId="ami-12345678", MinCount=2, MaxCount=2)["Instances"]
    ec2.stop_instances(InstanceIds=[two["InstanceId"]])
    ec2.close()

    async def play() -> None:
        instances = Instances()
        instances.use(AwsPlace(region=REGION, endpoints=(("ec2", moto),)))
        ids = (one["InstanceId"], two["InstanceId"], "i-0123456789abcdef0")
        found = await asyncio.gather(*map(instances.addresses, ids), return_exceptions=True)
        assert found[0] == Found((one["PrivateIpAddress"],), 30)
        assert [type(each) for each in found[1:]] == [NoSuchName, NoSuchName]

    asyncio.run(play())


def test_those_that_are_asked_for_together_are_one_question() -> None:
    asked: list[list[str]] = []

    class Client:
        def get_paginator(self, _: str) -> Client:
            return self

        def paginate(self, *, Filters: list[dict[str, list[str]]]) -> Iterator[object]:  # noqa: N803 - boto3's word
            asked.append(Filters[0]["Values"])
            yield {"Reservations": []}

    async def play() -> None:
        instances = Instances(client=lambda _, __: Client())
        ids = [f"i-{number:08x}" for number in range(250)]
        await asyncio.gather(*map(instances.addresses, ids), return_exceptions=True)

    asyncio.run(play())
    assert [len(each) for each in asked] == [200, 50]


def test_no_answer_of_aws_is_no_answer() -> None:
    async def play() -> None:
        instances = Instances()
        instances.use(AwsPlace(region=REGION, endpoints=(("ec2", "http://127.0.0.1:1"),)))
        with pytest.raises(OSError, match="AWS ec2 does not answer") as raised:
            await instances.addresses("i-0123456789abcdef0")
        assert not isinstance(raised.value, NoSuchName)

    asyncio.run(play())


def test_another_place_is_asked_also_when_it_comes_while_the_former_one_is_being_asked() -> None:
    places = [AwsPlace(region="eu-west-1"), AwsPlace(region="eu-west-2")]
    made: list[str] = []

    class Client:
        def get_paginator(self, _: str) -> Client:
            return self

        def paginate(self, **_: object) -> Iterator[object]:
            yield {"Reservations": []}

    async def play() -> None:
        loop = asyncio.get_running_loop()

        def make(_: str, place: AwsPlace) -> Client:
            made.append(place.region)
            asyncio.run_coroutine_threadsafe(use(places[1]), loop).result()
            return Client()

        async def use(place: AwsPlace) -> None:
            instances.use(place)

        instances = Instances(client=make)
        instances.use(places[0])
        for _ in range(3):
            with pytest.raises(NoSuchName):
                await instances.addresses("i-01234567")

    asyncio.run(play())
    assert made == ["eu-west-1", "eu-west-2"]
