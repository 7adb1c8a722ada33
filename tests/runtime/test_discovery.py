from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest

from gateline.discovery.source import Targets
from gateline.model.address import parse_ip
from gateline.model.discovery import DiscoveredTarget, Source, TargetFile
from gateline.model.origin import Origin
from gateline.model.target_group import HealthCheck, Registration, Target, TargetGroup
from gateline.runtime import discovery
from gateline.runtime.discovery import Discovery
from gateline.runtime.notice import Notice, TargetsTold
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.resolver import Resolver

HERE = Origin("gateline.yaml")


def source(path: str = "targets") -> TargetFile:
    return TargetFile(path=path, name=path, origin=HERE)


def group(
    name: str = "orders", *, delay: float = 30, asks: Source | None = None, port: int | None = None
) -> TargetGroup:
    """A group that asks somebody."""
    return TargetGroup(
        name=name,
        deregistration_delay=timedelta(seconds=delay),
        health_check=HealthCheck(port=port),
        origin=HERE,
        discover=asks or source(),
    )


def fixed(*hosts: str, delay: float = 30) -> TargetGroup:
    """A group whose targets the project names, at port 80."""
    static = tuple(Target(host=host, port=80, origin=HERE) for host in hosts)
    return TargetGroup(
        name="fixed", deregistration_delay=timedelta(seconds=delay), targets=static, origin=HERE
    )


def targets(*places: str) -> Targets:
    pairs = (place.rpartition(":") for place in places)
    return tuple(DiscoveredTarget(host=host, port=int(port)) for host, _, port in pairs)


def shown(registrations: Sequence[Registration]) -> list[str]:
    return [
        f"{each.target_group} {each.address}:{each.port}{' draining' * each.draining}"
        for each in registrations
    ]


class Bench:
    """A discovery whose sources say what they are told to."""

    def __init__(self, tasks: asyncio.TaskGroup, processes: LocalProcesses) -> None:
        self.said: list[str] = []
        self.tasks = tasks
        self.registered: asyncio.Queue[list[str]] = asyncio.Queue()
        self.whole: tuple[Registration, ...] = ()
        self.asked: dict[str, tuple[Callable[[Targets], None], Callable[[str], None]]] = {}
        self.over: list[str] = []
        self.names: dict[str, list[str]] = {}
        self.resolver = Resolver(
            on_change=self._addresses_changed,
            on_complaint=lambda _: None,
            ask=self._look_up,
            pause=self._for_ever,
        )
        self.discovery = Discovery(
            register=self._register,
            resolver=self.resolver,
            follow=self._follow,
            processes=processes,
            tasks=tasks,
            notify=self._notify,
        )

    async def _look_up(self, host: str) -> Sequence[str]:
        if host not in self.names and parse_ip(host) is None:
            raise OSError(host)
        return self.names.get(host, [host])

    async def _for_ever(self, _: float) -> None:
        await asyncio.Event().wait()

    def _addresses_changed(self) -> None:
        self.tasks.create_task(self.discovery.publish())

    async def _register(self, registrations: tuple[Registration, ...]) -> None:
        self.whole = registrations
        self.registered.put_nowait(shown(registrations))

    async def _follow(
        self, asks: Source, tell: Callable[[Targets], None], complain: Callable[[str], None]
    ) -> None:
        assert isinstance(asks, TargetFile)
        self.asked[asks.name] = (tell, complain)
        try:
            await asyncio.Event().wait()
        finally:
            self.over.append(asks.name)

    def _notify(self, notice: Notice) -> None:
        assert isinstance(notice, TargetsTold)
        self.said.append(f"{'! ' * notice.trouble}{notice.text}")

    async def configure(self, group: TargetGroup) -> None:
        """Use a group with the addresses that its hosts have, as a configuration does."""
        self.resolver.want({each.host for each in group.targets})
        await self.resolver.settled()
        await self.want(group)
        await self.discovery.publish()

    async def want(self, *groups: TargetGroup) -> None:
        self.discovery.want(groups)
        await asyncio.sleep(0)

    def say(self, *places: str, by: str = "targets") -> None:
        self.asked[by][0](targets(*places))


def played(story: Callable[[Bench], Awaitable[None]], processes: LocalProcesses | None = None) -> None:
    async def play() -> None:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            bench = Bench(tasks, processes or LocalProcesses())
            working = [tasks.create_task(each) for each in (bench.discovery.run(), bench.resolver.run())]
            await story(bench)
            for work in working:
                work.cancel()

    asyncio.run(play())


def test_what_a_source_names_is_registered_and_told() -> None:
    async def story(bench: Bench) -> None:
        await bench.want(group(port=9001))
        bench.say("10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:80")
        assert await bench.registered.get() == ["orders 10.0.0.1:80", "orders 10.0.0.2:80"]
        assert {each.health_port for each in bench.whole} == {9001}
        assert bench.discovery.registered() == bench.whole
        bench.say("10.0.0.1:80", "10.0.0.2:80")
        bench.say("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80")
        assert "orders 10.0.0.3:80" in await bench.registered.get()
        assert bench.said[1:] == ["3 targets, 10.0.0.3:80 came"]

    played(story)


def test_who_is_not_named_any_more_drains_for_the_groups_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench) -> None:
        await bench.want(group(delay=0.2))
        bench.say("10.0.0.1:80", "10.0.0.2:80")
        await bench.registered.get()
        bench.say("10.0.0.2:80")
        assert await bench.registered.get() == ["orders 10.0.0.2:80", "orders 10.0.0.1:80 draining"]
        assert await bench.registered.get() == ["orders 10.0.0.2:80"]

    played(story)


def test_who_comes_back_does_not_drain_any_more() -> None:
    async def story(bench: Bench) -> None:
        await bench.want(group())
        for places in (["10.0.0.1:80"], [], ["10.0.0.1:80"]):
            bench.say(*places)
            last = await bench.registered.get()
        assert last == ["orders 10.0.0.1:80"]

    played(story)


def test_a_target_that_an_edit_takes_out_drains_for_the_groups_delay() -> None:
    async def story(bench: Bench) -> None:
        await bench.configure(fixed("10.0.0.1", "10.0.0.2", delay=0.2))
        assert bench.registered.empty()  # the configuration has them
        await bench.configure(fixed("10.0.0.2", delay=0.2))
        assert await bench.registered.get() == ["fixed 10.0.0.1:80 draining"]
        assert await bench.registered.get() == []

    played(story)


def test_a_target_that_an_edit_puts_back_does_not_drain_any_more() -> None:
    async def story(bench: Bench) -> None:
        await bench.configure(fixed("10.0.0.1", "10.0.0.2"))
        await bench.configure(fixed("10.0.0.2"))
        await bench.registered.get()
        await bench.configure(fixed("10.0.0.1", "10.0.0.2"))
        assert await bench.registered.get() == []

    played(story)


def test_who_is_put_back_drains_until_the_configuration_has_it() -> None:
    async def story(bench: Bench) -> None:
        await bench.configure(fixed("10.0.0.1"))
        await bench.configure(fixed())
        assert await bench.registered.get() == ["fixed 10.0.0.1:80 draining"]
        await bench.want(fixed(), fixed("10.0.0.1"))  # the one that serves, and the one that shall
        await bench.discovery.publish()
        assert bench.registered.empty()
        await bench.configure(fixed("10.0.0.1"))
        assert await bench.registered.get() == []

    played(story)


def test_without_a_delay_nobody_drains() -> None:
    async def story(bench: Bench) -> None:
        await bench.configure(fixed("10.0.0.1", delay=0))
        await bench.configure(fixed(delay=0))
        assert bench.registered.empty()

    played(story)


def test_an_address_that_a_targets_name_has_no_more_drains() -> None:
    async def story(bench: Bench) -> None:
        bench.names = {"orders.internal": ["10.0.0.1", "10.0.0.2"]}
        await bench.configure(fixed("orders.internal"))
        bench.names = {"orders.internal": ["10.0.0.2", "10.0.0.3"]}
        bench.resolver.want(())
        await bench.configure(fixed("orders.internal"))
        assert await bench.registered.get() == ["fixed 10.0.0.1:80 draining"]

    played(story)


def test_this_machines_two_loopbacks_are_one_target_that_drains() -> None:
    async def story(bench: Bench) -> None:
        bench.names = {"localhost": ["127.0.0.1", "::1"]}
        await bench.configure(fixed("localhost"))
        await bench.configure(fixed())
        assert await bench.registered.get() == ["fixed 127.0.0.1:80 draining"]

    played(story)


def test_a_silent_source_changes_nothing_and_is_told_once() -> None:
    async def story(bench: Bench) -> None:
        await bench.want(group())
        bench.say("10.0.0.1:80")
        await bench.registered.get()
        for _ in range(3):
            bench.asked["targets"][1]("no answer")
        await bench.discovery.publish()
        assert shown(bench.discovery.registered()) == ["orders 10.0.0.1:80"]
        bench.say("10.0.0.1:80")
        await bench.discovery.publish()
        assert bench.said == [
            "1 target, 10.0.0.1:80 came",
            "! no answer; the 1 target known serve on",
            "all is well again; there was trouble: no answer",
        ]
        assert bench.registered.empty()

    played(story)


def test_a_source_that_gives_way_to_another_counts_until_that_one_has_answered() -> None:
    async def story(bench: Bench) -> None:
        await bench.want(group(asks=source("old")))
        bench.say("10.0.0.1:80", by="old")
        await bench.registered.get()
        await bench.want(group(asks=source("new")))
        bench.say("10.0.0.9:80", by="old")  # said too late
        await bench.discovery.publish()
        assert bench.registered.empty()
        bench.say("10.0.0.2:80", by="new")
        assert await bench.registered.get() == ["orders 10.0.0.2:80", "orders 10.0.0.1:80 draining"]
        assert bench.over == ["old"]

    played(story)


def test_a_group_that_is_gone_has_no_targets() -> None:
    async def story(bench: Bench) -> None:
        await bench.want(group("a", asks=source("a")), group("b", asks=source("b")))
        bench.say("10.0.0.1:80", by="a")
        bench.say("10.0.0.2:80", by="b")
        await bench.registered.get()
        await bench.want(group("b", asks=source("b")))
        assert await bench.registered.get() == ["b 10.0.0.2:80"]

    played(story)


def test_names_are_looked_up_and_forbidden_addresses_dropped() -> None:
    async def story(bench: Bench) -> None:
        bench.names = {"orders.internal": ["10.0.0.3", "169.254.169.254"]}
        await bench.want(group())
        bench.say("orders.internal:80", "169.254.169.254:80", "10.0.0.1:80")
        found = await bench.registered.get()
        while "orders 10.0.0.3:80" not in found:
            found = await bench.registered.get()
        assert found == ["orders 10.0.0.1:80", "orders 10.0.0.3:80"]

    played(story)


def test_nobody_leaves_for_a_name_before_the_name_was_asked_for() -> None:
    async def story(bench: Bench) -> None:
        bench.names = {"orders.internal": ["10.0.0.3"]}
        await bench.want(group())
        bench.say("10.0.0.1:80")
        await bench.registered.get()
        bench.say("orders.internal:80")
        assert await bench.registered.get() == ["orders 10.0.0.3:80", "orders 10.0.0.1:80 draining"]

    played(story)


def test_a_name_without_an_answer_empties_no_group_and_holds_up_nobody_else() -> None:
    async def story(bench: Bench) -> None:
        await bench.want(group())
        bench.say("10.0.0.1:80")
        await bench.registered.get()
        bench.say("silent.internal:80")
        await bench.discovery.publish()
        await bench.resolver.settled()
        await bench.discovery.publish()
        assert shown(bench.discovery.registered()) == ["orders 10.0.0.1:80"]
        bench.say("silent.internal:80", "10.0.0.2:80")
        assert await bench.registered.get() == ["orders 10.0.0.2:80", "orders 10.0.0.1:80 draining"]

    played(story)


def test_a_control_that_comes_after_another_begins_with_what_that_one_was_told() -> None:
    processes = LocalProcesses()

    async def before(bench: Bench) -> None:
        await bench.want(group())
        bench.say("10.0.0.1:80")
        await bench.registered.get()

    async def after(bench: Bench) -> None:
        await bench.want(group(), group("other", asks=source("other")))
        assert await bench.registered.get() == ["orders 10.0.0.1:80"]
        bench.asked["targets"][1]("no answer")
        await bench.discovery.publish()
        assert bench.registered.empty()

    played(before, processes)
    played(after, processes)


@pytest.mark.parametrize("kept", ["no JSON", "7", "{}", '{"source": "SOURCE", "targets": [{"name": "a"}]}'])
def test_what_a_control_of_another_version_kept_is_forgotten(kept: str) -> None:
    processes = LocalProcesses()
    processes.remember("discovery/orders", kept.replace("SOURCE", repr(source())))

    async def after(bench: Bench) -> None:
        await bench.want(group())
        bench.say("10.0.0.1:80")
        assert await bench.registered.get() == ["orders 10.0.0.1:80"]

    played(after, processes)


def test_a_configuration_waits_for_the_first_answers_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answered(bench: Bench) -> None:
        await bench.want(group())
        waiting = asyncio.ensure_future(bench.discovery.settled())
        await asyncio.sleep(0)
        assert not waiting.done()
        bench.say("10.0.0.1:80")
        await waiting
        assert bench.registered.get_nowait() == ["orders 10.0.0.1:80"]

    async def silent(bench: Bench) -> None:
        await bench.want(group())
        await bench.discovery.settled()

    played(answered)
    monkeypatch.setattr(discovery, "FIRST_ANSWERS_SECONDS", 0.05)
    played(silent)


def test_of_many_targets_a_few_are_named() -> None:
    async def story(bench: Bench) -> None:
        await bench.want(group())
        bench.say(*(f"10.0.0.{each}:80" for each in range(1, 6)))
        await bench.registered.get()
        assert bench.said == ["5 targets, 10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80 and 2 more came"]

    played(story)
