from __future__ import annotations

import os
import resource
import socket
import stat
from pathlib import Path

import pytest

from gateline.cli import probes
from gateline.cli.probes import State

UNKNOWN_UID = 12345


@pytest.mark.parametrize(
    ("system", "machine", "state"),
    [
        ("Linux", "x86_64", State.OK),
        ("Linux", "aarch64", State.OK),
        ("Darwin", "arm64", State.OK),
        ("Darwin", "x86_64", State.FAIL),
        ("Windows", "AMD64", State.FAIL),
        ("Linux", "riscv64", State.FAIL),
    ],
)
def test_platforms_without_an_envoy_are_told(system: str, machine: str, state: State) -> None:
    finding = probes.platform_finding(system, machine)
    assert finding.state is state
    assert finding.found == f"{system} {machine}"
    assert bool(finding.advice) == (state is not State.OK)


def test_other_pythons_are_a_warning() -> None:
    assert probes.python_finding("cpython", (3, 11, 7)).state is State.OK
    assert probes.python_finding("pypy", (3, 11, 7)).state is State.WARN


@pytest.mark.envoy
def test_the_installed_envoy_runs() -> None:
    finding = probes.envoy_finding(os.environ)
    assert finding.state is State.OK
    assert finding.found.startswith("1.40.")


def test_an_envoy_that_is_not_there_is_a_fail(tmp_path: Path) -> None:
    finding = probes.envoy_finding({"GATELINE_ENVOY": str(tmp_path / "envoy")})
    assert finding.state is State.FAIL
    assert "GATELINE_ENVOY" in finding.advice


def test_a_free_port_is_fine_and_stays_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        taken = probes.port_finding("127.0.0.1", port)
    assert taken.state is State.FAIL
    assert taken.found == f"127.0.0.1:{port} is taken"
    for _ in range(2):
        assert probes.port_finding("127.0.0.1", port).state is State.OK


def test_an_address_of_another_machine_cannot_be_opened() -> None:
    finding = probes.port_finding("192.0.2.1", 8080)
    assert finding.state is State.FAIL
    assert "not an address of this machine" in finding.advice


@pytest.mark.parametrize(
    ("limit", "state"),
    [
        (resource.RLIM_INFINITY, State.OK),
        (65536, State.OK),
        (4096, State.OK),
        (1024, State.WARN),
        (100, State.FAIL),
    ],
)
def test_a_low_limit_of_open_files_is_told(limit: int, state: State) -> None:
    assert probes.files_finding(limit).state is state


def test_processors_that_the_cgroup_keeps_back_are_told() -> None:
    assert probes.processors_finding(2, 2).found == "2 usable"
    assert probes.processors_finding(2, 8).found == "2 usable of 8"


def test_a_machine_without_ipv6_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(socket, "socket", refuse)
    assert probes.ipv6_finding().state is State.WARN


def test_a_state_folder_may_be_there_or_may_be_made(tmp_path: Path) -> None:
    state = tmp_path / ".gateline"
    assert probes.state_finding(state).state is State.OK
    assert not state.exists()
    state.mkdir()
    assert probes.state_finding(state).state is State.OK


def test_a_state_folder_that_cannot_be_made_is_a_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert probes.state_finding(tmp_path / "none" / ".gateline").state is State.FAIL
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    assert probes.state_finding(tmp_path / ".gateline").state is State.FAIL


def test_a_state_folder_of_another_user_is_a_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / ".gateline"
    state.mkdir(mode=stat.S_IRWXU)
    monkeypatch.setattr(os, "geteuid", lambda: UNKNOWN_UID)
    assert probes.state_finding(state).found.endswith("belongs to another user")


def test_sockets_of_a_deep_project_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 90) / ".gateline"
    assert probes.socket_finding(Path("/p/.gateline"), {}).state is State.OK
    elsewhere = probes.socket_finding(deep, {"XDG_RUNTIME_DIR": str(tmp_path)})
    assert elsewhere.state is State.OK
    assert elsewhere.found.endswith(f"sockets will lie in {tmp_path}")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert probes.socket_finding(deep, {}).state is State.FAIL
