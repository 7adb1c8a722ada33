"""The probe of a secret, against servers that listen."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateline.model.gateway import Keyring
from gateline.model.secret import SecretRef
from gateline.runtime import secret_probe
from gateline.runtime.secret_probe import Says, Verdict, ask
from gateline.runtime.secret_use import Header, Place

HEADERS = (Header("X-Pass", ("pass ", SecretRef("Token"))),)
VALUES = {"Token": b"value\xff"}


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[Place, list[bytes]]]:
    """A server that gives these answers, one a connection; what it got."""
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    read = b""
                    while not read.endswith(b"\r\n\r\n"):
                        read += connection.recv(4096)
                    got.append(read)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Place(label="it", host="127.0.0.1", port=server.getsockname()[1]), got
        finally:
            thread.join()


def asked(place: Place, *, path: str = "", headers: tuple[Header, ...] = HEADERS) -> Verdict:
    return asyncio.run(ask(place, headers, VALUES, keyring=Keyring(), path=path))


GUARDED = b"HTTP/1.1 204 No Content\r\nX-Gateline-Guard: 1\r\n\r\n"
REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


def test_a_guard_is_asked_with_the_header_as_the_gateway_sends_it() -> None:
    with answering(GUARDED) as (place, got):
        assert asked(place) == Verdict(Says.ACCEPTED)
    assert got[0].startswith(b"GET /.well-known/gateline-guard HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nX-Pass: pass value\xff\r\n" in got[0]


def test_a_guard_that_refuses_is_believed() -> None:
    with answering(REFUSED) as (place, _):
        assert asked(place) == Verdict(Says.REFUSED)


@pytest.mark.parametrize("status", [200, 204, 403, 404, 500])
def test_what_does_not_answer_as_a_guard_says_nothing(status: int) -> None:
    with answering(b"HTTP/1.1 %d X\r\n\r\n" % status) as (place, _):
        told = f"no gateline-guard answers there: /.well-known/gateline-guard gives {status}"
        assert asked(place) == Verdict(Says.NOTHING, told)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (200, Says.ACCEPTED),
        (204, Says.ACCEPTED),
        (401, Says.REFUSED),
        (403, Says.REFUSED),
        (404, Says.NOTHING),
        (302, Says.NOTHING),
        (503, Says.NOTHING),
    ],
)
def test_a_path_says_it_by_its_status(status: int, says: Says) -> None:
    with answering(b"HTTP/1.1 %d X\r\n\r\n" % status) as (place, got):
        assert asked(place, path="/accepts?a=1").says is says
    assert got[0].startswith(b"GET /accepts?a=1 HTTP/1.1\r\n")


def test_a_value_counts_as_accepted_in_any_of_its_headers() -> None:
    other = Header("Authorization", (SecretRef("Token"),))
    with answering(REFUSED, GUARDED) as (place, got):
        assert asked(place, headers=(*HEADERS, other)).says is Says.ACCEPTED
    assert b"\r\nAuthorization: value\xff\r\n" in got[1]
    with answering(REFUSED, b"HTTP/1.1 500 X\r\n\r\n") as (place, _):
        assert asked(place, headers=(*HEADERS, other)).says is Says.NOTHING


@pytest.mark.parametrize("answer", [b"", b"\r\n", b"HELLO\r\n\r\n", b"HTTP/1.1 204\r\nA: " + b"a" * 20_000])
def test_what_is_not_http_says_nothing(answer: bytes) -> None:
    with answering(answer) as (place, _):
        assert asked(place) == Verdict(Says.NOTHING, "it does not answer in HTTP/1.1")


def test_nobody_there_says_nothing(tmp_path: Path) -> None:
    assert asked(Place(label="it", socket=str(tmp_path / "none"))).says is Says.NOTHING


def test_who_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_probe, "PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = Place(label="it", host="127.0.0.1", port=silent.getsockname()[1])
        assert asked(place) == Verdict(Says.NOTHING, "it does not answer")


def test_a_target_of_a_network_balancer_is_told_first_that_nobody_else_speaks() -> None:
    with answering(GUARDED) as (place, got):
        announced = Place(label="it", host=place.host, port=place.port, proxy_protocol=True)
        assert asked(announced).says is Says.ACCEPTED
    assert got[0].startswith(bytes.fromhex("0D0A0D0A000D0A515549540A20000000") + b"GET ")
