"""A stack that serves, to be played with."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Callable, Coroutine
from pathlib import Path

from gateline.runtime.notice import Notice
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack


class Running:
    """A stack that serves, and what it says."""

    def __init__(self, serving: Stack, notices: asyncio.Queue[Notice]) -> None:
        self.stack = serving
        self.notices = notices

    @property
    def port(self) -> int:
        return self.stack.gateway.edge.port

    async def get(self, path: str) -> int:
        """The status of a GET."""
        return (await asyncio.to_thread(fetch, self.port, path))[0]


def fetch(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def serving(
    settings: Settings, story: Callable[[Running], Coroutine[None, None, None]] | None = None
) -> list[Notice]:
    """Run the stack, play the story, stop the stack; what was said and the story did not take."""

    async def play() -> list[Notice]:
        notices: asyncio.Queue[Notice] = asyncio.Queue()
        try:
            async with (
                asyncio.timeout(60),
                LocalProcesses() as processes,
                Stack(settings, notices.put_nowait, processes) as served,
            ):
                if story:
                    await story(Running(served, notices))
        finally:
            left.extend(notices.get_nowait() for _ in range(notices.qsize()))
        return left

    left: list[Notice] = []
    return asyncio.run(play())


def left_in(state: Path) -> list[Path]:
    return sorted(state.iterdir())


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]
