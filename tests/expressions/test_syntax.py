"""The dialect: what is taken, and what is refused with which word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.expressions.re2 import written
from gateline.expressions.syntax import ExpressionInvalid, parse
from harness.envoys_re2 import compiled

REFUSED = {
    "a(?=b)": "look-ahead is not supported",
    "a(?!b)": "look-ahead is not supported",
    "(?<=a)b": "look-behind is not supported",
    "(?<!a)b": "look-behind is not supported",
    r"(a)\1": r"a back-reference (\1) is not supported",
    r"(?P<n>a)(?P=n)": "a back-reference is not supported",
    "(?>a)": "an atomic group is not supported",
    "a*+": "a possessive quantifier is not supported",
    "a++": "a possessive quantifier is not supported",
    "a(?R)?": "recursion is not supported",
    r"\p{L}": r"a class of Unicode (\p) is not supported",
    r"\Qa\E": r"quoted text (\Q) is not supported",
    r"\C": r"an escape that RE2 or Amazon's rules do not know (\C) is not supported",
    "(?s)a": "a group with flags, other than (?i) at the beginning, is not supported",
    "a(?i)b": "a group with flags, other than (?i) at the beginning, is not supported",
    "a**": "there is nothing to repeat at position 3",
    "*a": "there is nothing to repeat at position 1",
    "^*": "there is nothing to repeat at position 2",
    "(a": "a group has no end",
    "a)": "a ')' at position 2 closes no group",
    "[a": "a set of characters has no end",
    "[a-": "a set of characters has no end",
    "[b-a]": "a range in a set goes from more to less",
    r"[a-\d]": "a range in a set goes from more to less",
    "[[:nothing:]]": "the class [:nothing:] is not known",
    "a{3,2}": "{3,2} repeats from more to less",
    "a{1001}": "it repeats something more than 1000 times",
    "(a{40}){40}": "it repeats something more than 1000 times",
    "a{1000}b{1000}": "it is too large when its repetitions are written out",
    "[^/]{900}(?:x{300}|y{300}){1,2}": "it is too large when its repetitions are written out",
    "a\\": "it ends with a backslash",
    r"\y": r"the escape \y is not known",
    r"\x9": r"\x is followed by the two hex digits of an ASCII character",
    r"\x{1F600}": r"\x is followed by the two hex digits of an ASCII character",
    "é": "it holds a character that is not visible ASCII",
    "a\tb": "it holds a character that is not visible ASCII",
    "": "it is empty",
    "(" * 51 + ")" * 51: "its groups are nested more than 50 deep",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_no_expression_of_the_dialect_is_refused_with_the_reason(expression: str) -> None:
    with pytest.raises(ExpressionInvalid) as raised:
        parse(expression)
    assert str(raised.value) == REFUSED[expression]


@given(st.text("ab^$.()[]{}|*+?\\-,:!=<>P12 dwsbk", max_size=14))
def test_whatever_is_taken_re2_takes_too_as_written_and_as_told(expression: str) -> None:
    try:
        node = parse(expression)
    except ExpressionInvalid:
        return
    compiled(expression)
    compiled(written(node))


@given(st.text("ab(|)*+?^$.", max_size=10), st.text("ab", max_size=6))
def test_the_first_match_and_its_groups_are_those_of_the_expression_as_written(
    expression: str, text: str
) -> None:
    try:
        node = parse(expression)
    except ExpressionInvalid:
        return
    as_told = compiled(written(node, kept=frozenset(range(10)))).search(text.encode())
    as_written = compiled(expression).search(text.encode())
    assert (as_written is None) == (as_told is None)
    if as_written is not None and as_told is not None:
        assert (as_written.span(), as_written.groups()) == (as_told.span(), as_told.groups())
