"""The rendering of golden files itself."""

from __future__ import annotations

import yaml

from gateline.compile.table import Table
from golden.readable import Inline, abridged, dump, netstrings


def test_a_table_is_shown_as_the_texts_that_were_put_into_it() -> None:
    table = Table()
    table.put("a", "", "ü", 12)
    assert netstrings(table.text) == ["a", "", "ü", "12"]


def test_what_is_no_table_is_not_shown_as_one() -> None:
    for text in ("/orders", "5:ab", "05:hello", "-1:", "x:y", ":", "3"):
        assert netstrings(text) is None, text


def test_a_long_part_that_equals_the_references_is_left_out_and_a_changed_one_is_not() -> None:
    same = {str(number): number for number in range(10)}
    shown = abridged({"same": same, "other": {**same, "3": 4}}, {"same": same, "other": same})
    assert shown == {"same": "(as in http-proxy-static)", "other": {**same, "3": 4}}


def test_an_inline_list_takes_one_line_and_reads_back() -> None:
    assert dump({"a": Inline(["x", "y: z"])}) == "a: [x, 'y: z']\n"
    assert yaml.safe_load(dump(Inline(["1", "", "on"]))) == ["1", "", "on"]
