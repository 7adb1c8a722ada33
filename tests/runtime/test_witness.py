"""The witness, against tasks and targets that answer over sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from gateline.errors import GatelineError
from gateline.runtime.candidate import Candidate
from gateline.runtime.secret_probe import Says
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.witness import Bounds, NotSeen, Witness
from runtime.rotated import BALANCED, DIRECT, FILED, LINKED, STARTED, Serves, candidate, token

GUARD: Final = {"generate": True, "accepted_by": "guard"}
RESTART: Final = {"generate": True, "accepted_by": "restart"}
PLAIN: Final = {"generate": True}
SOON: Final = Bounds(0.2, 0.2)
NEW: Final = b"new"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


class Tasks:
    """Services whose tasks are as a test says."""

    def __init__(self) -> None:
        self.listed: list[dict[str, Any]] = []
        self.replaced: set[str] = set()
        self.wholly: set[str] = set()
        self.deployed: list[str] = []

    def inventory(self) -> list[dict[str, Any]]:
        return self.listed

    def is_replaced(self, service: str, *, wholly: bool) -> bool:
        if service == "gone":
            raise GatelineError("no service that runs is called gone; there are: none")
        return service in (self.wholly if wholly else self.replaced)

    def renew(self, service: str) -> None:
        self.deployed.append(service)

    def add(self, port: int, *, phase: str = "healthy", task: str = "1") -> None:
        here = {"address": "127.0.0.1", "port": port, "socket": ""}
        self.listed.append({"service": "a", "id": task, "phase": phase, **here})


class Guards:
    """Servers with a guard each, on loopback. `accepts`: their values; `any`: they check nothing."""

    def __init__(self, *accepts: set[bytes] | None) -> None:
        self._accepts = accepts
        self._servers: list[asyncio.Server] = []

    async def __aenter__(self) -> list[int]:
        for values in self._accepts:
            self._servers.append(await asyncio.start_server(self._attend(values), "127.0.0.1", 0))
        return [server.sockets[0].getsockname()[1] for server in self._servers]

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()

    @staticmethod
    def _attend(
        values: set[bytes] | None,
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            given = head.partition(b"X-Pass: pass ")[2].partition(b"\r\n")[0]
            well = values is None or given in values
            writer.write(
                b"HTTP/1.1 204 X\r\nx-gateline-guard: 1\r\n\r\n" if well else b"HTTP/1.1 401 X\r\n\r\n"
            )
            writer.close()

        return attend


def see(
    served: Candidate,
    state: StateDir,
    tasks: Tasks,
    *guards: set[bytes] | None,
    wanted: Says = Says.ACCEPTED,
    place: Callable[[list[int]], None] = lambda _: None,
) -> str:
    """The doubt that is left, "" without any."""

    async def story() -> str:
        async with Guards(*guards) as ports:
            place(ports)
            try:
                await Witness(Serves(served, state), tasks).see(token(served), NEW, wanted, SOON)
            except NotSeen as doubt:
                return str(doubt)
            return ""

    return asyncio.run(story())


@pytest.mark.parametrize(
    ("values", "doubt"),
    [
        ({b"old", NEW}, ""),
        ({b"old"}, "task a/1 refuses it"),
        (None, "task a/1 does not refuse a wrong value"),
    ],
)
def test_a_task_with_a_file_is_asked_whether_it_accepts_the_value_and_no_other(
    tmp_path: Path, state: StateDir, values: set[bytes] | None, doubt: str
) -> None:
    served = candidate(tmp_path, state, BALANCED, secret=PLAIN, services={"a": FILED})
    tasks = Tasks()
    assert see(served, state, tasks, values, place=lambda ports: tasks.add(ports[0])) == doubt


def test_one_task_that_refuses_is_enough_to_doubt_and_is_named(tmp_path: Path, state: StateDir) -> None:
    served = candidate(tmp_path, state, BALANCED, secret=GUARD, services={"a": FILED})
    tasks = Tasks()

    def place(ports: list[int]) -> None:
        for number, port in enumerate(ports):
            tasks.add(port, task=str(number))

    assert see(served, state, tasks, {NEW}, set(), {NEW}, place=place) == "task a/1 refuses it"


@pytest.mark.parametrize(
    ("phase", "accepting", "refusing"),
    [
        ("starting", "", "task a/1 accepts it still"),
        ("draining", "", "task a/1 accepts it still"),
        ("unwell", "task a/1 does not refuse a wrong value", "task a/1 accepts it still"),
    ],
)
def test_tasks_that_no_request_goes_to_need_not_accept_but_must_refuse(
    tmp_path: Path, state: StateDir, phase: str, accepting: str, refusing: str
) -> None:
    served = candidate(tmp_path, state, BALANCED, secret=GUARD, services={"a": FILED})
    for wanted, doubt in ((Says.ACCEPTED, accepting), (Says.REFUSED, refusing)):
        tasks = Tasks()

        def place(ports: list[int], tasks: Tasks = tasks) -> None:
            tasks.add(ports[0], phase=phase)

        assert see(served, state, tasks, None, wanted=wanted, place=place) == doubt


def test_a_value_that_everybody_refuses_is_seen_to_be_dead(tmp_path: Path, state: StateDir) -> None:
    served = candidate(tmp_path, state, BALANCED, secret=GUARD, services={"a": FILED})
    tasks = Tasks()
    assert see(served, state, tasks, {b"other"}, wanted=Says.REFUSED, place=lambda p: tasks.add(p[0])) == ""


def test_tasks_that_have_it_in_their_environment_are_seen_to_be_replaced(
    tmp_path: Path, state: StateDir
) -> None:
    served = candidate(tmp_path, state, BALANCED, secret=PLAIN, services={"a": STARTED})
    tasks = Tasks()
    assert see(served, state, tasks) == "the tasks of service a are not replaced"
    tasks.replaced.add("a")
    assert see(served, state, tasks) == ""
    assert see(served, state, tasks, wanted=Says.REFUSED) == "the tasks of service a are not replaced"
    tasks.wholly.add("a")
    assert see(served, state, tasks, wanted=Says.REFUSED) == ""


def test_a_static_target_is_asked(tmp_path: Path, state: StateDir) -> None:
    async def story() -> None:
        async with Guards(set()) as [port]:
            groups = {"orders": {"targets": [f"127.0.0.1:{port}"]}}
            served = await asyncio.to_thread(
                lambda: candidate(tmp_path, state, BALANCED, secret=GUARD, target_groups=groups)
            )
            witness = Witness(Serves(served, state), Tasks())
            with pytest.raises(NotSeen, match=f"^target 127.0.0.1:{port} of target group orders refuses it$"):
                await witness.see(token(served), NEW, Says.ACCEPTED, SOON)

    asyncio.run(story())


def test_only_services_that_take_a_file_at_their_start_are_deployed(tmp_path: Path, state: StateDir) -> None:
    for secret, deployed in ((RESTART, ["a"]), (GUARD, []), (PLAIN, [])):
        services = {"a": FILED, "b": STARTED}
        served = candidate(tmp_path, state, BALANCED, secret=secret, services=services)
        tasks = Tasks()
        asyncio.run(Witness(Serves(served, state), tasks).restart(token(served)))
        assert tasks.deployed == deployed


@pytest.mark.parametrize(
    ("secret", "services", "integration", "why"),
    [
        (
            PLAIN,
            {},
            DIRECT,
            "http://127.0.0.9:9009 gets secret Token, and nobody could see whether it accepts",
        ),
        (RESTART, {}, DIRECT, "say `accepted_by: guard` or `probe: "),
        (
            GUARD,
            {"a": FILED},
            {**DIRECT, "requestParameters": {}},
            "no integration sends secret Token in a header",
        ),
        (PLAIN, {"gone": FILED}, BALANCED, "no service that runs is called gone"),
    ],
)
def test_a_rotation_that_nobody_could_see_through_is_refused(
    tmp_path: Path,
    state: StateDir,
    secret: dict[str, Any],
    services: dict[str, Any],
    integration: dict[str, Any],
    why: str,
) -> None:
    served = candidate(tmp_path, state, integration, secret=secret, services=services)
    with pytest.raises(GatelineError, match=why):
        Witness(Serves(served, state), Tasks()).check(token(served))


@pytest.mark.parametrize("secret", [GUARD, {"generate": True, "probe": {"path": "/x"}}])
def test_a_rotation_that_can_be_seen_through_may_begin(
    tmp_path: Path, state: StateDir, secret: dict[str, Any]
) -> None:
    served = candidate(tmp_path, state, DIRECT, BALANCED, secret=secret, services={"a": FILED, "b": STARTED})
    Witness(Serves(served, state), Tasks()).check(token(served))


def test_who_is_behind_a_tunnel_cannot_be_asked(tmp_path: Path, state: StateDir) -> None:
    served = candidate(tmp_path, state, LINKED, secret=GUARD)
    assert served.gateway is not None
    links = tuple(replace(link, targets=(), tunnel="plant") for link in served.gateway.vpc_links)
    behind = replace(served, gateway=replace(served.gateway, vpc_links=links))
    with pytest.raises(
        GatelineError, match="behind tunnel plant gets secret Token, and can be asked by nobody"
    ):
        Witness(Serves(behind, state), Tasks()).check(token(behind))
