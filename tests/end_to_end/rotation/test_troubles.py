"""A rotation that somebody does not go along with, and one that a request in flight outlasts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from end_to_end.rotation.conftest import Rotating, request
from gateline.errors import GatelineError

pytestmark = pytest.mark.envoy


@contextmanager
def lying(rotating: Rotating, name: str) -> Iterator[None]:
    """A file of the services' folder, while this lasts."""
    path = rotating.folder / name
    path.touch()
    try:
        yield
    finally:
        path.unlink()


def test_a_request_in_flight_with_the_former_value_is_waited_for(rotating: Rotating) -> None:
    with socket.create_connection(("127.0.0.1", rotating.gateway.port)) as client:
        client.sendall(request("Filed").replace(b"/x ", b"/held "))
        rotating.rotate("Filed")
        answer = rotating.ask({"action": "follow", "secret": "Filed", "seen": 2})
        while not answer["over"] and answer["steps"][-1] != "current":
            answer = rotating.ask({"action": "follow", "secret": "Filed", "seen": len(answer["steps"])})
        with lying(rotating, "release"):
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
            assert rotating.reached("Filed")[-1] == "idle"
    assert rotating.secrets()["Filed"]["problem"] == ""


def test_a_second_rotation_of_a_secret_is_refused_while_one_is_under_way(rotating: Rotating) -> None:
    rotating.rotate("Started")
    with pytest.raises(GatelineError, match="secret Started is being rotated already"):
        rotating.rotate("Started")
    rotating.reached("Started")
