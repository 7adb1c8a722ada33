from __future__ import annotations

import os
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


def test_the_legacy_hierarchy_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "cgroup" / "cpu" / "docker"
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_quota_us").write_text("400000\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "own").write_text("4:cpu,cpuacct:/docker\n1:name=systemd:/docker\n")
    assert usable_processors(tmp_path / "cgroup", tmp_path / "own") == 4


def test_without_cgroups_the_processors_count(tmp_path: Path) -> None:
    assert usable_processors(tmp_path / "none", tmp_path / "none") == 8
