from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace

import pytest
from google.protobuf.message import Message

from gateline.compile.cluster import cluster
from gateline.compile.resources import CLUSTER, ENDPOINT, HostLookup, Resources
from gateline.control.outcome import Accepted, NodeOutcome, Outcome, Rejected, Unanswered
from gateline.control.publication import Publisher
from gateline.control.snapshot import Snapshot
from gateline.model.origin import Origin
from gateline.model.target_group import Registration
from gateline.runtime import delivery
from gateline.runtime.delivery import Delivery, failures
from gateline.runtime.resolver import Resolver

PLACE = Origin("swagger.json")
REJECTED = Rejected(version="x", refusals=(), restored=True)


class Recorder(Publisher):
    """A publisher that notes what it is given; `refuse` names clusters that its Envoy does not like."""

    def __init__(self) -> None:
        super().__init__(call_later=lambda *_: None)
        self.published: list[Snapshot] = []
        self.refuse: set[str] = set()
        self.silent = False
        self.absent: NodeOutcome | None = None
        self.gate: asyncio.Event | None = None
        self._another = asyncio.Condition()

    async def publish(self, snapshot: Snapshot) -> Outcome:
        self.published.append(snapshot)
        async with self._another:
            self._another.notify_all()
        if self.gate is not None:
            await self.gate.wait()
        if self.absent is not None:
            return Outcome(version=snapshot.version, by_node={})
        answer: NodeOutcome = Accepted(version=snapshot.version)
        if self.refuse & snapshot.by_type[CLUSTER].keys():
            answer = REJECTED
        elif self.silent:
            answer = Unanswered(version=snapshot.version, waiting_for=(CLUSTER,))
        return Outcome(version=snapshot.version, by_node={"edge": answer})

    async def published_as_often_as(self, times: int) -> None:
        """Wait until so much was published."""
        async with self._another:
            await self._another.wait_for(lambda: len(self.published) >= times)

    async def wait_ready(self, node: str) -> Accepted | Rejected:
        assert node == "edge"
        assert isinstance(self.absent, Accepted | Rejected)
        answer, self.absent = self.absent, None
        return answer


def resources(*hosts: str) -> Resources:
    """A cluster for each host, of the same name."""
    return Resources(
        by_type={CLUSTER: {host: cluster(host) for host in hosts}, ENDPOINT: {}},
        lookups=tuple(HostLookup(cluster=host, host=host, port=80, origin=PLACE) for host in hosts),
        origins={},
    )


class Bench:
    """A delivery whose names resolve to what `answers` says."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = {"a": ["10.0.0.1"], "b": ["10.0.0.2"]}
        self.silent: set[str] = set()
        self.tick = asyncio.Semaphore(0)
        self.changed = asyncio.Event()
        self.publisher = Recorder()
        self.resolver = Resolver(
            on_change=self.changed.set, on_complaint=lambda _: None, ask=self._ask, pause=self._pause
        )
        self.delivery = Delivery(self.publisher, self.resolver, ("edge",))

    async def _ask(self, host: str) -> Sequence[str]:
        if host in self.silent:
            await asyncio.Event().wait()
        return self.answers[host]

    async def _pause(self, _: float) -> None:
        await self.tick.acquire()

    async def address_changes(self) -> None:
        self.changed.clear()
        self.tick.release()
        await self.changed.wait()
        await self.delivery.readdress()

    def endpoints(self, at: int = -1) -> dict[str, list[str]]:
        held = self.publisher.published[at].by_type[ENDPOINT]
        return {name: _addresses(each.message) for name, each in held.items()}


def _addresses(assignment: Message) -> list[str]:
    text = str(assignment)
    return [line.split('"')[1] for line in text.splitlines() if line.strip().startswith("address: ")]


def with_bench(story: Callable[[Bench], Coroutine[None, None, None]]) -> None:
    async def play() -> None:
        bench = Bench()
        running = asyncio.ensure_future(bench.resolver.run())
        async with asyncio.timeout(20):
            await story(bench)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())


def test_what_is_published_has_the_addresses_of_its_hosts() -> None:
    async def story(bench: Bench) -> None:
        outcome = await bench.delivery.deliver(resources("a", "b"))
        assert outcome.accepted
        assert bench.delivery.version == outcome.version
        assert bench.endpoints() == {"a": ["10.0.0.1"], "b": ["10.0.0.2"]}

    with_bench(story)


def test_a_changed_address_is_published_alone() -> None:
    async def story(bench: Bench) -> None:
        await bench.delivery.deliver(resources("a", "b"))
        bench.answers["b"] = ["10.0.0.9"]
        await bench.address_changes()
        first, second = bench.publisher.published
        assert second.differs_only_in_endpoints(first)
        assert second.by_type[ENDPOINT]["a"] is first.by_type[ENDPOINT]["a"]
        assert bench.endpoints() == {"a": ["10.0.0.1"], "b": ["10.0.0.9"]}

    with_bench(story)


def test_addresses_that_did_not_change_are_not_published_again() -> None:
    async def story(bench: Bench) -> None:
        await bench.delivery.deliver(resources("a"))
        await bench.delivery.readdress()
        assert len(bench.publisher.published) == 1

    with_bench(story)


def test_a_host_that_does_not_answer_in_time_is_published_without_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "FIRST_ANSWERS_SECONDS", 0.0)

    async def story(bench: Bench) -> None:
        bench.silent.add("b")
        await bench.delivery.deliver(resources("b"))
        assert bench.endpoints() == {"b": []}

    with_bench(story)


def test_nothing_is_published_before_the_first_configuration() -> None:
    async def story(bench: Bench) -> None:
        await bench.delivery.readdress()
        assert bench.publisher.published == []
        assert bench.delivery.version == ""

    with_bench(story)


def test_the_same_configuration_has_the_same_version() -> None:
    async def story(bench: Bench) -> None:
        first = await bench.delivery.deliver(resources("a"))
        second = await bench.delivery.deliver(resources("a"))
        assert first.version == second.version

    with_bench(story)


def test_after_a_refusal_the_former_configuration_counts_with_the_addresses_of_today() -> None:
    async def story(bench: Bench) -> None:
        await bench.delivery.deliver(resources("a"))
        bench.publisher.refuse = {"b"}
        outcome = await bench.delivery.deliver(resources("b"))
        assert outcome.rejections
        assert bench.endpoints() == {"a": ["10.0.0.1"]}
        bench.answers["a"] = ["10.0.0.7"]
        await bench.resolver.settled()
        await bench.delivery.readdress()
        assert set(bench.endpoints()) == {"a"}

    with_bench(story)


def test_an_envoy_that_does_not_answer_keeps_the_former_configuration() -> None:
    async def story(bench: Bench) -> None:
        await bench.delivery.deliver(resources("a"))
        bench.publisher.silent = True
        outcome = await bench.delivery.deliver(resources("b"))
        assert len(failures(outcome)) == 1
        assert set(bench.endpoints()) == {"a"}

    with_bench(story)


def test_an_envoy_that_is_being_restarted_is_waited_for_and_may_refuse() -> None:
    async def story(bench: Bench) -> None:
        await bench.delivery.deliver(resources("a"))
        bench.publisher.absent = REJECTED
        outcome = await bench.delivery.deliver(resources("b"))
        assert failures(outcome) == (REJECTED,)
        assert set(bench.endpoints()) == {"a"}

    with_bench(story)


def task(port: int, *, draining: bool = False) -> Registration:
    """A task of the target group `g`, which stands in 10.0.0.0/8 as the other addresses of these tests."""
    return Registration("g", address="10.0.0.3", port=port, draining=draining)


def with_group(*hosts: str) -> Resources:
    """A cluster for each host, and the cluster `t` of the target group `g`."""
    made = resources(*hosts)
    clusters = {**made.by_type[CLUSTER], "t": cluster("t")}
    return replace(made, by_type={**made.by_type, CLUSTER: clusters}, target_groups={"t": "g"})


def test_tasks_are_published_alone_and_stay_with_what_is_published_later() -> None:
    async def story(bench: Bench) -> None:
        await bench.delivery.deliver(with_group("a"))
        assert bench.endpoints() == {"a": ["10.0.0.1"], "t": []}
        await bench.delivery.register((task(1),))
        first, second = bench.publisher.published
        assert second.differs_only_in_endpoints(first)
        assert second.by_type[ENDPOINT]["a"] is first.by_type[ENDPOINT]["a"]
        await bench.delivery.deliver(with_group("b"))
        assert bench.endpoints() == {"b": ["10.0.0.2"], "t": ["10.0.0.3"]}
        await bench.delivery.register(())
        assert bench.endpoints() == {"b": ["10.0.0.2"], "t": []}

    with_bench(story)


def test_the_same_tasks_and_those_of_groups_that_nobody_uses_are_not_published() -> None:
    async def story(bench: Bench) -> None:
        await bench.delivery.deliver(with_group("a"))
        await bench.delivery.register((task(1),))
        await bench.delivery.register((task(1),))
        await bench.delivery.register((task(1), Registration("unused", socket="/s")))
        assert len(bench.publisher.published) == 2
        await bench.delivery.register((task(1, draining=True),))
        assert len(bench.publisher.published) == 3

    with_bench(story)


def test_tasks_that_are_there_before_the_first_configuration_are_in_it() -> None:
    async def story(bench: Bench) -> None:
        await bench.delivery.register((task(1),))
        assert bench.publisher.published == []
        await bench.delivery.deliver(with_group())
        assert bench.endpoints() == {"t": ["10.0.0.3"]}

    with_bench(story)


def test_tasks_join_a_configuration_that_an_envoy_is_still_taking() -> None:
    async def story(bench: Bench) -> None:
        gate = asyncio.Event()
        bench.publisher.gate = gate
        delivering = asyncio.ensure_future(bench.delivery.deliver(with_group("a")))
        await bench.publisher.published_as_often_as(1)
        registering = asyncio.ensure_future(bench.delivery.register((task(1),)))
        await bench.publisher.published_as_often_as(2)
        assert bench.endpoints() == {"a": ["10.0.0.1"], "t": ["10.0.0.3"]}
        assert not delivering.done()
        assert not registering.done()
        gate.set()
        outcome, _ = await asyncio.gather(delivering, registering)
        assert outcome.version == bench.delivery.version
        assert len(bench.publisher.published) == 2

    with_bench(story)
