"""Queries: read, and written for backends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.integrations.query import joined_query, parse_query, percent_encoded, written_query


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("a-b._~9Z", "a-b._~9Z"),
        ("a b+c", "a%20b%2Bc"),
        ("x&y=z;#", "x%26y%3Dz%3B%23"),
        ("../etc", "..%2Fetc"),
        ("ü", "%C3%BC"),
        ("\r\n", "%0D%0A"),
        ("\udc80", "%3F"),
    ],
)
def test_all_but_letters_digits_and_four_marks_is_escaped(text: str, encoded: str) -> None:
    assert percent_encoded(text) == encoded


def test_a_parameter_with_several_values_is_written_once_for_each() -> None:
    assert written_query([("a", ["1", "2"]), ("b c", [""])]) == "a=1&a=2&b%20c="


def test_queries_follow_one_another_and_empty_ones_leave_nothing() -> None:
    assert joined_query("", "a=1", "", "b=2") == "a=1&b=2"
    assert joined_query("", "") == ""


@given(
    st.dictionaries(st.text(max_size=5, min_size=1), st.lists(st.text(max_size=5), min_size=1), max_size=3)
)
def test_what_is_written_is_read_again(parameters: dict[str, list[str]]) -> None:
    assert parse_query(written_query(parameters.items()).encode()) == parameters
