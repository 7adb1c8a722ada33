from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from gateline.prove.machine import (
    addresses,
    descendants,
    families,
    function_users,
    is_ours,
    listeners,
    listens_at,
    looser_than_ours,
    relatives,
    unix_listeners,
    who_else_enters,
)
from gateline.services.task import MARK


def test_the_loopback_addresses_come_first() -> None:
    assert addresses()[:2] == ("127.0.0.1", "::1")


def test_addresses_are_those_that_the_kernel_tells(tmp_path: Path) -> None:
    net = tmp_path / "net"
    net.mkdir()
    (net / "fib_trie").write_text(
        "Local:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 127.0.0.1\n        /32 host LOCAL\n"
        "     |-- 192.0.2.2\n        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n"
    )
    (net / "if_inet6").write_text(
        "fe8000000000000000fc00fffe000001 04 40 20 80 eth0\n20010db8000000000000000000000001 04 40 00 80 eth0\n"
    )
    found = ("127.0.0.1", "::1", "192.0.2.2", "fe80::fc:ff:fe00:1%4", "2001:db8::1")
    assert addresses(tmp_path) == found
    assert is_ours("192.0.2.2", found)
    assert is_ours("127.0.0.9", found)
    assert not is_ours("192.0.2.3", found)
    assert not is_ours("db.internal", found)


def test_a_listener_is_found_with_its_address_and_its_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as near, socket.create_server(("0.0.0.0", 0)) as wide:
        told = {each.port: each for each in listeners()}
        assert told[near.getsockname()[1]].address == "127.0.0.1"
        assert not told[near.getsockname()[1]].is_wildcard
        assert told[wide.getsockname()[1]].is_wildcard
        mine = listens_at([os.getpid()], told.values())
        assert mine is not None
        assert {near.getsockname()[1], wide.getsockname()[1]} <= {each.port for each in mine}
    assert listens_at([os.getpid()], told.values(), Path("/nowhere")) == set()


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_a_listener_of_ipv6_is_found() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6) as wide:
        assert any(each.is_wildcard and each.port == wide.getsockname()[1] for each in listeners())


def test_descendants_are_a_process_and_what_it_started() -> None:
    assert os.getpid() in set(descendants(os.getppid(), families()))
    assert list(descendants(7, {7: [8, 9], 9: [10], 1: [7]})) == [7, 9, 10, 8]


def test_who_left_its_family_is_known_by_its_mark() -> None:
    words = ["/bin/sh", "-c", "echo; read _"]
    pipe = subprocess.PIPE
    environ = {MARK: "house/task/orders/1"}
    with (
        subprocess.Popen(words, stdin=pipe, stdout=pipe, env=environ) as task,
        subprocess.Popen(words, stdin=pipe, stdout=pipe, env=environ) as stray,
        subprocess.Popen(words, stdin=pipe, stdout=pipe, env={MARK: "house/task/orders/2"}) as other,
    ):
        for process in (task, stray, other):
            assert process.stdout is not None
            process.stdout.readline()
        assert set(relatives(task.pid, {})) == {task.pid, stray.pid}
        for process in (task, stray, other):
            process.communicate()
    assert relatives(os.getpid(), {}) == (os.getpid(),)


def test_unix_sockets_that_listen_are_found_with_and_without_a_file(tmp_path: Path) -> None:
    names = [str(tmp_path / "a"), f"\0gateline-{os.getpid()}", f"\0quiet-{os.getpid()}"]
    sockets = [socket.socket(socket.AF_UNIX) for _ in names]
    try:
        for each, name in zip(sockets, names, strict=True):
            each.bind(name)
        for each in sockets[:2]:
            each.listen()
        mine = listens_at([os.getpid()], unix_listeners())
    finally:
        for each in sockets:
            each.close()
    assert mine is not None
    assert {each.path for each in mine} >= {names[0], f"@gateline-{os.getpid()}"}
    assert f"@quiet-{os.getpid()}" not in {each.path for each in mine}


def test_the_users_of_functions_are_those_of_their_processes() -> None:
    words = ["/bin/sh", "-c", "echo; read _"]
    pipe = subprocess.PIPE
    environ = {"AWS_LAMBDA_FUNCTION_NAME": "judge"}
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, env=environ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = function_users(os.getpid())  # other tests of this process may have gateways that run
        assert found["judge"] == {os.geteuid()}
        process.communicate()
    assert function_users(None) == {}


def test_rights_of_others_count_through_all_folders() -> None:
    with tempfile.TemporaryDirectory() as folder:  # not below pytest's own, which nobody else may enter
        outer = Path(folder)
        file = outer / "secret"
        file.write_text("x")
        outer.chmod(0o755)
        file.chmod(0o644)
        assert "0644" in who_else_enters(file)
        file.chmod(0o600)
        assert who_else_enters(file) == ""
        file.chmod(0o644)
        outer.chmod(0o700)
        assert who_else_enters(file) == ""


def test_what_is_ours_alone_has_no_rights_for_others(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.touch()
    file.chmod(0o600)
    assert looser_than_ours(file) == ""
    file.chmod(0o640)
    assert looser_than_ours(file) == "mode 0640"
    with pytest.raises(FileNotFoundError):
        looser_than_ours(tmp_path / "missing")
