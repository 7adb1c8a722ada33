"""A watched file of targets, behind balancers of both kinds and behind an integration."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from end_to_end.discovery.scene import Scene, running, targets, write_project
from gateline.runtime.notice import Complained

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("discovery")]


def write(path: Path, *ports: int) -> None:
    draft = path.with_name("draft")
    draft.write_text("".join(f"127.0.0.1:{port}\n" for port in ports))
    draft.replace(path)


def test_a_change_of_the_file_is_where_requests_go_and_nothing_but_endpoints_is_sent(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        scene = Scene(tmp_path)
        async with targets("one", "two") as (one, two):
            write(tmp_path / "targets", one.port)
            settings = write_project(scene, {"discover": {"file": "targets"}})
            async with running(scene, settings):
                await scene.until_answered_by("one")
                before = await scene.updates()
                for chosen in (two, one, two):
                    write(tmp_path / "targets", chosen.port)
                    await scene.until_answered_by(chosen.name)
                assert await scene.through_integration() == (200, "two")
                assert await scene.through_tcp() == "two"
                after = await scene.updates()
                assert {kind for kind in after if after[kind] != before[kind]} == {"eds"}
                assert {"cds", "lds", "rds"} <= before.keys()

    asyncio.run(play())


def test_with_something_wrong_in_the_file_the_targets_before_serve_on(tmp_path: Path) -> None:
    async def play() -> None:
        scene = Scene(tmp_path)
        async with targets("one", "two") as (one, two):
            write(tmp_path / "targets", one.port)
            settings = write_project(scene, {"discover": {"file": "targets"}})
            async with running(scene, settings):
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

    asyncio.run(play())
