"""The publisher with model Envoys and a clock that a test winds by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateline.compile.resources import CLUSTER, SCOPED_ROUTE, TYPES
from gateline.control.exchange import Request
from gateline.control.outcome import Accepted, NodeOutcome, Outcome, Rejected, Superseded, Unanswered
from gateline.control.publication import Patience, Publisher, Session
from gateline.control.snapshot import Snapshot
from gateline.control.status import NodeStatus

from .conftest import ModelEnvoy, Pieces, gateway, with_secret

PATIENCE = Patience(answer=20, linger=30)


class Clock:
    """Timers that run out when a test says so."""

    def __init__(self) -> None:
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay: float, callback: Callable[[], None], /) -> None:
        self._timers.append((delay, callback))

    def elapse(self, delay: float) -> None:
        """Let the timers that were set for so many seconds run out."""
        due = [callback for seconds, callback in self._timers if seconds == delay]
        self._timers = [each for each in self._timers if each[0] != delay]
        for callback in due:
            callback()


class Fleet:
    """A publisher and its Envoys."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.changes: list[NodeStatus] = []
        self.publisher = Publisher(
            call_later=self.clock.call_later, patience=PATIENCE, on_change=self.changes.append
        )
        self.sessions: list[Session] = []

    def join(self, name: str, *, refuses: str = "", silent: str = "") -> ModelEnvoy:
        """An Envoy connects and answers what it is sent at once."""

        def deliver(request: Request) -> None:
            session.take(request)

        envoy = ModelEnvoy(deliver)
        envoy.refuses = {refuses: f"{refuses} is wrong"} if refuses else {}
        envoy.silent = {silent} if silent else set()
        session = self.publisher.connect(name, envoy)
        self.sessions.append(session)
        envoy.connect()
        return envoy

    async def publish(self, snapshot: Snapshot, *envoys: ModelEnvoy) -> Outcome:
        """Publish; these Envoys answer."""
        publishing = await self.begin(snapshot, *envoys)
        return await publishing

    async def begin(self, snapshot: Snapshot, *envoys: ModelEnvoy) -> asyncio.Task[Outcome]:
        """Publish and let these Envoys answer, without waiting for the outcome."""
        publishing = asyncio.create_task(self.publisher.publish(snapshot))
        await asyncio.sleep(0)
        for each in envoys:
            each.pump()
        return publishing


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def only(outcome: Outcome) -> NodeOutcome:
    (answer,) = outcome.by_node.values()
    return answer


def test_what_is_published_before_any_envoy_came_is_there_for_it(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        outcome = await fleet.publisher.publish(gateway(pieces))
        assert outcome.by_node == {}
        assert outcome.accepted
        envoy = fleet.join("n1")
        assert envoy.heard == ["CDS c", "EDS c", "LDS edge", "SRDS api"]

    asyncio.run(play())


def test_every_connected_envoy_is_brought_to_the_snapshot(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        await fleet.publisher.publish(gateway(pieces))
        envoys = [fleet.join("n1"), fleet.join("n2")]
        outcome = await fleet.publish(gateway(pieces, routes=2), *envoys)
        assert outcome.by_node.keys() == {"n1", "n2"}
        assert outcome.accepted

    asyncio.run(play())


def test_each_envoy_has_its_own_outcome(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        good = gateway(pieces)
        await fleet.publisher.publish(good)
        well, ill = fleet.join("well"), fleet.join("ill", refuses="bad")
        subject = gateway(pieces, pieces.scope("bad", pieces.route("c")))
        outcome = await fleet.publish(subject, well, ill)
        assert isinstance(outcome.by_node["well"], Accepted)
        assert isinstance(outcome.by_node["ill"], Rejected)
        accepted = {each.node: each.accepted for each in fleet.publisher.status().nodes}
        assert accepted == {"well": subject.version, "ill": good.version}

    asyncio.run(play())


def test_an_envoy_that_comes_and_refuses_gets_what_others_accepted(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        good = gateway(pieces)
        await fleet.publisher.publish(good)
        fleet.join("first", silent=SCOPED_ROUTE).answer(SCOPED_ROUTE, "1")
        waiting = await fleet.begin(gateway(pieces, pieces.scope("bad", pieces.route("c"))))
        newcomer = fleet.join("newcomer", refuses="bad")
        assert newcomer.heard[-2:] == ["SRDS api bad", "SRDS api -bad"]
        assert {each.accepted for each in fleet.publisher.status().nodes} == {good.version}
        waiting.cancel()

    asyncio.run(play())


def test_silence_ends_with_the_time_for_an_answer(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        fleet.join("n1", silent=CLUSTER)
        subject = gateway(pieces)
        waiting = await fleet.begin(subject)
        fleet.clock.elapse(PATIENCE.answer)
        answer = only(await waiting)
        assert answer == Unanswered(version=subject.version, waiting_for=TYPES[1:])

    asyncio.run(play())


def test_clusters_that_check_their_targets_have_as_much_more_time(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        fleet.join("n1", silent=CLUSTER)
        checks = [{"timeout": timedelta(seconds=seconds), "tcp_health_check": {}} for seconds in (3, 9)]
        cluster = pieces.cluster("c", health_checks=checks)
        waiting = await fleet.begin(pieces.snapshot(cluster, pieces.endpoints("c", 1)))
        for seconds in (PATIENCE.answer, PATIENCE.answer + 3):
            fleet.clock.elapse(seconds)
        await asyncio.sleep(0)
        assert not waiting.done()
        fleet.clock.elapse(PATIENCE.answer + 9)
        assert isinstance(only(await waiting), Unanswered)

    asyncio.run(play())


def test_old_clusters_go_when_they_have_lingered(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        await fleet.publisher.publish(with_secret(pieces, "old"))
        envoy = fleet.join("n1")
        await fleet.publish(with_secret(pieces, "new"), envoy)
        assert "CDS -old" not in envoy.heard
        fleet.clock.elapse(PATIENCE.linger)
        envoy.pump()
        assert envoy.heard[-1] == "CDS -old"

    asyncio.run(play())


def test_who_published_what_was_overtaken_is_told_so(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        await fleet.publisher.publish(gateway(pieces))
        envoy = fleet.join("n1")
        first = await fleet.begin(gateway(pieces, routes=2))
        second = await fleet.begin(gateway(pieces, routes=3))
        third = await fleet.begin(gateway(pieces, routes=4))
        envoy.pump()
        assert isinstance(only(await first), Accepted)
        assert isinstance(only(await second), Superseded)
        assert isinstance(only(await third), Accepted)

    asyncio.run(play())


def test_who_gives_up_waiting_stops_nothing(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        await fleet.publisher.publish(gateway(pieces))
        envoy = fleet.join("n1")
        subject = gateway(pieces, routes=2)
        waiting = await fleet.begin(subject)
        waiting.cancel()
        await asyncio.sleep(0)
        envoy.pump()
        assert fleet.publisher.status().nodes[0].accepted == subject.version

    asyncio.run(play())


def test_an_envoy_that_is_ready_need_not_be_waited_for(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        snapshot = gateway(pieces)
        await fleet.publisher.publish(snapshot)
        fleet.join("n1")
        assert await fleet.publisher.wait_ready("n1") == Accepted(version=snapshot.version)

    asyncio.run(play())


def test_an_envoy_that_is_yet_to_come_is_waited_for(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        snapshot = gateway(pieces)
        waiting = asyncio.create_task(fleet.publisher.wait_ready("n1"))
        await fleet.publisher.publish(snapshot)
        await asyncio.sleep(0)
        assert not waiting.done()
        fleet.join("n1")
        assert await waiting == Accepted(version=snapshot.version)

    asyncio.run(play())


def test_who_waits_for_an_envoy_that_refuses_is_told_so(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        await fleet.publisher.publish(gateway(pieces))
        fleet.join("n1", refuses="edge")
        answer = await fleet.publisher.wait_ready("n1")
        assert isinstance(answer, Rejected)
        assert answer.refusals[0].names == ("edge",)

    asyncio.run(play())


def test_silence_does_not_make_an_envoy_ready(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        await fleet.publisher.publish(gateway(pieces))
        envoy = fleet.join("n1", silent=SCOPED_ROUTE)
        waiting = asyncio.create_task(fleet.publisher.wait_ready("n1"))
        await asyncio.sleep(0)
        fleet.clock.elapse(PATIENCE.answer)
        await asyncio.sleep(0)
        assert not waiting.done()
        envoy.answer(SCOPED_ROUTE, "1")
        assert isinstance(await waiting, Accepted)

    asyncio.run(play())


def test_an_envoy_that_left_is_not_waited_for(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        await fleet.publisher.publish(gateway(pieces))
        fleet.join("n1")
        fleet.sessions[0].close()
        outcome = await fleet.publisher.publish(gateway(pieces, routes=2))
        assert outcome.by_node == {}
        (status,) = fleet.publisher.status().nodes
        assert not status.connected

    asyncio.run(play())


def test_who_published_to_an_envoy_that_leaves_waits_no_more(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        await fleet.publisher.publish(gateway(pieces))
        fleet.join("n1")
        waiting = await fleet.begin(gateway(pieces, routes=2))
        fleet.sessions[0].close()
        assert isinstance(only(await waiting), Unanswered)

    asyncio.run(play())


def test_a_new_stream_of_a_node_ends_the_old_one(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        await fleet.publisher.publish(gateway(pieces))
        old = fleet.join("n1")
        fleet.join("n1")
        assert old.heard[-1] == "hung up"
        fleet.sessions[0].close()  # the old one is closed late
        (status,) = fleet.publisher.status().nodes
        assert status.connected

    asyncio.run(play())


def test_what_an_ended_stream_still_says_is_not_heard(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        await fleet.publisher.publish(gateway(pieces))
        old = fleet.join("n1", silent=SCOPED_ROUTE)
        new = fleet.join("n1", silent=SCOPED_ROUTE)
        old.answer(SCOPED_ROUTE, "1")
        (status,) = fleet.publisher.status().nodes
        assert status.waiting_for == (SCOPED_ROUTE,)
        new.answer(SCOPED_ROUTE, "1")
        (status,) = fleet.publisher.status().nodes
        assert status.waiting_for == ()

    asyncio.run(play())


def test_changes_are_told(fleet: Fleet, pieces: Pieces) -> None:
    async def play() -> None:
        snapshot = gateway(pieces)
        await fleet.publisher.publish(snapshot)
        fleet.join("n1")
        fleet.sessions[0].close()
        told = [(each.node, each.connected, each.accepted) for each in fleet.changes]
        assert told == [("n1", True, ""), ("n1", True, snapshot.version), ("n1", False, snapshot.version)]

    asyncio.run(play())
