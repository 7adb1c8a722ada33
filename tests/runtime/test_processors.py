from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateline.runtime.processors import usable_processors


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)


def unified(tmp_path: Path, quotas: dict[str, str], own: str) -> int:
    for folder, quota in quotas.items():
        place = tmp_path / "cgroup" / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "cpu.max").write_text(quota + "\n")
    (tmp_path / "own").write_text(f"0::{own}\n")
    return usable_processors(tmp_path / "cgroup", tmp_path / "own")


def test_without_a_limit_all_processors_of_the_affinity_count(tmp_path: Path) -> None:
    assert unified(tmp_path, {"": "max 100000"}, "/") == 8


def test_a_quota_limits_and_rounds_up(tmp_path: Path) -> None:
    assert unified(tmp_path, {"app": "250000 100000"}, "/app") == 3


def test_the_tightest_quota_above_counts(tmp_path: Path) -> None:
    assert unified(tmp_path, {"app": "200000 100000", "app/part": "max 100000"}, "/app/part") == 2


def test_less_than_one_processor_is_one(tmp_path: Path) -> None:
    assert unified(tmp_path, {"": "10000 100000"}, "/") == 1


def test_a_cgroup_that_its_own_namespace_does_not_show_is_the_root_of_it(tmp_path: Path) -> None:
    assert unified(tmp_path, {"": "150000 100000"}, "/docker/0123") == 2
    assert unified(tmp_path, {"": "150000 100000"}, "/../other") == 2


@pytest.mark.parametrize("content", ["", "max", "100000", "a b", "-1 100000 7"])
def test_what_is_no_quota_limits_nothing(tmp_path: Path, content: str) -> None:
    assert unified(tmp_path, {"app": content}, "/app") == 8


def test_a_cgroup_may_have_any_name(tmp_path: Path) -> None:
    assert unified(tmp_path, {"é:app": "100000 100000"}, "/é:app") == 1


def legacy(tmp_path: Path, mount: str, quotas: dict[str, str]) -> int:
    for folder, quota in quotas.items():
        place = tmp_path / "cgroup" / mount / folder
        place.mkdir(parents=True)
        (place / "cpu.cfs_quota_us").write_text(f"{quota}\n")
        (place / "cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "own").write_text("4:cpu,cpuacct:/docker/0123\n1:name=systemd:/docker\n0::/docker\n")
    return usable_processors(tmp_path / "cgroup", tmp_path / "own")


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
@pytest.mark.parametrize("folder", ["docker/0123", "docker", "."])
def test_the_legacy_hierarchy_is_read(tmp_path: Path, mount: str, folder: str) -> None:
    assert legacy(tmp_path, mount, {folder: "350000"}) == 4


def test_the_legacy_hierarchy_may_limit_nothing(tmp_path: Path) -> None:
    assert legacy(tmp_path, "cpu", {"docker/0123": "-1"}) == 8


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
def test_a_set_of_processors_limits() -> None:
    program = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from gateline.runtime.processors import usable_processors; print(usable_processors())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    assert subprocess.check_output([sys.executable, "-c", program], env=environment) == b"1\n"


def test_without_cgroups_the_processors_count(tmp_path: Path) -> None:
    assert usable_processors(tmp_path / "none", tmp_path / "none") == 8
