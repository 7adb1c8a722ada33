"""A service that starts quickly and tells who answers: with the standard library, a port, a socket, or neither.

/health   the status that HEALTH says, 200 without it
/held     answers when the file `release` is there
others    {"pid", "environ", "argv"}

VERSION says what is wrong with it: it "exits" at once, is "ill", "crashes" soon after it has become well, or "falls"
while it serves. "waits-for-good" starts and "waits-for-broken" exits when the file of that name is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

RELEASE = Path("release")
VERSION = os.environ.get("VERSION", "")
CRASHES = {"crashes": 1.0, "falls": 4.5}  # seconds after the start


async def answer(path: str) -> tuple[int, bytes]:
    """The status and the body."""
    if path == "/health":
        return 503 if VERSION == "ill" else int(os.environ.get("HEALTH", "200")), b""
    if path == "/held":
        print("holding a request", flush=True)
        while not RELEASE.exists():  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.01)
    told = {"pid": os.getpid(), "environ": dict(os.environ), "argv": sys.argv[1:]}
    return 200, json.dumps(told).encode()


async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            status, body = await answer(head.split(b" ")[1].decode())
            writer.write(b"HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Serve until told to end."""
    if VERSION == "exits":
        sys.exit("this version is broken")
    while VERSION.startswith("waits-for-") and Path(VERSION).exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.01)
    if VERSION == "waits-for-broken":
        sys.exit("this version is broken, too")
    ended = asyncio.Event()
    if VERSION in CRASHES:
        asyncio.get_running_loop().call_later(CRASHES[VERSION], os._exit, 4)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    match sys.argv[1:]:
        case ["--port", port]:
            await asyncio.start_server(attend, "127.0.0.1", int(port))
        case ["--socket", path]:
            await asyncio.start_unix_server(attend, path)
        case []:
            pass  # a worker
        case _:
            sys.exit("say --port PORT or --socket PATH")
    print("serves", *sys.argv[1:], flush=True)
    await ended.wait()
    print("ends", flush=True)


asyncio.run(main())
