"""A target of a target group: it answers health checks as a test wants, and requests with its name.

Target("one") listens while `serve` is entered. A `gated` target leaves every check open until the test answers it;
when the next check has come, whoever checks has drawn its conclusions from the one before.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

CHECK_PATH: Final = "/health"


class Target:
    """One target.

    Attributes:
        status: what it answers to health checks while it is not gated.
        answers: the status of answers to other requests.
        checks: the heads of all health checks.
        peers: the addresses from which connections came.
        requests: how many other requests have come.
        entered: a request has come.
        released: the answers to requests wait for this.
        extra: lines of a header that stand in answers to requests.

    """

    def __init__(self, name: str, *, status: int = 200, gated: bool = False) -> None:
        self.name = name
        self.status = status
        self.answers = 200
        self.host = "127.0.0.1"
        self.port = 0
        self.checks: list[str] = []
        self.requests = 0
        self.peers: list[str] = []
        self.extra: tuple[str, ...] = ()
        self.entered = asyncio.Event()
        self.released = asyncio.Event()
        self.released.set()
        self._gated = gated
        self._open_checks: asyncio.Queue[asyncio.Future[int]] = asyncio.Queue()
        self._current: asyncio.Future[int] | None = None

    @asynccontextmanager
    async def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        path: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[Target]:
        """Listen at an address or at a Unix socket."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            if path is None:
                self.peers.append(writer.get_extra_info("peername")[0])
            try:
                while True:
                    await self._answer(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                pass  # the server is over; asyncio would complain of a cancelled handler
            finally:
                writer.close()
                tasks.discard(task)

        if path is not None:
            server = await asyncio.start_unix_server(serve_one, path)
        else:
            server = await asyncio.start_server(serve_one, host, port, ssl=tls)
            self.host, self.port = server.sockets[0].getsockname()[:2]
        try:
            yield self
        finally:
            server.close()
            await asyncio.sleep(0)  # a connection that has just come is known by its task's first step
            left = [*tasks]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def check_comes(self) -> None:
        """Wait until a health check is open that `answer_check` can answer."""
        if self._current is None:
            self._current = await self._open_checks.get()

    async def answer_check(self, status: int) -> None:
        """Answer the open health check, and wait for the next one: then the answer has had its effect."""
        await self.check_comes()
        self.answer(status)
        await self.check_comes()

    def answer(self, status: int) -> None:
        """Answer the health check that is open."""
        assert self._current is not None
        self._current.set_result(status)
        self._current = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, body, extra = self.answers, self.name.encode(), ""
        if head.startswith(f"GET {CHECK_PATH} "):
            self.checks.append(head)
            status = await self._verdict()
        else:
            self.requests += 1
            extra = "".join(f"{line}\r\n" for line in self.extra)
            self.entered.set()
            await self.released.wait()
        writer.write(
            b"HTTP/1.1 %d Said\r\ncontent-length: %d\r\n%b\r\n%b" % (status, len(body), extra.encode(), body)
        )
        await writer.drain()

    async def _verdict(self) -> int:
        if not self._gated:
            return self.status
        verdict: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._open_checks.put_nowait(verdict)
        return await verdict
