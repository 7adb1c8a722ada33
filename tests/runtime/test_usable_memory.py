from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateline.runtime.usable_memory import usable_memory

PAGE = 4096
MACHINE = PAGE * 1_000_000


@pytest.fixture(autouse=True)
def four_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": PAGE, "SC_PHYS_PAGES": 1_000_000}.__getitem__)


def usable(tmp_path: Path, name: str, limits: dict[str, str], own: str) -> int:
    for folder, limit in limits.items():
        place = tmp_path / "cgroup" / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(limit + "\n")
    (tmp_path / "own").write_text(own + "\n")
    return usable_memory(tmp_path / "cgroup", tmp_path / "own")


def test_without_a_limit_it_is_the_machines(tmp_path: Path) -> None:
    assert usable(tmp_path, "memory.max", {"": "max"}, "0::/") == MACHINE
    assert usable_memory(tmp_path / "nothing", tmp_path / "nobody") == MACHINE


def test_the_tightest_limit_above_counts(tmp_path: Path) -> None:
    limits = {"app": "500000000", "app/part": "900000000"}
    assert usable(tmp_path, "memory.max", limits, "0::/app/part") == 500_000_000


def test_the_first_version_is_known_too(tmp_path: Path) -> None:
    limits = {"memory/app": "400000000", "memory": "9223372036854771712"}
    assert usable(tmp_path, "memory.limit_in_bytes", limits, "5:memory:/app") == 400_000_000
