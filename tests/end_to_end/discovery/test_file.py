"""A watched file of targets, behind balancers of both kinds and behind an integration."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from end_to_end.discovery.scene import Scene, running, targets, write_project
from gateline.runtime.notice import Complained
from harness.health_checked_target import Target

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("discovery")]


def write(path: Path, *ports: int) -> None:
    draft = path.with_name("draft")
    draft.write_text("".join(f"127.0.0.1:{port}\n" for port in ports))
    draft.replace(path)


def played(folder: Path, story: Callable[[Scene, Target, Target], Awaitable[None]]) -> None:
    """A story of two targets, of which a file in this folder names the first."""

    async def play() -> None:
        scene = Scene(folder)
        async with targets("one", "two") as (one, two):
            write(folder / "targets", one.port)
            async with running(scene, write_project(scene, {"discover": {"file": "targets"}})):
                await story(scene, one, two)

    asyncio.run(play())


def test_a_change_of_the_file_is_where_requests_go_and_nothing_but_endpoints_is_sent(
    tmp_path: Path,
) -> None:
    async def story(scene: Scene, one: Target, two: Target) -> None:
        await scene.until_answered_by("one")
        before = await scene.updates()
        for chosen in (two, one, two):
            write(tmp_path / "targets", chosen.port)
            await scene.until_answered_by(chosen.name)
        assert await scene.through_integration() == (200, "two")
        told = (await scene.stack._keeping._inventory())["targets"]
        assert {(each["target_group"], each["port"]) for each in told} == {
            ("orders", two.port),
            ("flows", two.port),
        }
        assert await scene.through_tcp() == "two"
        after = await scene.updates()
        assert {kind for kind in after if after[kind] != before[kind]} == {"eds"}
        assert {"cds", "lds", "rds"} <= before.keys()

    played(tmp_path, story)


def test_with_something_wrong_in_the_file_the_targets_before_serve_on(tmp_path: Path) -> None:
    async def story(scene: Scene, one: Target, two: Target) -> None:
        (tmp_path / "targets").write_text(f"127.0.0.1:{two.port}\n127.0.0.1:x\n")
        await scene.until(lambda: any("cannot be used" in each for each in scene.said))
        assert await scene.get() == (200, "one")
        [complaint] = {
            each
            for notice in scene.notices
            if isinstance(notice, Complained)
            for each in notice.report.diagnostics
            if each.code.name == "GL276"
        }
        assert complaint.origin.file.endswith("targets")
        (tmp_path / "targets").unlink()
        await scene.until(lambda: any("does not exist" in each for each in scene.said))
        assert await scene.get() == (200, "one")
        write(tmp_path / "targets", two.port)
        await scene.until_answered_by("two")

    played(tmp_path, story)


def test_no_request_is_lost_while_targets_come_and_go(tmp_path: Path) -> None:
    async def story(scene: Scene, one: Target, two: Target) -> None:
        over = asyncio.Event()
        answers: list[int] = []

        async def call() -> None:
            while not over.is_set():
                answers.append((await scene.get())[0])

        async with asyncio.TaskGroup() as callers:
            for _ in range(4):
                callers.create_task(call())
            for chosen in (two, one) * 5:
                write(tmp_path / "targets", chosen.port)
                await scene.until_answered_by(chosen.name)
            over.set()
        assert len(answers) > 40
        assert set(answers) == {200}

    played(tmp_path, story)
