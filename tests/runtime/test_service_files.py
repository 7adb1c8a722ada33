from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateline.model.gateway import Keyring
from gateline.model.origin import Origin
from gateline.model.secret import Certificate, Secret
from gateline.model.service import Service
from gateline.processes.isolation import FIRST_UID, NOBODY_ELSE
from gateline.runtime.service_files import ServiceFiles, certificates_of, files_of
from gateline.runtime.state_dir import StateDir, hold_state_dir

US = FIRST_UID + 7 if os.geteuid() == 0 else NOBODY_ELSE


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def test_a_folder_is_the_same_for_the_life_of_a_run_and_each_services_own(state: StateDir) -> None:
    folder = ServiceFiles(state).folder("orders", US)
    assert ServiceFiles(state).folder("orders", US) == ServiceFiles(state).path("orders") == folder
    assert folder.parent == state.task_folder()
    assert ServiceFiles(state).folder("mail", US) != folder


def test_a_file_is_replaced_whole_and_only_when_it_changes(state: StateDir) -> None:
    files = ServiceFiles(state)
    files.put("orders", US, {"secret-A": b"one\n"})
    path = files.path("orders") / "secret-A"
    before = path.stat()
    with path.open("rb") as opened:
        files.put("orders", US, {"secret-A": b"one\n"})
        assert path.stat() == before or path.stat().st_mtime_ns == before.st_mtime_ns
        files.put("orders", US, {"secret-A": b"two\n"})
        assert opened.read() == b"one\n"
    assert path.read_bytes() == b"two\n"
    assert path.stat().st_ino != before.st_ino
    assert [each.name for each in path.parent.iterdir()] == ["secret-A"]


def test_nothing_to_put_makes_no_folder_and_what_was_put_can_be_removed(state: StateDir) -> None:
    files = ServiceFiles(state)
    files.put("orders", US, {})
    assert not files.path("orders").exists()
    files.put("orders", US, {"ca.pem": b"x"})
    files.remove("orders")
    assert not files.path("orders").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="as root services have users of their own")
def test_without_root_only_our_user_may_read(state: StateDir) -> None:
    files = ServiceFiles(state)
    files.put("orders", US, {"secret-A": b"one\n"})
    modes = [
        stat.S_IMODE(each.stat().st_mode)
        for each in (files.path("orders"), files.path("orders") / "secret-A")
    ]
    assert modes == [0o700, 0o400]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become others")
def test_as_root_the_services_user_reads_and_writes_nothing_and_others_do_not_read(state: StateDir) -> None:
    files = ServiceFiles(state)
    files.put("orders", US, {"secret-A": b"one\n"})
    path = files.path("orders") / "secret-A"

    def attempt(uid: int, command: str) -> bytes:
        return subprocess.run(
            ["/bin/sh", "-c", command, "sh", str(path)],
            user=uid,
            group=uid,
            extra_groups=[],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        ).stdout

    assert attempt(US, 'cat "$1"') == b"one\n"
    assert attempt(US + 1, 'cat "$1"') == b""
    attempt(US, 'echo theirs > "$1"; rm -f "$1"; ln -s /etc/passwd "$1"; chmod 777 "$(dirname "$1")"')
    assert path.read_bytes() == b"one\n"
    assert not path.is_symlink()


def test_a_file_holds_one_accepted_value_a_line_in_their_order() -> None:
    service = Service(
        name="orders",
        command=("x",),
        cwd="/",
        secret_files=(("A_FILE", "A"), ("B_FILE", "B")),
        origin=Origin("gateline.yaml"),
    )
    keyring = Keyring(secrets=(Secret("A", b"old", (b"new", b"old")), Secret("B", b"b"), Secret("C", b"c")))
    assert files_of(service, keyring) == {"secret-A": b"new\nold\n", "secret-B": b"b\n"}


def test_a_service_is_given_the_key_set_when_it_asks_for_it() -> None:
    plain = Service(name="orders", command=("serve",), cwd="/", origin=Origin("gateline.yaml"))
    asking = replace(plain, environment=(("KEYS", "{jwks_file}"),))
    keyring = Keyring(jwks=b'{"keys":[]}')
    assert files_of(asking, keyring) == {"jwks.json": b'{"keys":[]}'}
    assert files_of(plain, keyring) == {}


def test_a_service_gets_those_files_of_the_authority_that_it_asks_for() -> None:
    own = Certificate(name="orders", chain=b"chain", private_key=Secret("orders.key", b"key"))
    keyring = Keyring(authority=b"ca", services=(own,))

    def given(*command: str, name: str = "orders") -> dict[str, bytes]:
        service = Service(name=name, command=command, cwd="/", origin=Origin(file="gateline.yaml"))
        assert certificates_of(service, keyring) == files_of(service, keyring)
        return files_of(service, keyring)

    assert given("serve") == {}
    assert given("serve", "{ca_file}") == {"ca.pem": b"ca"}
    assert given("serve", "{certificate_file}", "{private_key_file}") == {
        "certificate.pem": b"chain",
        "private_key.pem": b"key",
    }
    assert given("serve", "{certificate_file}", name="mail") == {}
