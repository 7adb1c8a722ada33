"""Load: wrk with many requests on kept connections, and a herd that asks all at once."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench import machine

CONNECTIONS = 16
TOKENS_SCRIPT = Path(__file__).with_name("tokens.lua")
ASKED_SCRIPT = Path(__file__).with_name("asked.lua")
_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 6e7}
_runs = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Which tokens a run sends: `count` of them in turn, each `prefix` and a number; 0: every one is new."""

    prefix: str
    count: int = 1
    status: int = 200  # what a request must get; everything else has failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What every request of a run is: a verb, header lines, and a JSON body of `body` bytes (0: none)."""

    verb: str = "GET"
    headers: tuple[str, ...] = ()
    body: int = 0
    status: int = 200  # what a request must get; everything else has failed


@dataclass(frozen=True, slots=True)
class Load:
    """What a load generator saw."""

    requests: int
    failed: int
    median: float  # latency, microseconds
    seconds: float


def load(
    url: str, asks: Tokens | Asked | None = None, *, seconds: float = 1, connections: int = CONNECTIONS
) -> Load:
    """wrk on its own processor against a URL."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    match asks:
        case Tokens():
            # A new token is new for every run of this process, and for every other process.
            unique = "" if asks.count else f"{os.getpid()}-{next(_runs)}-"
            command += ["-s", str(TOKENS_SCRIPT), url, "--"]
            command += [asks.prefix + unique, str(asks.count), str(asks.status)]
        case Asked():
            command += [word for line in asks.headers for word in ("-H", line)]
            command += ["-s", str(ASKED_SCRIPT), url, "--"]
            command += [asks.verb, str(asks.body), str(asks.status)]
        case None:
            command.append(url)
    with machine.pinned(machine.LOAD_CPU):
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    total = re.search(r"(\d+) requests in ([\d.]+)(\w+)", printed)
    lost = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", printed)
    bad = re.search(r"unexpected status: (\d+)" if asks else r"Non-2xx or 3xx responses: (\d+)", printed)
    median = re.search(r"50%\s+([\d.]+)(us|ms|s|m)", printed)
    if total is None or median is None:
        raise machine.NotUp(f"wrk saw no answer at {url}:\n{printed}")
    failed = int(bad[1]) if bad else 0
    failed += sum(int(lost[n]) for n in range(1, 5)) if lost else 0
    return Load(
        int(total[1]),
        failed,
        float(median[1]) * _UNITS[median[2]],
        float(total[2]) * _UNITS[total[3]] / 1e6,
    )


def herd(port: int, path: str, token: str, size: int) -> dict[int, int]:
    """Ask `size` times at once, each on a connection of its own; how many got which status (0: no answer)."""

    async def story() -> dict[int, int]:
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(size)]
        request = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
        )
        for _, writer in opened:
            writer.write(request.encode())
        answers = await asyncio.gather(*(_status(reader) for reader, _ in opened))
        for _, writer in opened:
            writer.close()
        return {status: answers.count(status) for status in sorted(set(answers))}

    return asyncio.run(story())


async def _status(reader: asyncio.StreamReader) -> int:
    try:
        line = (await asyncio.wait_for(reader.read(), 30)).split(b"\r\n", 1)[0].split(b" ")
    except (TimeoutError, OSError):
        return 0
    return int(line[1]) if len(line) > 1 else 0
