from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.model.service import SchedulingStrategy
from gateline.runtime import cluster as cluster_module
from gateline.runtime.cluster import MOST_TASKS
from gateline.runtime.notice import TaskSaid
from runtime.clusters import ORDERS, WORKER, Playing, played


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_services_run_until_the_cluster_ends(tmp_path: Path) -> None:
    seen: list[int] = []

    async def story(playing: Playing) -> None:
        playing.want(replace(ORDERS, desired_count=2), WORKER)
        assert playing.cluster.degraded == ("mail", "orders")
        await playing.cluster.healthy()
        await playing.until_steady()
        assert not playing.cluster.degraded
        assert set(playing.cluster.pids) == {"orders/1", "orders/2", "mail/1"}
        seen.extend(playing.cluster.pids.values())
        assert all(map(is_alive, seen))

    playing = played(tmp_path, story)
    assert not any(map(is_alive, seen))
    assert playing.changes > 0
    said = {(each.service, each.task) for each in playing.notices if isinstance(each, TaskSaid)}
    assert said == {("orders", "1"), ("orders", "2"), ("mail", "1")}


def test_a_list_tells_services_and_tasks(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(WORKER, ORDERS)
        await playing.until_steady("mail")
        await playing.until_steady()
        mail, orders = playing.cluster.listing()
        [task] = orders.pop("tasks")
        [deployment] = orders.pop("deployments")
        assert deployment.pop("created_at").endswith("Z")
        assert deployment == {
            "number": 1,
            "status": "PRIMARY",
            "rollout_state": "COMPLETED",
            "rollout_state_reason": "",
            "revision": task["revision"],
            "desired": 1,
            "running": 1,
            "pending": 0,
            "healthy": 1,
            "failed_tasks": 0,
            "rolls_back": None,
        }
        assert orders == {
            "name": "orders",
            "desired": 1,
            "running": 1,
            "healthy": 1,
            "pending": 0,
            "rollout_state": "COMPLETED",
            "steady": True,
            "target_group": "orders",
        }
        assert task["pid"] == playing.cluster.pids["orders/1"]
        assert task["address"].startswith("127.0.0.1:")
        assert (task["id"], task["health"]) == ("1", "healthy")
        assert mail["target_group"] == mail["tasks"][0]["address"] == ""

    played(tmp_path, story)


def test_a_service_is_scaled_within_bounds(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(ORDERS)
        assert playing.cluster.scale("orders", 2)["desired"] == 2
        await playing.until_steady()
        playing.want(ORDERS)
        assert playing.service()["desired"] == 2
        playing.want(replace(ORDERS, desired_count=3))
        assert playing.service()["desired"] == 3
        playing.cluster.scale("orders", 0)
        await playing.until_steady()
        assert not playing.cluster.degraded
        for count in (-1, MOST_TASKS + 1):
            with pytest.raises(GatelineError, match=f"0 to {MOST_TASKS} tasks, not {count}"):
                playing.cluster.scale("orders", count)
        with pytest.raises(GatelineError, match="called order; there are: orders"):
            playing.cluster.scale("order", 1)

    played(tmp_path, story)


def test_a_daemon_is_not_scaled(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(replace(WORKER, scheduling_strategy=SchedulingStrategy.DAEMON))
        with pytest.raises(GatelineError, match="mail is a DAEMON: it has one task on each machine"):
            playing.cluster.scale("mail", 2)

    played(tmp_path, story)


def test_a_deployment_replaces_all_tasks_and_can_be_waited_for(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(replace(ORDERS, desired_count=2))
        await playing.until_steady()
        told = await playing.cluster.deploy("orders", wait=True)
        assert told["rollout_state"] == "COMPLETED"
        assert {"3", "4"} <= {task["id"] for task in told["tasks"]}
        assert (await playing.cluster.deploy("orders", wait=False))["rollout_state"] == "IN_PROGRESS"
        await playing.until_steady()
        assert playing.ids() == ["5", "6"]
        with pytest.raises(GatelineError, match="called order; there are: orders"):
            await playing.cluster.deploy("order", wait=True)

    played(tmp_path, story)


def test_a_deployment_that_does_not_come_to_an_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "DEPLOYMENT_SECONDS", 0.1)

    async def story(playing: Playing) -> None:
        playing.want(replace(ORDERS, environment=(("HEALTH", "503"),)))
        with pytest.raises(GatelineError, match=r"not what is wanted after 0\.1 s; it goes on trying"):
            await playing.cluster.deploy("orders", wait=True)

    played(tmp_path, story)


def test_who_waits_for_a_service_that_ends_is_told(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(replace(ORDERS, command=("sleep", "60", "{port}")))
        waiting = asyncio.ensure_future(playing.cluster.deploy("orders", wait=True))
        await asyncio.sleep(0)
        playing.want()
        with pytest.raises(GatelineError, match="called orders; there are: none"):
            await waiting

    played(tmp_path, story)


def test_another_value_of_a_secret_is_another_revision(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(ORDERS)
        await playing.until_steady()
        playing.want(ORDERS)
        assert playing.ids() == ["1"]
        playing.want(ORDERS, token="rotated")
        await playing.until(lambda: "1" not in playing.ids())
        await playing.until_steady()
        assert playing.ids() == ["2"]

    playing = played(tmp_path, story)
    assert "rotated" not in str(playing.notices)


def test_a_service_that_is_wanted_no_more_ends_gently_and_may_come_back(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(ORDERS, WORKER)
        await playing.until_steady("mail")
        playing.want(ORDERS)
        playing.want(ORDERS)  # another edit: it is not asked twice
        await playing.until(lambda: [each["name"] for each in playing.cluster.listing()] == ["orders"])
        assert TaskSaid("mail", "1", "ends") in playing.notices
        playing.want(ORDERS, WORKER)
        playing.want(ORDERS)
        playing.want(ORDERS, WORKER)
        await playing.until_steady("mail")
        await playing.until_steady()

    played(tmp_path, story)


def test_a_service_without_a_healthy_task_is_degraded_until_it_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "HEALTHY_SECONDS", 0.2)

    async def story(playing: Playing) -> None:
        playing.want(replace(ORDERS, environment=(("HEALTH", "503"),)))
        await playing.cluster.healthy()
        assert playing.cluster.degraded == ("orders",)
        assert "no task is healthy after 0.2 s" in playing.told
        playing.want(ORDERS)
        await playing.until_steady()
        assert not playing.cluster.degraded

    played(tmp_path, story)


def test_whoever_is_in_a_hurry_waits_for_no_task(tmp_path: Path) -> None:
    stubborn = replace(
        WORKER,
        command=("sh", "-c", "trap '' TERM; echo deaf; sleep 60 & wait; sleep 60"),
        stop_timeout=timedelta(seconds=60),
    )

    async def story(playing: Playing) -> None:
        playing.want(stubborn)
        await playing.until(lambda: TaskSaid("mail", "1", "deaf") in playing.notices)
        playing.cluster.hurry()

    played(tmp_path, story)


def test_a_task_that_ends_by_itself_is_told_with_its_last_words_and_started_again(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(ORDERS)
        await playing.until_steady()
        os.kill(playing.cluster.pids["orders/1"], signal.SIGKILL)
        await playing.until(lambda: playing.ids() == ["2"])
        await playing.until_steady()

    playing = played(tmp_path, story)
    assert "task 1 was ended by signal 9 serves --port" in playing.told


def file_of(pid: int) -> Path:
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return Path(next(each for each in environment if each.startswith(b"TOKEN_FILE="))[11:].decode())


def content(file: Path) -> bytes:
    return file.read_bytes()


def test_another_value_in_a_file_reaches_a_task_that_runs_and_replaces_none(tmp_path: Path) -> None:
    reading = replace(ORDERS, secrets=(), secret_files=(("TOKEN_FILE", "Token"),))

    async def story(playing: Playing) -> None:
        playing.want(reading)
        await playing.until_steady()
        [pid] = playing.cluster.pids.values()
        file = file_of(pid)
        assert content(file) == b"first\n"
        playing.want(reading, accepted=(b"second", b"first"))
        assert content(file) == b"second\nfirst\n"
        await playing.until_steady()
        assert list(playing.cluster.pids.values()) == [pid]
        playing.want()
        await playing.until(lambda: not playing.cluster.listing())
        assert not file.parent.exists()

    playing = played(tmp_path, story)
    assert "second" not in str(playing.notices)
