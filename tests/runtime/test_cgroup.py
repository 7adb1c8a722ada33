"""What processors and memory read of cgroups is tested with them; here, what they share."""

from __future__ import annotations

from pathlib import Path

from gateline.runtime.cgroup import limits


def test_each_controller_has_its_own_tree_and_the_unified_one_is_for_all(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("4:cpu,cpuacct:/a\n5:memory:/b\n0::/c\n")
    read = limits("memory", lambda p: f"2 {p.name}", lambda p: f"1 {p.name}", cgroups=tmp_path, own=own)
    assert set(read) == {"1 b", "1 memory", "2 c", f"2 {tmp_path.name}"}


def test_what_cannot_be_read_is_no_limit(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/c\n")

    def broken(folder: Path) -> int:
        return int((folder / "nothing").read_text())

    assert list(limits("memory", broken, broken, cgroups=tmp_path, own=own)) == []
    own.write_text("nonsense\n")
    assert list(limits("memory", broken, broken, cgroups=tmp_path, own=own)) == []
