"""Tables: netstrings that the script reads back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateline.compile.table import Table, table_id
from golden.readable import netstrings


@given(st.lists(st.text()))
def test_what_is_put_in_is_read_back(values: list[str]) -> None:
    table = Table()
    table.put(*values)
    assert netstrings(table.text) == values


def test_lengths_are_bytes_and_numbers_decimal() -> None:
    table = Table()
    table.put("ü", 10)
    assert table.text == "2:ü2:10"


def test_a_list_begins_with_its_count() -> None:
    table = Table()
    table.put_all(iter(["a", "b"]))
    assert netstrings(table.text) == ["2", "a", "b"]


def test_equal_tables_have_equal_ids_and_others_others() -> None:
    assert table_id("1:a") == table_id("1:a")
    assert table_id("1:a") != table_id("1:b")
    assert "~" not in table_id("1:a")  # the entry table's mark of unusual requests
