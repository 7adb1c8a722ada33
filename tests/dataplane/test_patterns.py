"""patterns.lua against compile/rule_pattern.py: what the compiler takes for a fit, the script does too."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa.luajit21 import LuaRuntime

from gateline import dataplane
from gateline.compile.rule_pattern import fits_always, pattern, text

LETTERS = "ab/"


@cache
def script() -> Any:
    """The functions of the script."""
    lua = LuaRuntime(encoding="latin-1")
    front = "\nreturn { fits = function(p, t) return fits_pattern(cut_pattern(p), t) end }"
    return lua.execute(dataplane.script() + front)


@given(st.text(LETTERS + "*?\\\\", max_size=8), st.text(LETTERS + "*?", max_size=10))
def test_script_and_compiler_agree(written: str, path: str) -> None:
    assert script().fits(written, path) is fits_always(pattern(written), text((path,)))


@pytest.mark.parametrize(
    ("written", "path", "fits"),
    [
        ("/img/*", "/img", False),
        ("/img/*", "/img/", True),
        ("*", "", True),
        ("", "", True),
        ("?", "", False),
        ("/a?c/*/e", "/abc/d/e", True),
        ("/a?c/*/e", "/abc/e", False),
        (r"/\*", "/*", True),
        (r"/\*", "/x", False),
        ("a*a", "a", False),
        ("/*b?", "/aab1b2", True),
    ],
)
def test_pieces_stand_where_they_must(written: str, path: str, *, fits: bool) -> None:
    assert script().fits(written, path) is fits
