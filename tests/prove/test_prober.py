from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateline.prove import prober

REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@contextmanager
def answering(answer: bytes, *, family: int = socket.AF_INET, path: str = "") -> Iterator[dict[str, Any]]:
    """A server that answers so, once for each connection, and hangs up; where it is."""
    server = socket.socket(family, socket.SOCK_STREAM)
    server.bind(path or ("127.0.0.1", 0))
    server.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                if answer:
                    connection.recv(4096)
                    connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        where: dict[str, Any] = (
            {"path": path} if path else {"address": "127.0.0.1", "port": server.getsockname()[1]}
        )
        yield {**where, "request": REQUEST}
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", {"outcome": "answered", "status": 200}),
        (
            b"HTTP/1.1 403 Forbidden\r\nX-Amzn-ErrorType: X\r\n\r\n",
            {"outcome": "answered", "status": 403, "by_gateway": True},
        ),
        (
            b"HTTP/1.1 404 Not Found\r\nX-Amzn-ErrorType: X\r\nx-amzn-Remapped-Date: X\r\n\r\n",
            {"outcome": "answered", "status": 404},
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n<h1>No required SSL certificate was sent</h1>",
            {"outcome": "answered", "status": 400, "no_certificate": True},
        ),
        (b"hello\r\n\r\n", {"outcome": "answered", "status": 0}),
        (b"", {"outcome": "hung up"}),
    ],
)
def test_an_answer_is_told_and_nothing_of_its_content(answer: bytes, seen: dict[str, Any]) -> None:
    with answering(answer) as wanted:
        assert prober.attempt(wanted) == seen


def test_a_socket_is_reached_by_its_path(tmp_path: Path) -> None:
    with answering(b"HTTP/1.1 401 No\r\n\r\n", family=socket.AF_UNIX, path=str(tmp_path / "s")) as wanted:
        assert prober.attempt(wanted)["status"] == 401
    assert prober.attempt({"path": str(tmp_path / "none"), "request": ""}) == {"outcome": "missing"}


def test_where_nobody_listens_the_connection_is_refused() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        wanted = {"address": "127.0.0.1", "port": bound.getsockname()[1], "request": REQUEST}
        assert prober.attempt(wanted) == {"outcome": "connection refused"}


def test_a_connection_that_is_kept_is_told_from_one_that_is_hung_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        wanted = {"address": "127.0.0.1", "port": silent.getsockname()[1], "request": ""}
        assert prober.attempt(wanted) == {"outcome": "connected"}
    with answering(b"") as hanging:
        assert prober.attempt({**hanging, "request": ""}) == {"outcome": "hung up"}


def test_a_server_without_tls_refuses_tls() -> None:
    with answering(b"HTTP/1.1 400 Bad\r\n\r\n") as wanted:
        tls = {"server_name": "", "certificate": "", "private_key": ""}
        assert prober.attempt({**wanted, "tls": tls})["outcome"] == "TLS refused"


def test_a_server_that_answers_nothing_is_left_alone_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober, "ANSWER_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        wanted = {"address": "127.0.0.1", "port": silent.getsockname()[1], "request": REQUEST}
        outcomes = [each["outcome"] for each in prober.all_of([wanted] * 5)]
    assert outcomes == ["silent"] * 3 + ["fault"] * 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_server_that_takes_its_time_does_not_cost_what_is_seen_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prober, "SLOW_SECONDS", 0.0)
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as server:
        assert prober.all_of([server]) == [prober.TOO_SLOW]
    monkeypatch.setattr(prober, "SLOW_SECONDS", 60.0)
    monkeypatch.setattr(prober, "ALL_SECONDS", 0.0)
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as server:
        assert prober.all_of([server]) == [prober.TOO_SLOW]


def test_what_cannot_be_sent_does_not_cost_what_is_seen_of_others() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as server:
        odd = {**server, "request": "GET /\u65e5 HTTP/1.1\r\n\r\n"}
        seen = prober.all_of([odd, server])
    assert [each["outcome"] for each in seen] == ["fault", "answered"]


def test_another_user_is_kept_out_of_a_private_folder(tmp_path: Path) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", family=socket.AF_UNIX, path=str(tmp_path / "s")) as wanted:
        (tmp_path / "s").chmod(0o777)
        tmp_path.chmod(0o700)
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(Path(prober.__file__)), "-", "65534"],
            input=json.dumps([wanted]).encode(),
            capture_output=True,
            check=True,
        )
    assert json.loads(done.stdout) == [{"outcome": "permission denied"}]


def test_what_is_this_machines_no_more_is_not_asked_elsewhere() -> None:
    """Whoever has the address there, or answers for all (a proxy), is nobody of ours: found in two proofs at a time."""
    gone = {"address": "203.0.113.9", "port": 80, "own": True, "request": REQUEST}  # RFC 5737: nobody's
    assert prober.attempt(gone) == {"outcome": "unreachable"}


def test_an_address_of_this_machine_is_asked_from_that_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = {"address": "127.0.0.1", "port": server.getsockname()[1], "own": True, "knock": True}
        assert prober.attempt(where) == {"outcome": "connected"}
        connection, peer = server.accept()
        connection.close()
    assert peer[0] == "127.0.0.1"


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None, reason="wants root and iproute2")
@pytest.mark.parametrize("own", [False, True])
def test_nobody_is_connected_with_itself(own: bool) -> None:
    """A connection may be given the very port that it asks for: then it has reached nobody, and hears itself."""
    name, only = f"gateline-test-{os.getpid()}", 40_000
    within = ["ip", "netns", "exec", name]
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        few = f"ip link set lo up && echo {only} {only} > /proc/sys/net/ipv4/ip_local_port_range"
        subprocess.run([*within, "sh", "-c", few], check=True)
        attempts = [
            {"address": address, "port": only, "own": own, "request": REQUEST}
            for address in ("127.0.0.1", "::1")
        ]
        words = [sys.executable, "-I", "-S", prober.__file__, f"/run/netns/{name}", "-1"]
        done = subprocess.run(words, input=json.dumps(attempts).encode(), capture_output=True, check=True)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)
    assert {each["outcome"] for each in json.loads(done.stdout)} <= {"connection refused", "unreachable"}
