from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from gateline.runtime.heartbeat import is_idle, watch
from gateline.runtime.processes import Kept

ANSWERS = """
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print("up", flush=True)
while True:
    accepted, _ = server.accept()
    accepted.recv(1000)
    accepted.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
    accepted.close()
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells whether one is idle")


class Told:
    """A process that is kept; hears that it does not answer."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.told = asyncio.Event()

    def unresponsive(self) -> None:
        self.told.set()


def test_a_stopped_process_is_told_and_one_that_answers_is_not(tmp_path: Path) -> None:
    socket = tmp_path / "sock"
    command = [sys.executable, "-c", ANSWERS, str(socket)]

    async def play(process: subprocess.Popen[bytes]) -> None:
        told = Told(process.pid)
        watching = asyncio.ensure_future(watch(lambda: cast("Kept", told), socket))
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(b"x")
        assert await reader.read(8) == b"HTTP/1.1"  # it answers us and whoever watches
        writer.close()
        assert not told.told.is_set()
        os.kill(process.pid, signal.SIGSTOP)
        async with asyncio.timeout(20):
            await told.told.wait()
        watching.cancel()
        await asyncio.wait({watching})

    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            asyncio.run(play(process))
        finally:
            process.kill()


def test_who_uses_a_processor_or_waits_for_a_disk_is_not_idle(tmp_path: Path) -> None:
    for state, idle in (("R", False), ("D", False), ("S", True), ("T", True)):
        (tmp_path / "7").mkdir(exist_ok=True)
        (tmp_path / "7" / "stat").write_text(f"7 (a ) R) {state} 1 7 7")
        assert is_idle(7, tmp_path) is idle
    assert not is_idle(8, tmp_path)


def test_a_process_that_was_stopped_before_it_opened_its_socket_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]

    async def play(process: subprocess.Popen[bytes]) -> None:
        told = Told(process.pid)
        watching = asyncio.ensure_future(watch(lambda: cast("Kept", told), tmp_path / "sock"))
        os.kill(process.pid, signal.SIGSTOP)
        async with asyncio.timeout(20):
            await told.told.wait()
        watching.cancel()
        await asyncio.wait({watching})

    with subprocess.Popen(command) as process:
        try:
            asyncio.run(play(process))
        finally:
            process.kill()
