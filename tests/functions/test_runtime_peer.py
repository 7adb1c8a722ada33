from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateline.functions.runtime_peer import is_of_worker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")

CONNECTS = """
import os, socket, sys
family, host = (socket.AF_INET6, "::ffff:127.0.0.1") if sys.argv[2] == "mapped" else (socket.AF_INET, "127.0.0.1")
if sys.argv[3] == "child" and os.fork():
    os.wait()
    sys.exit()
if len(sys.argv) > 4:
    os.setuid(int(sys.argv[4]))
with socket.socket(family) as connection:
    connection.connect((host, int(sys.argv[1])))
    sys.stdin.read()
"""


@contextmanager
def a_connection(*how: str, session: bool = True) -> Iterator[tuple[int, int, int]]:
    """Another process connects: its port, ours, its session."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        own = server.getsockname()[1]
        arguments = [sys.executable, "-I", "-c", CONNECTS, str(own), *how]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, start_new_session=session) as process:
            accepted, (_, peer) = server.accept()
            with accepted:
                yield peer, own, process.pid
            assert process.stdin is not None
            process.stdin.close()


@pytest.mark.parametrize("how", [("plain", "self"), ("mapped", "self"), ("plain", "child")], ids=str)
def test_the_worker_and_its_children_are_let_in(how: tuple[str, str]) -> None:
    with a_connection(*how) as (peer, own, session):
        assert is_of_worker(peer, own, uid=os.getuid(), session=session)


def test_a_process_of_another_session_is_not() -> None:
    with a_connection("plain", "self") as (peer, own, _):
        assert not is_of_worker(peer, own, uid=os.getuid(), session=os.getsid(0))


def test_a_process_of_another_user_is_not() -> None:
    with a_connection("plain", "self") as (peer, own, session):
        assert not is_of_worker(peer, own, uid=os.getuid() + 1, session=session)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_a_worker_of_its_own_user_is_let_in_as_that_user_only() -> None:
    with a_connection("plain", "self", "54321") as (peer, own, session):
        assert is_of_worker(peer, own, uid=54321, session=session)
        assert not is_of_worker(peer, own, uid=0, session=session)


def test_a_connection_that_is_gone_is_nobody_s() -> None:
    with a_connection("plain", "self") as (peer, own, session):
        pass
    assert not is_of_worker(peer, own, uid=os.getuid(), session=session)
