"""What a task finds, where it listens, what becomes of its words, and what happens when it ends."""

from __future__ import annotations

import os
import select
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.gateway_process import running_gateway
from harness.raw_client import exchange

from .conftest import PASSWORD, PROJECT, Shop, request

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("services")]

KNOWN = {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "GATELINE_TASK"}
CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


def wait_for_end(pid: int) -> None:
    handle = os.pidfd_open(pid)
    assert select.select([handle], [], [], 30)[0]
    os.close(handle)


def test_a_task_finds_what_was_declared_and_nothing_of_the_gateways(shop: Shop) -> None:
    environ = shop.told("/basket")["environ"]
    assert set(environ) <= KNOWN | {"FLAVOUR", "API_PASSWORD", "LC_CTYPE"}
    assert (environ["FLAVOUR"], environ["API_PASSWORD"]) == ("sweet", PASSWORD)
    assert environ["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_tasks_of_a_service_answer_in_turn(shop: Shop) -> None:
    shop.until_steady("basket")
    assert {shop.told("/basket")["pid"] for _ in range(8)} == {
        task["pid"] for task in shop.service("basket")["tasks"]
    }


def test_nobody_else_reaches_a_socket(shop: Shop) -> None:
    for task in shop.until_steady("basket")["tasks"]:
        folder = Path(task["address"]).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(task["address"]) <= 100
        if os.geteuid() == 0:
            stranger = subprocess.run(
                ["/usr/bin/env", "python3", "-c", CONNECT, task["address"]],
                user=65534,
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
            )
            assert "PermissionError" in stranger.stderr


def test_each_task_has_a_log_and_its_words_are_shown(shop: Shop) -> None:
    [first, *_] = shop.until_steady("basket")["tasks"]
    log = shop.gateway.state / "tasks" / "basket" / f"{first['id']}.log"
    assert log.read_text().startswith("serves --socket")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert shop.gateway.output.wait_for(f"basket/{first['id']} | serves --socket")


def test_no_secret_is_in_what_is_kept_said_or_shown(shop: Shop) -> None:
    assert shop.told("/basket")["environ"]["API_PASSWORD"] == PASSWORD
    assert PASSWORD not in shop.gateway.output.text
    assert PASSWORD not in str(shop.service("basket"))
    for path in shop.gateway.state.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path
    for pid in [shop.gateway.pids["gateline"], *(task["pid"] for task in shop.service("basket")["tasks"])]:
        assert PASSWORD.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_worker_without_a_port_is_kept_running_and_its_end_is_told(shop: Shop) -> None:
    [worker] = shop.until_steady("mail")["tasks"]
    assert worker["address"] == ""
    os.kill(worker["pid"], signal.SIGKILL)
    shop.until_gone("mail", worker["id"])
    assert shop.gateway.output.wait_for(f"service mail: task {worker['id']} was ended by signal 9")
    [other] = shop.until_steady("mail")["tasks"]
    assert other["pid"] != worker["pid"]


def test_an_old_task_ends_after_the_request_that_it_is_answering(shop: Shop) -> None:
    release, printed = shop.folder / "release", shop.gateway.output.count
    with ThreadPoolExecutor() as elsewhere:
        held = elsewhere.submit(shop.held)
        shop.gateway.output.wait_for("holding a request", after=printed)
        shop.deploy("orders")
        shop.until(
            "orders",
            lambda service: [t["health"] for t in service["tasks"]] == ["draining", "healthy", "healthy"],
        )
        release.touch()
        told = held.result(30)
    after = shop.until_steady("orders")
    release.unlink()
    assert told["pid"] not in [task["pid"] for task in after["tasks"]]


def test_at_the_end_a_request_is_answered_before_its_task_is_ended(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "shop", tmp_path / "scratch"
    for each in (folder, scratch):
        each.mkdir()
    for path in PROJECT.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    with (
        ThreadPoolExecutor() as elsewhere,
        running_gateway(folder, scratch, {"PASSWORD": PASSWORD}) as gateway,
    ):
        held = elsewhere.submit(exchange, gateway.port, request("/held"))
        gateway.output.wait_for("holding a request")
        os.kill(gateway.pids["gateline"], signal.SIGTERM)
        (folder / "release").touch()
        [answer] = held.result(30)
        wait_for_end(gateway.pids["gateline"])  # a second signal would mean: at once
    assert answer.status == 200
    tasks = gateway.pids["tasks"]
    assert isinstance(tasks, dict)
    assert set(tasks) >= {"orders/1", "orders/2", "basket/1", "shipping/1", "mail/1"}
    for pid in tasks.values():
        assert not Path(f"/proc/{pid}").exists()
    assert gateway.output.text.count("| ends") == len(tasks)
