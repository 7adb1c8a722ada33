from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateline.errors import GatelineError, NotRunning
from gateline.runtime.control_api import serve_control
from gateline.runtime.control_client import deploy, flush, keys, scale, services
from gateline.runtime.state_dir import hold_state_dir


class Doer:
    """Does what is asked, and says with what."""

    async def flush(self, authorizers: list[str] | None) -> tuple[str, ...]:
        if authorizers:
            raise GatelineError("no authorizer is called so")
        return ("a/b/c",)

    def status(self) -> dict[str, Any]:
        return {}

    def services(self) -> list[dict[str, Any]]:
        return [{"name": "orders"}]

    def scale(self, service: str, count: int) -> dict[str, Any]:
        return {"name": service, "desired": count}

    async def deploy(self, service: str, *, wait: bool) -> dict[str, Any]:
        return {"name": service, "waited": wait}

    async def at_desk(self, desk: str, asked: dict[str, Any]) -> dict[str, Any]:
        return {desk: [asked]}

    async def inventory(self) -> dict[str, Any]:
        return {"listeners": []}


@pytest.mark.parametrize("depth", [0, 3], ids=["plain", "so deep that the sockets lie elsewhere"])
@pytest.mark.parametrize("chosen", [False, True], ids=["beside the project", "chosen"])
def test_a_running_gateway_is_found_from_its_project(tmp_path: Path, depth: int, chosen: bool) -> None:
    folder = tmp_path.joinpath(*["d" * 60] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "state" if chosen else None

    async def play() -> tuple[str, ...]:
        with hold_state_dir(folder, state, {}) as held:
            async with serve_control(held.control_socket, Doer()):
                return await flush(folder / "gateline.yaml", state, None)

    assert asyncio.run(play()) == ("a/b/c",)


def test_a_problem_is_told(tmp_path: Path) -> None:
    async def play() -> None:
        with hold_state_dir(tmp_path, None, {}) as held:
            async with serve_control(held.control_socket, Doer()):
                await flush(tmp_path / "gateline.yaml", None, ["x"])

    with pytest.raises(GatelineError, match="no authorizer is called so"):
        asyncio.run(play())


def test_services_are_asked_for_scaled_and_deployed(tmp_path: Path) -> None:
    project = tmp_path / "gateline.yaml"

    async def play() -> None:
        with hold_state_dir(tmp_path, None, {}) as held:
            async with serve_control(held.control_socket, Doer()):
                assert await keys(project, None, {"action": "list"}) == {
                    "ok": True,
                    "keys": [{"do": "keys", "action": "list"}],
                }
                assert await services(project, None) == [{"name": "orders"}]
                assert await scale(project, None, "orders", 3) == {"name": "orders", "desired": 3}
                assert await deploy(project, None, "orders", wait=True) == {"name": "orders", "waited": True}

    asyncio.run(play())


def test_without_a_gateway_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="gateline up"):
        asyncio.run(flush(tmp_path / "gateline.yaml", None, None))


def test_a_gateway_that_ends_meanwhile_is_told(tmp_path: Path) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def play() -> None:
        with hold_state_dir(tmp_path, None, {}) as held:
            async with await asyncio.start_unix_server(hang_up, held.control_socket):
                await flush(tmp_path / "gateline.yaml", None, None)

    with pytest.raises(GatelineError, match=r"the gateway ended|nothing answers"):
        asyncio.run(play())
