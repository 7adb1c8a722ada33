"""The guard's law: the standard library only, and one front door."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import gateline_guard

FILES = sorted(Path(gateline_guard.__file__).parent.glob("*.py"))


def test_the_guard_imports_the_standard_library_only() -> None:
    assert len(FILES) > 8
    strangers = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            strangers |= {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name.partition(".")[0] for name in strangers} == {"gateline_guard"}


def test_no_file_of_the_guard_is_long() -> None:
    assert [path.name for path in FILES if path.read_text(encoding="utf-8").count("\n") > 400] == []


def test_the_front_door_is_five_names() -> None:
    assert gateline_guard.__all__ == ["Guard", "GuardASGI", "GuardWSGI", "Proof", "Refused"]
