"""Many bodies that are held back do not take all memory: whoever holds most is ended, or nobody else is let in.

And when they have gone, everybody is served again.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from compile.gateways import api, gateway, http_proxy, method
from gateline.compile.bootstrap import bootstrap
from proofs.running_envoy import RunningEnvoy, bootstrap_of, running_envoy

MEMORY: Final = 160_000_000
BODY: Final = 9_900_000
HOLDERS: Final = 60  # together they would hold 600 MB
PATIENCE: Final = 20.0


def bounded() -> dict[str, Any]:
    """A gateway with so little memory, which holds back bodies without a length."""
    made: Any = bootstrap(node="edge", xds_socket="x", admin_socket="a", memory=MEMORY)
    static = bootstrap_of(gateway(api(method("POST", "/held"), method("GET", "/seen", http_proxy()))))
    return static | {"overload_manager": made["overload_manager"]}


def allocated(envoy: RunningEnvoy) -> int:
    """Bytes of heap that Envoy holds."""
    return int(json.loads(envoy.admin("/memory"))["allocated"])


def held(port: int) -> tuple[socket.socket, bool]:
    """A connection whose body has come but for its end, and whether it was let in."""
    opened = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    try:
        opened.sendall(b"POST /dev/held HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        opened.sendall(b"%x\r\n%b\r\n" % (BODY, b"a" * BODY))
    except ConnectionError:
        return opened, False
    return opened, True


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold, be it for a moment: what Envoy's heap holds goes up and down a little."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := holds()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


@pytest.fixture(scope="module")
def envoy() -> Any:
    with running_envoy(bounded()) as running:
        yield running


def test_bodies_of_many_connections_do_not_take_all_memory(envoy: RunningEnvoy) -> None:
    before = allocated(envoy)
    holders: list[socket.socket] = []
    try:
        is_let_in = True
        while is_let_in and len(holders) < HOLDERS:
            opened, is_let_in = held(envoy.port)
            holders.append(opened)
        assert not is_let_in
        assert allocated(envoy) < 2 * MEMORY  # Envoy looks every 100 ms
        # There is no backend. Of requests that could fill the rest some are ended, the others are served.
        answer = envoy.get("/dev/seen")
        assert (answer.status, answer.body) in (
            (503, b'{"message":"Service Unavailable"}'),
            (504, b'{"message": "Network error communicating with endpoint"}'),
        )
    finally:
        for each in holders:
            each.close()
    assert eventually(lambda: allocated(envoy) < before + 20_000_000)
    assert eventually(lambda: envoy.get("/dev/nothing").status == 403)
