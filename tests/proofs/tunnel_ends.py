"""Envoys at the two ends of a tunnel, and the application behind it."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from gateline.runtime.envoy import find_envoy

PATIENCE: Final = 30.0
CHUNK: Final = 65536


def until(holds: Callable[[], bool], what: str) -> float:
    """Wait until something holds; the seconds that it took."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < PATIENCE, f"never: {what}"
        time.sleep(0.02)
    return time.monotonic() - start


class TunnelEnvoy:
    """An Envoy with two workers, which can be killed and started again."""

    def __init__(self, folder: Path, name: str, bootstrap: dict[str, Any]) -> None:
        self._config = folder / f"{name}.bootstrap.json"
        self._admin = folder / f"{name}.sock"
        self._log = folder / f"{name}.log"
        admin = {"admin": {"address": {"pipe": {"path": str(self._admin)}}}}
        self._config.write_text(json.dumps({**bootstrap, **admin}), encoding="utf-8")
        self.process = self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def restart(self) -> None:
        """Kill it, and start it again as it was."""
        self.process.kill()
        self.process.wait()
        self._admin.unlink(missing_ok=True)
        self.process = self._started()

    def admin(self, path: str) -> str:
        """What the admin interface answers to a GET; "" while it answers nothing."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(PATIENCE)
                connection.connect(str(self._admin))
                connection.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
                return b"".join(iter(lambda: connection.recv(CHUNK), b"")).decode()
        except OSError:
            return ""

    def stat(self, *endings: str) -> int:
        """The sum of the statistics whose names end so."""
        lines = [line.strip().split(": ") for line in self.admin("/stats").splitlines() if ": " in line]
        return sum(int(line[1]) for line in lines if line[0].endswith(endings) and line[1].isdigit())

    def _started(self) -> subprocess.Popen[bytes]:
        command = [str(find_envoy(os.environ).path), "--config-path", str(self._config), "--concurrency", "2"]
        command += ["--disable-hot-restart", "--log-level", "info", "--log-path", str(self._log)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until(lambda: process.poll() is not None or "\nLIVE" in self.admin("/ready"), "Envoy serves")
        assert process.poll() is None, self.log[-2000:]
        return process


class Application(socketserver.ThreadingTCPServer):
    """Speaks enough HTTP/1.1: tells the header lines it got, sends bodies back chunk by chunk, and upgrades.

    What does not begin with a request of these is raw, and is sent back as it comes.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heads: list[bytes] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it is."""
        return int(self.server_address[1])

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(socketserver.StreamRequestHandler):
    server: Application

    def handle(self) -> None:
        while line := self.rfile.readline():
            if not line.endswith(b"HTTP/1.1\r\n"):
                self._echo(line)
                return
            head = line + b"".join(iter(self.rfile.readline, b"\r\n"))
            self.server.heads.append(head.lower())
            if b"upgrade: websocket" in head.lower():
                self.wfile.write(
                    b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
                )
                self._echo(b"")
                return
            self._answer(head.lower())

    def _answer(self, head: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        if b"transfer-encoding: chunked" in head:
            while size := int(self.rfile.readline(), 16):
                self._chunk(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        elif b"content-length: " in head:
            left = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            while left:
                part = self.rfile.read1(min(left, CHUNK))
                self._chunk(part)
                left -= len(part)
        else:
            self._chunk(b"hello")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, part: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))

    def _echo(self, first: bytes) -> None:
        self.wfile.write(first)
        while part := self.rfile.read1(CHUNK):
            self.wfile.write(part)
