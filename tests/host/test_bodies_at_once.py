"""A host of its own, as `gateline up` starts it, under bodies as large as they may be."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import gateline
from gateline.host.configuration import to_json
from gateline.model.hosting import HostConfiguration
from gateline.model.integration import Integration
from host.egress_peer import EgressPeer
from host.questions import described
from host.test_integrate import hosting
from integrations.hosted import entry, integration

MOST = 10_485_760
GIGABYTE_KB = 1_000_000_000 // 1024
AT_ONCE = 10


@asynccontextmanager
async def host(folder: Path, configuration: HostConfiguration) -> AsyncIterator[int]:
    """A configured host with its sockets in the folder; its process id."""
    places = [f"--{name}={folder / name}" for name in ("socket", "control", "egress", "usage", "scratch")]
    environment = {**os.environ, "PYTHONPATH": str(Path(gateline.__file__).parents[1])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateline.host", *places, env=environment
    )
    try:
        while not (folder / "control").exists() and process.returncode is None:  # noqa: ASYNC110 - no event says it
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_unix_connection(folder / "control")
        head = json.dumps({"id": 1, "do": "configure"}).encode()
        writer.write(head[:-1] + b',"configuration":' + to_json(configuration) + b"}\n")
        assert json.loads(await reader.readline())["ok"]
        yield process.pid
        writer.close()
    finally:
        process.terminate()
        await process.wait()


async def ask(folder: Path, body: bytes, content_type: str) -> tuple[bytes, int]:
    """The status of the answer to one request, and how long its body is."""
    reader, writer = await asyncio.open_unix_connection(folder / "socket", limit=1024 * 1024)
    head = f"POST /invoke HTTP/1.1\r\nHost: host\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"x-gl-call: " + described() + b"\r\n\r\n" + body)
    lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
    length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
    await reader.readexactly(length)
    writer.close()
    return lines[0].split(b" ")[1], length


def peak(pid: int) -> int:
    """The most memory that a process ever held, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


TEMPLATE = {"application/json": '{"wrapped": $input.json("$.a[0]"), "all": $input.body}'}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("of", "content_type", "body"),
    [
        (integration(), "text/plain", b"x" * MOST),
        (
            integration(templates=TEMPLATE, responses=[entry(templates=TEMPLATE)]),
            "application/json",
            b'{"a":["' + b'x","' * ((MOST - 1000) // 4) + b'"]}',
        ),
    ],
    ids=["passed on", "rendered both ways"],
)
def test_ten_bodies_of_ten_megabytes_at_once_do_not_cost_a_gigabyte(
    tmp_path: Path, of: Integration, content_type: str, body: bytes
) -> None:
    answer = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )

    async def story() -> None:
        async with (
            EgressPeer(tmp_path / "egress", lambda _: answer).serving(),
            host(tmp_path, hosting(of)) as pid,
        ):
            answers = await asyncio.gather(*(ask(tmp_path, body, content_type) for _ in range(AT_ONCE)))
            assert {status for status, _ in answers} == {b"200"}
            assert peak(pid) < GIGABYTE_KB

    asyncio.run(story())
