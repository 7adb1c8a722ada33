from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence

import pytest

from gateline.discovery.name_server import Found, NoSuchName
from gateline.runtime.resolver import Answer, Resolver, judge


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["10.0.0.2", "10.0.0.1", "10.0.0.2"], ("10.0.0.1", "10.0.0.2")),
        (["2001:db8::1", "10.0.0.1"], ("10.0.0.1",)),
        (["2001:db8::2", "2001:db8::1"], ("2001:db8::1", "2001:db8::2")),
        (["::1", "127.0.0.1"], ("127.0.0.1", "::1")),
        (["127.0.0.1", "2001:db8::1"], ("127.0.0.1",)),
    ],
    ids=["sorted", "IPv4 before IPv6", "IPv6 alone", "loopback keeps both", "mixed is not loopback"],
)
def test_addresses_are_put_in_order(given: list[str], kept: tuple[str, ...]) -> None:
    assert judge("host", given) == Answer(kept)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.1.1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "100.100.100.200",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
    ],
)
def test_an_address_that_nothing_may_go_to_is_dropped_and_told(address: str) -> None:
    answer = judge("evil.example", [address, "10.0.0.1"])
    assert answer.addresses == ("10.0.0.1",)
    assert answer.complaint.startswith(f"evil.example: dropped {address} (")


def test_a_host_of_which_nothing_is_left_is_told() -> None:
    assert judge("host", []) == Answer((), "host has no address")


class NameServer:
    """Answers what it is told to; an exception is raised, an event waited for."""

    def __init__(self, **hosts: Sequence[str] | Found | OSError | asyncio.Event) -> None:
        self.hosts = hosts
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str] | Found:
        self.asked.append(host)
        answer = self.hosts[host]
        if isinstance(answer, OSError):
            raise answer
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            return ["10.9.9.9"]
        return answer


class Bench:
    """A running resolver with a clock that is turned by hand."""

    def __init__(self, names: NameServer) -> None:
        self.changes = 0
        self.complaints: list[str] = []
        self.pauses: list[float] = []
        self._ticks = asyncio.Semaphore(0)
        self.resolver = Resolver(
            on_change=self._count, on_complaint=self.complaints.append, ask=names, pause=self._pause
        )

    def _count(self) -> None:
        self.changes += 1

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self._ticks.acquire()

    async def want(self, *hosts: str) -> None:
        self.resolver.want(hosts)
        await self.resolver.settled()

    async def turn_clock(self, rounds: Iterable[int] = range(40)) -> None:
        self._ticks.release()
        for _ in rounds:  # every step of a lookup that needs no waiting
            await asyncio.sleep(0)


def with_bench(names: NameServer, story: Callable[[Bench], Coroutine[None, None, None]]) -> None:
    async def play() -> None:
        bench = Bench(names)
        running = asyncio.ensure_future(bench.resolver.run())
        async with asyncio.timeout(10):
            await story(bench)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())


def test_new_hosts_are_asked_for_at_once() -> None:
    names = NameServer(a=["10.0.0.1"], b=["10.0.0.2"])

    async def story(bench: Bench) -> None:
        await bench.want("a", "b")
        assert bench.resolver.addresses == {"a": ("10.0.0.1",), "b": ("10.0.0.2",)}
        assert names.asked == ["a", "b"]

    with_bench(names, story)


def test_a_known_host_is_not_asked_for_again_when_another_is_wanted() -> None:
    names = NameServer(a=["10.0.0.1"], b=["10.0.0.2"])

    async def story(bench: Bench) -> None:
        await bench.want("a")
        await bench.want("a", "b")
        assert names.asked == ["a", "b"]

    with_bench(names, story)


def test_only_a_changed_answer_is_told() -> None:
    names = NameServer(a=["10.0.0.1", "10.0.0.2"])

    async def story(bench: Bench) -> None:
        await bench.want("a")
        names.hosts["a"] = ["10.0.0.2", "10.0.0.1"]
        await bench.turn_clock()
        assert bench.changes == 1
        names.hosts["a"] = ["10.0.0.3"]
        await bench.turn_clock()
        assert bench.changes == 2
        assert bench.resolver.addresses == {"a": ("10.0.0.3",)}

    with_bench(names, story)


def test_a_failure_keeps_the_last_answer_and_is_told_once() -> None:
    names = NameServer(a=["10.0.0.1"])

    async def story(bench: Bench) -> None:
        await bench.want("a")
        names.hosts["a"] = OSError(-2, "Name or service not known")
        await bench.turn_clock()
        await bench.turn_clock()
        assert bench.resolver.addresses == {"a": ("10.0.0.1",)}
        assert bench.complaints == ["cannot resolve a: Name or service not known"]

    with_bench(names, story)


def test_a_name_that_turns_to_a_forbidden_address_keeps_its_last_answer() -> None:
    names = NameServer(a=["10.0.0.1"])

    async def story(bench: Bench) -> None:
        await bench.want("a")
        names.hosts["a"] = ["169.254.169.254"]
        await bench.turn_clock()
        assert bench.resolver.addresses == {"a": ("10.0.0.1",)}
        assert bench.changes == 1

    with_bench(names, story)


def test_a_failure_of_the_first_lookup_settles_too() -> None:
    async def story(bench: Bench) -> None:
        await bench.want("a")
        assert bench.resolver.addresses == {}
        assert bench.complaints == ["cannot resolve a: no"]

    with_bench(NameServer(a=OSError(1, "no")), story)


def test_a_slow_host_holds_up_no_other_and_is_not_asked_twice_at_a_time() -> None:
    slow = asyncio.Event()
    names = NameServer(a=slow, b=["10.0.0.1"])

    async def story(bench: Bench) -> None:
        bench.resolver.want(["a", "b"])
        await bench.turn_clock()
        names.hosts["b"] = ["10.0.0.2"]
        await bench.turn_clock()
        assert bench.resolver.addresses == {"b": ("10.0.0.2",)}
        assert names.asked.count("a") == 1
        slow.set()
        await bench.resolver.settled()
        assert bench.resolver.addresses["a"] == ("10.9.9.9",)

    with_bench(names, story)


def test_an_answer_for_a_host_that_nobody_wants_any_more_is_dropped() -> None:
    slow = asyncio.Event()

    async def story(bench: Bench) -> None:
        bench.resolver.want(["a"])
        await bench.turn_clock()
        bench.resolver.want([])
        slow.set()
        await bench.turn_clock()
        assert bench.resolver.addresses == {}
        assert bench.changes == 0

    with_bench(NameServer(a=slow), story)


def test_an_answer_is_asked_for_again_when_it_is_over() -> None:
    names = NameServer(a=Found(("10.0.0.1",), 3), b=Found(("10.0.0.2",), 0))

    async def story(bench: Bench) -> None:
        await bench.want("a")
        await bench.turn_clock()
        assert names.asked == ["a", "a"]
        assert 2.5 < bench.pauses[-1] <= 3
        await bench.want("a", "b")
        for _ in range(40):  # the pause of before is given up
            await asyncio.sleep(0)
        await bench.turn_clock()
        assert names.asked[2:] == ["b", "b"]
        assert 0.5 < bench.pauses[-1] <= 1

    with_bench(names, story)


def test_that_a_host_has_no_address_is_known_until_it_has_one_and_its_last_ones_are_still_told() -> None:
    names = NameServer(a=["10.0.0.1"])

    async def story(bench: Bench) -> None:
        await bench.want("a")
        names.hosts["a"] = NoSuchName("a", 2)
        await bench.turn_clock()
        assert bench.resolver.denied == {"a"}
        assert bench.resolver.addresses == {"a": ("10.0.0.1",)}
        assert bench.changes == 2
        names.hosts["a"] = OSError(1, "no")
        await bench.turn_clock()
        assert bench.resolver.denied == {"a"}
        names.hosts["a"] = ["10.0.0.1"]
        await bench.turn_clock()
        assert bench.resolver.denied == set()
        assert bench.changes == 3

    with_bench(names, story)


def test_hosts_are_wanted_by_several() -> None:
    names = NameServer(a=["10.0.0.1"], b=["10.0.0.2"])

    async def story(bench: Bench) -> None:
        bench.resolver.want(["a"], by="one")
        await bench.want("b")
        assert bench.resolver.addresses.keys() == {"a", "b"}
        bench.resolver.want([], by="one")
        assert bench.resolver.addresses.keys() == {"b"}

    with_bench(names, story)
