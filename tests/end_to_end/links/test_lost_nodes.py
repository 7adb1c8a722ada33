"""Nodes and gateways that are lost under load: who asks gets an answer from whoever is left."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Self

import pytest

from end_to_end.links.linked_gateway import Linked, free_ports, linked_gateway, until
from harness.raw_client import RawConnection
from proofs.tunnel_ends import Application

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("links")]

CALLERS: Final = 8
UPGRADE: Final = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
REQUEST: Final = b"GET /dev/orders HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[Linked]:
    """A gateway with the nodes n1 and n2."""
    with Application() as application:
        exports = {"orders": f"http://127.0.0.1:{application.port}"}
        with linked_gateway(tmp_path, exports) as running:
            yield running


class Callers:
    """Callers who ask again and again; each answer with when it came and how long it took."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self.answers: list[tuple[float, int, float]] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CALLERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def until_good(self, since: float, seconds: float) -> None:
        """Wait until answers have been good for so long, none of which was asked for before `since`."""

        def is_good() -> bool:
            after = [each for each in list(self.answers) if each[0] - each[2] > since]
            bad = max((at for at, status, _ in after if status != 200), default=since)
            good = [at for at, status, _ in after if status == 200 and at > bad]
            return len(good) > CALLERS * 5 and max(good) - bad > seconds

        until(is_good, "answers are good again")

    def told(self, since: float) -> str:
        """What became of requests around a moment, in numbers; those in flight then too."""
        after = [each for each in self.answers if each[0] > since]
        bad = [at - since for at, status, _ in after if status != 200]
        slowest = max(took for _, _, took in after)
        counted = dict(Counter(status for _, status, _ in after))
        return f"{counted}, slowest {slowest:.2f} s, last bad {max(bad, default=0):.2f} s after"

    def _run(self) -> None:
        while not self._stop.is_set():
            start = time.monotonic()
            status = 0
            with suppress(OSError), RawConnection(self._port) as connection:
                connection.send(REQUEST)
                answer = connection.receive()
                status = answer.status if answer else 0
            if not status:
                self._stop.wait(0.01)  # nobody is there
            now = time.monotonic()
            self.answers.append((now, status, now - start))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_node_that_dies_or_hangs_is_left_by_all_that_is_asked_afterwards(
    linked: Linked, how: signal.Signals
) -> None:
    lost = linked.joined("n1")
    linked.joined("n2")
    with Callers(linked.gateway.port) as callers:
        until(lambda: len(callers.answers) > 100, "they are busy")
        at = time.monotonic()
        lost.all_get(how)
        callers.until_good(at, 3.0)
    said = callers.told(at)
    print(f"{how.name}: {said}")
    before = [status for when, status, _ in callers.answers if when < at]
    assert set(before) == {200}
    bad = [each for each in callers.answers if each[1] != 200]
    # Those in flight at that moment are lost with it; a POST could not be sent twice.
    assert len(bad) <= CALLERS * 2, said


def test_a_node_that_joins_costs_nobody_anything(linked: Linked) -> None:
    linked.joined("n1")
    with socket.create_connection(("127.0.0.1", linked.ports.web), timeout=20) as held:
        held.sendall(UPGRADE)
        assert held.recv(4096).startswith(b"HTTP/1.1 101 ")
        with Callers(linked.gateway.port) as callers:
            until(lambda: len(callers.answers) > 50, "they are busy")
            linked.joined("n2")
            callers.until_good(time.monotonic(), 1.0)
        held.sendall(b"\x81\x00still")
        assert held.recv(4096) == b"\x81\x00still"
    assert {status for _, status, _ in callers.answers} == {200}


def test_nodes_come_back_to_an_envoy_that_was_killed(linked: Linked) -> None:
    linked.joined("n1")
    with Callers(linked.gateway.port) as callers:
        until(lambda: len(callers.answers) > 20, "they are busy")
        at = time.monotonic()
        os.kill(linked.gateway.pids["envoy"], signal.SIGKILL)
        callers.until_good(at, 1.0)
    print(f"Envoy killed: {callers.told(at)}")
    until(lambda: linked.connections("n1") > 0, "the gateway says so")


def test_nodes_come_back_to_a_gateway_that_was_stopped_and_started(tmp_path: Path) -> None:
    ports = free_ports()
    with Application() as application, ExitStack() as stack:
        exports = {"orders": f"http://127.0.0.1:{application.port}"}
        with linked_gateway(tmp_path, exports, ports=ports) as before:
            before.joined("n1", stack=stack)
        with linked_gateway(tmp_path, exports, ports=ports) as after:
            took = until(lambda: _status(after.gateway.port) == 200, "the node is back")
            until(lambda: after.connections("n1") > 0, "the gateway says so")
    print(f"gateway restarted: {took:.2f} s after it served")


def _status(port: int) -> int:
    with RawConnection(port) as connection:
        connection.send(REQUEST)
        answer = connection.receive()
        return answer.status if answer else 0
