"""A service that lets only the gateway in, in one of three ways; with the standard library and gateline-guard.

guard        gateline-guard with a file of accepted values
environment  gateline-guard with the environment variable SECRET
path         a check of its own, and /accepts to ask it

/health answers everybody. A path that ends with /held answers when the file `release` is there.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from gateline_guard import Guard, Refused

Headers = list[tuple[bytes, bytes]]


def by_guard(guard: Guard) -> Callable[[str, Headers], int]:
    """The status for a path and headers, as a guard says."""

    def status(path: str, headers: Headers) -> int:
        found = guard.probe("GET", path, headers)
        if found is not None:
            return found
        try:
            guard.check("GET", path, headers)
        except Refused as refused:
            return refused.status
        return 200

    return status


def by_itself(file: Path) -> Callable[[str, Headers], int]:
    """The status for a path and headers, as a check of our own says."""

    def status(_: str, headers: Headers) -> int:
        values = file.read_bytes().split()
        given = [value for name, value in headers if name.lower() == b"x-pass"]
        if len(given) == 1 and any(hmac.compare_digest(given[0], value) for value in values):
            return 200
        return 403

    return status


async def answer(reader: asyncio.StreamReader, status: Callable[[str, Headers], int]) -> bytes:
    """The answer to the next request."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.strip().split(b"\r\n")
    pairs = [line.partition(b":") for line in lines]
    headers = [(name, value.strip()) for name, _, value in pairs]
    path = first.split(b" ")[1].decode()
    found = 200 if path == "/health" else status(path, headers)
    while found == 200 and path.endswith("/held") and not Path("release").exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.01)
    mark = b"x-gateline-guard: 1\r\n" if found == 204 else b"Content-Length: 0\r\n"
    return b"HTTP/1.1 %d Told\r\n%b\r\n" % (found, mark)


async def main(way: str, *place: str) -> None:
    """Serve until told to end."""
    match way:
        case "guard":
            status = by_guard(Guard(secret_file=os.environ["SECRET_FILE"], header="X-Pass"))
        case "environment":
            status = by_guard(Guard(secret_environment="SECRET", header="Authorization", prefix="Bearer "))
        case _:
            status = by_itself(Path(os.environ["SECRET_FILE"]))

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(await answer(reader, status))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            writer.close()

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    if place[0] == "--port":
        await asyncio.start_server(attend, "127.0.0.1", int(place[1]))
    else:
        await asyncio.start_unix_server(attend, place[1])
    await ended.wait()


asyncio.run(main(*sys.argv[1:]))
