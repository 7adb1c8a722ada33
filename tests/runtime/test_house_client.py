"""Control's side alone: the test is the house. With a real house: test_household.py."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateline.runtime.control_start import HOUSE, Above
from gateline.runtime.house_client import HouseClient, open_processes
from gateline.runtime.house_wire import line, receive_handle
from gateline.runtime.process import Command
from gateline.runtime.processes import Kept, LocalProcesses, Running
from gateline.runtime.supervisor import Crashed, Finished, Policy

PULSE = {"do": "pulse"}


@dataclass
class Upstairs:
    """The house's ends, and what control's callbacks heard."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    handles: socket.socket
    client: HouseClient
    heard: list[Any] = field(default_factory=list)

    async def asked(self) -> dict[str, Any]:
        """What control asks next."""
        told: dict[str, Any] = PULSE
        while told == PULSE:
            told = json.loads(await self.reader.readline())
        return told

    def keep(self, folder: Path) -> Kept:
        """Let control want a process."""
        command = Command(arguments=("a",), environment={"X": "y"}, folder=folder, log=folder / "log")
        return self.client.keep(
            "a", command, Policy(), drain=self._drain, on_crash=self.heard.append, on_spawn=self.heard.append
        )

    async def _drain(self) -> None:
        self.heard.append("drain")


def below(
    story: Callable[[Upstairs], Awaitable[None]], *, served: bool = False, fault: bool = False
) -> list[dict[str, Any]]:
    """Play a story, after which control leaves, or fails; what control still said."""
    lines, their_lines = socket.socketpair()
    handles, their_handles = socket.socketpair()

    async def play() -> list[dict[str, Any]]:
        above = Above(os.getpid(), their_lines.detach(), their_handles.detach(), {})
        reader, writer = await asyncio.open_connection(sock=lines)
        writer.write(line(served=served, remembered={"key": "value"}, running={"a": [7, "noted"]}))
        async with asyncio.timeout(20):
            with suppress(ZeroDivisionError):
                async with HouseClient(above) as client:
                    await story(Upstairs(reader, writer, handles, client))
                    if fault:
                        raise ZeroDivisionError
            rest = await reader.read()
            writer.close()
        return [told for each in rest.splitlines() if (told := json.loads(each)) != PULSE]

    with handles:
        return asyncio.run(play())


def test_only_a_child_of_the_house_asks_it() -> None:
    environ = {HOUSE: Above(1 if os.getppid() != 1 else 2, 3, 4, {}).text()}
    assert isinstance(open_processes(environ), LocalProcesses)
    assert environ == {}
    assert isinstance(open_processes(environ), LocalProcesses)


def test_what_is_wanted_is_asked_for_and_what_happens_is_heard(tmp_path: Path) -> None:
    async def story(house: Upstairs) -> None:
        kept = house.keep(tmp_path)
        asked = await house.asked()
        assert (asked["do"], asked["name"], asked["drains"]) == ("keep", "a", True)
        assert asked["command"]["environment"] == {"X": "y"}
        for act in (kept.start, kept.ready, kept.unresponsive, kept.stop):
            act()
        assert [(await house.asked())["do"] for _ in range(4)] == ["start", "ready", "unresponsive", "stop"]
        house.writer.write(line(spawned="a", pid=8) + line(spawned="unknown", pid=9))
        house.writer.write(line(crashed="a", status=-9, restart_in=0.5, hung=True) + line(drain="a"))
        assert await house.asked() == {"do": "drained", "name": "a"}
        house.writer.write(line(finished="a", status=3, failed=True))
        assert await kept.finished == Finished(3, failed=True)
        assert house.heard == [8, Crashed(-9, 0.5, hung=True), "drain"]
        assert kept.pid is None

    assert below(story) == [{"do": "leaving"}]


def test_what_a_former_control_left_is_told() -> None:
    async def story(house: Upstairs) -> None:
        assert house.client.has_served
        assert house.client.running == {"a": Running(7, "noted")}
        assert house.client.recall("key") == "value"

    below(story, served=True)


def test_a_descriptor_is_handed_over(tmp_path: Path) -> None:
    async def story(house: Upstairs) -> None:
        with (tmp_path / "file").open("w") as file:
            house.client.hold("key", file.fileno(), emptied=True)
            received = receive_handle(house.handles)
            assert received is not None
            assert (received[0], received[2]) == ("key", True)
            os.close(received[1])

    below(story)


@pytest.mark.parametrize("served", [True, False])
def test_a_fault_is_no_farewell_once_all_has_served(served: bool) -> None:
    async def story(house: Upstairs) -> None:
        house.client.remove_at_end("file")

    async def told_to_stop(house: Upstairs) -> None:
        house.client.leaving()

    leaving = [{"do": "leaving"}]
    left = [{"do": "remove", "path": "file"}]
    assert below(story, served=served, fault=True) == (left if served else left + leaving)
    assert below(told_to_stop, served=served, fault=True) == leaving


def test_it_says_that_it_is_alive_again_and_again() -> None:
    async def story(house: Upstairs) -> None:
        for _ in range(2):
            assert json.loads(await house.reader.readline()) == PULSE

    below(story)
