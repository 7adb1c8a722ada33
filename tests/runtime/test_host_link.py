from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import pytest

from gateline.host.configuration import from_value
from gateline.model.hosting import HostConfiguration, HostedStage
from gateline.runtime.host_link import HostLink, HostRefused
from gateline.runtime.notice import FunctionSaid, FunctionTrouble


def serving(scope: str) -> HostConfiguration:
    stage = HostedStage(scope=scope, api_id="a", stage="s", account_id="1", region="us-east-1")
    return HostConfiguration(stages=(stage,))


def scope_of(asked: dict[str, Any]) -> str:
    return from_value(asked["configuration"]).stages[0].scope


class Host:
    """The other end of the line: remembers what it is asked, and answers what it is told to."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self.asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.answers = True
        self.problem = ""
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        self._socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._attend, self._socket)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        if self._writer:
            self._writer.close()
        await self._server.wait_closed()

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        while line := await reader.readline():
            asked = json.loads(line)
            self.asked.put_nowait(asked)
            if self.answers:
                refusal = {"problem": self.problem} if self.problem else {}
                self.say({"id": asked["id"], "ok": not self.problem, **refusal})
        writer.close()

    def say(self, line: dict[str, Any]) -> None:
        assert self._writer is not None
        self._writer.write(json.dumps(line).encode() + b"\n")


class Bench:
    def __init__(self, folder: Path) -> None:
        self.socket = folder / "s"
        self.heard: asyncio.Queue[FunctionSaid | FunctionTrouble] = asyncio.Queue()
        self.configured = 0
        self.link = HostLink(self.socket, self.heard.put_nowait, self._count)

    def _count(self) -> None:
        self.configured += 1


def played(folder: Path, story: Callable[[Bench], Awaitable[None]]) -> None:
    async def play() -> None:
        bench = Bench(folder)
        running = asyncio.ensure_future(bench.link.run())
        async with asyncio.timeout(30):
            await story(bench)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())


def test_a_configuration_waits_for_the_host_and_is_sent_once(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        waiting = asyncio.ensure_future(bench.link.configure(serving("a/b")))
        async with Host(bench.socket) as host:
            await waiting
            await bench.link.configure(serving("a/b"))
            assert (host.asked.qsize(), bench.configured) == (1, 1)
            asked = host.asked.get_nowait()
            assert (asked["do"], scope_of(asked)) == ("configure", "a/b")

    played(tmp_path, story)


def test_a_host_that_comes_back_is_told_the_configuration_of_now_at_once(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async with Host(bench.socket):
            await bench.link.configure(serving("a/first"))
            await bench.link.configure(serving("a/second"))
        async with Host(bench.socket) as back:
            assert scope_of(await back.asked.get()) == "a/second"

    played(tmp_path, story)


def test_a_configuration_that_a_dying_host_did_not_acknowledge_is_for_the_next_one(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async with Host(bench.socket) as dying:
            dying.answers = False
            waiting = asyncio.ensure_future(bench.link.configure(serving("a/b")))
            await dying.asked.get()
        assert not waiting.done()
        async with Host(bench.socket):
            await waiting

    played(tmp_path, story)


def test_a_refusal_is_told_and_the_one_before_can_be_given_back(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async with Host(bench.socket) as host:
            await bench.link.configure(serving("a/good"))
            host.problem = "an expression"
            with pytest.raises(HostRefused, match="an expression"):
                await bench.link.configure(serving("a/bad"))
            host.problem = ""
            await bench.link.configure(serving("a/good"))
            assert [scope_of(host.asked.get_nowait()) for _ in range(3)] == ["a/good", "a/bad", "a/good"]

    played(tmp_path, story)


def test_a_flush_is_acknowledged_and_needs_no_host(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.link.flush(("a/b/c",))
        async with Host(bench.socket) as host:
            await bench.link.configure(serving("a/b"))
            await host.asked.get()
            await bench.link.flush(("a/b/c",))
            assert (await host.asked.get())["authorizers"] == ["a/b/c"]
            await bench.link.flush(None)
            assert (await host.asked.get())["authorizers"] is None

    played(tmp_path, story)


def test_a_flush_of_a_host_that_ends_meanwhile_is_done(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async with Host(bench.socket) as host:
            await bench.link.configure(serving("a/b"))
            await host.asked.get()
            host.answers = False
            flushing = asyncio.ensure_future(bench.link.flush(None))
            await host.asked.get()
        await flushing

    played(tmp_path, story)


def test_what_functions_say_is_heard_and_what_is_not_understood_is_not(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async with Host(bench.socket) as host:
            await bench.link.configure(serving("a/b"))
            host.say({"unknown": 1})
            host.say({"id": 999, "ok": True})
            host.say({"said": {"function": "f", "request_id": "r", "stream": "stdout", "text": "hello"}})
            host.say({"trouble": {"function": "f", "request_id": "", "text": "boom"}})
            assert await bench.heard.get() == FunctionSaid("f", "r", "stdout", "hello")
            assert await bench.heard.get() == FunctionTrouble("f", "", "boom")

    played(tmp_path, story)
