"""Control's side of the line to the host: JSON lines over its control socket.

The host may end and come back at any time. Then the line is made anew, and the first thing that is said on it is
the configuration of now: a host serves nothing before.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from gateline.errors import GatelineError
from gateline.host.configuration import to_json
from gateline.model.hosting import HostConfiguration
from gateline.runtime.notice import FunctionSaid, FunctionTrouble

LOOK_EVERY: Final = 0.01
LONGEST_LINE: Final = 16 * 1024 * 1024

Hear = Callable[[FunctionSaid | FunctionTrouble], None]


class HostRefused(GatelineError):
    """The host does not take a configuration; it serves what it served."""


class HostLink:
    """The line to one host, whichever process it is.

    Args:
        socket: the host's control socket.
        hear: what functions say.
        on_configured: the host serves the configuration of now.

    """

    def __init__(self, socket: Path, hear: Hear, on_configured: Callable[[], None]) -> None:
        self._socket = socket
        self._hear = hear
        self._on_configured = on_configured
        self._wanted: bytes | None = None
        self._taken: bytes | None = None  # what the host of now has acknowledged
        self._outcome: asyncio.Future[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._serial = 0

    async def configure(self, configuration: HostConfiguration) -> None:
        """Let the host serve this from now on, also after it has ended and come back; returns when it does.

        Raises:
            HostRefused: it does not take it, and still serves what it served.

        """
        wanted = await asyncio.to_thread(to_json, configuration)
        if wanted == self._taken == self._wanted:
            return
        self._wanted = wanted
        self._outcome = asyncio.get_running_loop().create_future()
        if self._writer:
            self._send_configuration(self._writer)
        await self._outcome

    async def flush(self, authorizers: tuple[str, ...] | None) -> None:
        """Let the host forget what these authorizers decided; None: all. One that does not run knows nothing."""
        if self._writer is None:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def answered(_: dict[str, Any]) -> None:
            if not done.done():
                done.set_result(None)

        self._ask(self._writer, answered, {"do": "flush", "authorizers": authorizers})
        await done

    async def run(self) -> None:
        """Keep the line for ever."""
        while True:
            reader, writer = await self._connected()
            self._writer = writer
            try:
                if self._wanted is not None:
                    self._send_configuration(writer)
                with suppress(OSError, ValueError):  # ValueError: a line that is too long, or no JSON
                    while line := await reader.readline():
                        self._take(json.loads(line))
                        await asyncio.sleep(0)  # a function that floods must not keep the loop from others
            finally:
                self._writer = self._taken = None
                writer.close()
                asked, self._asked = self._asked, {}
                for answered in asked.values():
                    answered({})

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            with suppress(OSError):  # it is not there yet
                return await asyncio.open_unix_connection(self._socket, limit=LONGEST_LINE)
            await asyncio.sleep(LOOK_EVERY)

    def _send_configuration(self, writer: asyncio.StreamWriter) -> None:
        wanted, outcome = self._wanted, self._outcome
        assert wanted is not None

        def answered(answer: dict[str, Any]) -> None:
            if "ok" not in answer or outcome is not self._outcome:
                return  # the host ended, or another configuration was sent after this one
            if answer["ok"]:
                self._taken = wanted
                self._on_configured()
            if outcome and not outcome.done():
                if answer["ok"]:
                    outcome.set_result(None)
                else:
                    outcome.set_exception(
                        HostRefused(f"the host refused the configuration: {answer['problem']}")
                    )

        self._ask(writer, answered, {"do": "configure"}, b',"configuration":' + wanted)

    def _ask(
        self,
        writer: asyncio.StreamWriter,
        answered: Callable[[dict[str, Any]], None],
        what: dict[str, Any],
        rest: bytes = b"",
    ) -> None:
        self._serial += 1
        self._asked[self._serial] = answered
        head = json.dumps({"id": self._serial, **what}).encode()
        writer.write(head[:-1] + rest + b"}\n")

    def _take(self, line: dict[str, Any]) -> None:
        match line:
            case {"said": said}:
                self._hear(FunctionSaid(**said))
            case {"trouble": trouble}:
                self._hear(FunctionTrouble(**trouble))
            case {"id": int(number)} if number in self._asked:
                self._asked.pop(number)(line)
            case _:
                pass
