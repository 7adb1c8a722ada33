from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateline.functions.speech import Said, Trouble
from gateline.host import control
from gateline.host.configuration import ConfigurationInvalid, to_json
from gateline.host.control import Megaphone, attend
from gateline.model.hosting import HostConfiguration
from host.questions import authorizer, configuration

GIVEN = configuration(authorizer())


class Recorder:
    """A service that only remembers what it was told."""

    def __init__(self) -> None:
        self.configured: list[HostConfiguration] = []
        self.flushed: list[tuple[str, ...] | None] = []
        self.fault: Exception | None = None

    async def configure(self, configuration: HostConfiguration) -> None:
        if self.fault:
            raise self.fault
        self.configured.append(configuration)

    def flush(self, authorizers: tuple[str, ...] | None) -> None:
        self.flushed.append(authorizers)


class Line:
    """A connection to the host."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, text: str | dict[str, Any]) -> Any:
        """What is answered to a line."""
        line = text if isinstance(text, str) else json.dumps(text)
        self._writer.write(line.encode() + b"\n")
        return await self.hear()

    async def hear(self) -> Any:
        """The next line."""
        return json.loads(await self._reader.readline())

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


Story = Callable[[Recorder, Megaphone, Callable[[], Awaitable[Line]]], Awaitable[None]]


def with_socket(folder: Path, story: Story) -> None:
    async def play() -> None:
        recorder, megaphone = Recorder(), Megaphone()
        lines: list[Line] = []

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await attend(recorder, megaphone, reader, writer)

        async def connect() -> Line:
            lines.append(Line(*await asyncio.open_unix_connection(folder / "s")))
            return lines[-1]

        async with asyncio.timeout(30), await asyncio.start_unix_server(accept, folder / "s"):
            await story(recorder, megaphone, connect)
            for line in lines:
                await line.close()

    asyncio.run(play())


def test_control_configures_and_flushes(tmp_path: Path) -> None:
    async def story(recorder: Recorder, _: Megaphone, connect: Callable[[], Awaitable[Line]]) -> None:
        line = await connect()
        sent = json.loads(to_json(GIVEN))
        assert await line.ask({"id": 1, "do": "configure", "configuration": sent}) == {"id": 1, "ok": True}
        assert await line.ask({"id": 2, "do": "flush", "authorizers": ["a/b/c"]}) == {"id": 2, "ok": True}
        assert await line.ask({"id": 3, "do": "flush", "authorizers": None}) == {"id": 3, "ok": True}
        assert recorder.configured == [GIVEN]
        assert recorder.flushed == [("a/b/c",), None]

    with_socket(tmp_path, story)


@pytest.mark.parametrize(
    "asked",
    [
        "{",
        "[]",
        '{"id": 7}',
        '{"id": 7, "do": "configure", "configuration": []}',
        '{"id": 7, "do": "flush"}',
        '{"id": 7, "do": "flush", "authorizers": [1]}',
    ],
)
def test_what_is_not_understood_is_answered_and_the_line_goes_on(tmp_path: Path, asked: str) -> None:
    async def story(recorder: Recorder, _: Megaphone, connect: Callable[[], Awaitable[Line]]) -> None:
        line = await connect()
        answer = await line.ask(asked)
        assert (answer["ok"], bool(answer["problem"])) == (False, True)
        assert (await line.ask({"id": 2, "do": "flush", "authorizers": None}))["ok"]
        assert recorder.configured == []

    with_socket(tmp_path, story)


def test_a_refusal_says_its_problem_and_a_fault_of_ours_no_word_of_its_own(tmp_path: Path) -> None:
    async def story(recorder: Recorder, _: Megaphone, connect: Callable[[], Awaitable[Line]]) -> None:
        line = await connect()
        ask = {"id": 1, "do": "configure", "configuration": json.loads(to_json(GIVEN))}
        recorder.fault = ConfigurationInvalid("the validation expression of x")
        assert (await line.ask(ask))["problem"] == "the validation expression of x"
        recorder.fault = KeyError("hunter2")
        assert (await line.ask(ask))["problem"] == "internal error (KeyError)"

    with_socket(tmp_path, story)


def test_what_functions_say_reaches_who_connected_last(tmp_path: Path) -> None:
    async def story(_: Recorder, megaphone: Megaphone, connect: Callable[[], Awaitable[Line]]) -> None:
        megaphone.tell(Said("f", "r", "stdout", "to nobody"))
        first = await connect()
        await first.ask({"id": 1, "do": "flush", "authorizers": None})
        megaphone.tell(Said("f", "r", "stdout", "hello"))
        told = (await first.hear())["trouble"]["text"]
        assert told.startswith("1 more lines of functions were not shown")
        assert await first.hear() == {
            "said": {"function": "f", "request_id": "r", "stream": "stdout", "text": "hello"}
        }
        second = await connect()
        await second.ask({"id": 1, "do": "flush", "authorizers": None})
        await first.close()
        megaphone.tell(Trouble("f", "r", "boom"))
        assert await second.hear() == {"trouble": {"function": "f", "request_id": "r", "text": "boom"}}

    with_socket(tmp_path, story)


def test_a_control_that_does_not_read_costs_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "MOST_UNREAD", 10_000)

    async def story(_: Recorder, megaphone: Megaphone, connect: Callable[[], Awaitable[Line]]) -> None:
        line = await connect()
        await line.ask({"id": 1, "do": "flush", "authorizers": None})
        for number in range(10_000):
            megaphone.tell(Said("f", str(number), "stdout", "x" * 1000))
        heard = 0
        while (await line.hear())["said"]["text"].startswith("x") and heard < 50:
            heard += 1
        assert heard == 50
        megaphone.tell(Said("f", "r", "stdout", "last"))

    with_socket(tmp_path, story)
