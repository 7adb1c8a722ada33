"""Which texts fit: compared with RE2 itself, which is what Envoy asks."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa.luajit21 import LuaRuntime

from gateline import dataplane
from gateline.expressions.automaton import Automaton, accepts, automaton, is_table
from gateline.expressions.edges import without_anchors
from gateline.expressions.re2 import written
from gateline.expressions.syntax import parse
from harness.envoys_re2 import fits

ATOMS = [
    "a",
    "b",
    "/",
    ".",
    "[ab]",
    "[^a]",
    "[a-c/]",
    r"\d",
    r"\W",
    r"\.",
    "B",
    "(?:a|b/)",
    "(ab)",
    "(?:x{2})",
]
SIGNS = ["", "", "", "*", "+", "?", "*?", "{2}", "{1,2}", "{0,}"]


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """Expressions of the dialect, some with anchors."""
    ways = [
        "".join(
            draw(st.sampled_from(ATOMS)) + draw(st.sampled_from(SIGNS))
            for _ in range(draw(st.integers(1, 4)))
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    begin, end = draw(st.sampled_from(["", "^"])), draw(st.sampled_from(["", "$"]))
    fold = draw(st.sampled_from(["", "(?i)"]))
    return f"{fold}{begin}(?:{'|'.join(ways)}){end}"


TEXTS = st.text("abcAB/1.x", max_size=8)


@cache
def script() -> Any:
    """The script's way to judge a path."""
    lua = LuaRuntime(encoding="latin-1")
    front = "\nreturn { fits = function(p, t) return fits_path(read_pattern(p), t) end }"
    return lua.execute(dataplane.script() + front)


@given(expressions(), TEXTS)
def test_python_the_script_and_re2_agree(expression: str, text: str) -> None:
    expected = fits(expression, text)
    judged = automaton(expression)
    told_envoy = written(without_anchors(parse(expression)))
    assert judged.fits(text) is expected
    assert fits(told_envoy, text) is expected
    table = judged.table()
    assert is_table(table)
    assert accepts(table, text.encode()) is expected
    assert script().fits(table, text) is expected


@given(expressions(), TEXTS, TEXTS, TEXTS)
def test_what_is_said_of_an_unknown_stretch_holds_for_what_stands_there(
    expression: str, before: str, between: str, after: str
) -> None:
    some, every = automaton(expression).over((before, None, after))
    answer = automaton(expression).fits(before + between + after)
    assert some >= answer >= every
    assert automaton(expression).over((before + between, after)) == (answer, answer)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("/a/.*", (True, True)),
        ("/a/[^/]*", (True, False)),
        ("/[b-z].*", (False, False)),
        ("^/a/|/a/.+$", (True, True)),
    ],
)
def test_an_unknown_rest_fits_what_takes_anything(expression: str, said: tuple[bool, bool]) -> None:
    assert automaton(expression).over(("/a/", None)) == said


@pytest.mark.parametrize(
    ("expression", "text", "expected"),
    [
        ("/a.c", "/a\udcffc", True),  # one byte that is no ASCII
        ("[^/]{2}", "\u00e9", True),  # two bytes
        ("(?i)[^k]", "K", False),
        ("(?i)k", "\u212a", False),
        ("a|^b$|c", "b", True),
        ("(^|x)a(y|$)", "xa", True),
        ("a{,5}", "a{,5}", True),
        ("[]a]", "]", True),
        ("[a-]", "-", True),
        ("[[:digit:]x]+", "1x", True),
        (r"\x41\x{42}", "AB", True),
        ("(?P<name>a)(?<other>b)", "ab", True),
    ],
)
def test_single_texts(expression: str, text: str, *, expected: bool) -> None:
    assert Automaton(expression).fits(text) is expected
    assert fits(written(without_anchors(parse(expression))), text) is expected


def test_letter_case_counts_unless_it_is_folded() -> None:
    assert not automaton("ab[c-d]").fits("ABD")
    assert automaton("ab[c-d]", fold=True).fits("aBD")


def test_an_expression_with_too_many_states_has_no_table_and_is_judged_all_the_same() -> None:
    large = Automaton("(?:a|b)*a(?:a|b){12}")
    table = large.table()
    assert is_table(table)
    assert accepts(table, b"a") is None
    assert large.fits("a" + "b" * 12)
    assert large.over((None,)) == (True, False)
    assert script().fits(table, "x") is None


def test_the_largest_expression_is_judged_too() -> None:
    large = Automaton("(?:[^x]{0,990}|y){1}/[^y]{990}")
    assert large.fits("a" * 900 + "/" + "b" * 990)
    assert not large.fits("a" * 900 + "/" + "b" * 989)
