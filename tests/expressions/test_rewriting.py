"""Rewriting: the first match of an expression, as RE2 replaces it in one go."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.expressions.rewriting import rewriting
from gateline.expressions.syntax import ExpressionInvalid
from harness.envoys_re2 import compiled


def rewritten(regex: str, replace: str, text: str, *, of_host: bool = False) -> str:
    """As Envoy's filter does it: every match is replaced."""
    pattern, becomes = rewriting(regex, replace, of_host=of_host)

    def filled(found: Any) -> bytes:
        # RE2 reads one digit behind a backslash, its Python binding more.
        digit = re.compile(rb"\\([0-9])")
        return digit.sub(lambda each: found[int(each[1])] or b"", becomes.encode())

    return str(compiled(pattern).sub(filled, text.encode()).decode())


@pytest.mark.parametrize(
    ("regex", "replace", "text", "expected"),
    [
        ("a", "b", "caaa", "cbaa"),
        ("a+", "<>", "caaab", "c<>b"),
        ("a+?", "x", "caa", "cxa"),
        ("(b)|(a)", "<$1$2>", "ab", "<a>b"),
        ("^a", "", "aab", "ab"),
        ("b$", "c", "abb", "abc"),
        ("(a)(b)(c)(d)(e)(f)(g)(h)", "$8$1", "xabcdefghy", "xhay"),
        ("(a)", "$1$1$10", "a", "aaa0"),
        ("x", "$", "x", "$"),
        (r"\bshop\b", "store", "workshop/shop", "workshop/store"),
    ],
)
def test_the_leftmost_match_is_replaced(regex: str, replace: str, text: str, expected: str) -> None:
    assert rewritten(regex, replace, text) == expected


@pytest.mark.parametrize(
    ("regex", "replace", "host", "expected"),
    [
        ("^(.+)[.]com$", "$1.net", "A.com:80", "A.net:80"),
        ("^(.+)[.]com$", "$1.net:81", "a.com:80", "a.net:81"),
        ("com", "net", "com.com:8", "net.com:8"),
        ("COM$", "net", "a.com", "a.net"),
        (".*", "x", "a.test:80", "x:80"),
        ("[^.]*$", "net", "a.com:80", "a.net:80"),
        ("80", "81", "a.test:80", "a.test:80"),
        ("(?:a|b$)", "x", "cb:1", "cx:1"),
    ],
)
def test_the_port_of_a_host_stays_as_it_is(regex: str, replace: str, host: str, expected: str) -> None:
    assert rewritten(regex, replace, host, of_host=True) == expected


@pytest.mark.parametrize(
    ("regex", "replace", "why"),
    [
        ("a", "$1", "its replacement names the group $1, which it does not have"),
        ("(a)(?:b)", "$2", "its replacement names the group $2, which it does not have"),
        ("a", "$0", "its replacement holds '$0': groups are $1 to $9, and a '\\' is no text"),
        ("a", "${1}", "its replacement holds '${': groups are $1 to $9, and a '\\' is no text"),
        ("a", "\\1", "its replacement holds '\\': groups are $1 to $9, and a '\\' is no text"),
        ("(a)" * 8, "$1$2$3$4$5$6$7$8", "more than 7 groups of it are used"),
        ("(a)" * 10, "$10", "its replacement names the group $10; those are $1 to $9"),
        ("(?=a)", "", "look-ahead is not supported"),
    ],
)
def test_what_cannot_be_followed_is_refused(regex: str, replace: str, why: str) -> None:
    with pytest.raises(ExpressionInvalid) as raised:
        rewriting(regex, replace, of_host=False)
    assert str(raised.value) == why


@given(
    st.lists(
        st.sampled_from(["a", "(b)", "[ab]", "(a|ab)", "b*", "a??", "(?:b|a)+"]), min_size=1, max_size=4
    ),
    st.booleans(),
    st.booleans(),
    st.text("abc", max_size=8),
)
def test_the_match_is_the_one_that_a_search_finds(
    parts: list[str], begin: bool, end: bool, text: str
) -> None:
    regex = f"{'^' if begin else ''}(?:{''.join(parts)}){'$' if end else ''}"
    found = compiled(regex).search(text.encode())
    expected = text if found is None else text[: found.start()] + "<>" + text[found.end() :]
    assert rewritten(regex, "<>", text) == expected
