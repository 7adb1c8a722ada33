"""Netstring lists, written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.compile.table import Table
from gateline.dataplane.netstring import NetstringInvalid, NetstringReader, NetstringWriter, split


def _written(values: list[bytes]) -> bytes:
    writer = NetstringWriter()
    writer.put(*values)
    return writer.data


@given(values=st.lists(st.binary(max_size=40)), pairs=st.lists(st.tuples(st.binary(), st.text())))
def test_what_is_written_is_read(values: list[bytes], pairs: list[tuple[bytes, str]]) -> None:
    writer = NetstringWriter()
    writer.put_all(values)
    writer.put_pairs(pairs)
    reader = NetstringReader(writer.data)
    assert list(reader.take_all()) == values
    assert [(name, value.decode()) for name, value in reader.take_pairs()] == pairs
    reader.end()


def test_the_form_is_that_of_compiled_tables() -> None:
    table, writer = Table(), NetstringWriter()
    table.put("é", 7, "")
    table.put_all(["a", "b"])
    writer.put("é", 7, b"")
    writer.put_all(["a", "b"])
    assert writer.data == table.text.encode() == "2:é1:70:1:21:a1:b".encode()


@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_list_or_refused_with_the_one_exception(data: bytes) -> None:
    reader = NetstringReader(data)
    taken = []
    try:
        while True:
            taken.append(reader.take())
    except NetstringInvalid:
        pass
    assert sum(map(len, taken)) <= len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b":",
        b"1",
        b"a:a",
        b"-1:a",
        b"+1:a",
        b" 1:a",
        b"01:a",
        b"2:a",
        b"\xb2:aa",
        b"99999999999:a",
        b"1_0:a",
    ],
)
def test_a_malformed_length_is_refused(data: bytes) -> None:
    with pytest.raises(NetstringInvalid):
        NetstringReader(data).take()


def test_bytes_behind_the_list_are_refused() -> None:
    reader = NetstringReader(b"1:a1:b")
    assert reader.take() == b"a"
    with pytest.raises(NetstringInvalid, match="after byte 3"):
        reader.end()


@pytest.mark.parametrize("count", [b"1:2", b"7:9999999", b"1:-", b"0:", b"20:99999999999999999999"])
def test_a_count_that_the_rest_cannot_hold_is_refused_before_anything_is_read(count: bytes) -> None:
    with pytest.raises(NetstringInvalid):
        NetstringReader(count + b"1:a").take_all()
    with pytest.raises(NetstringInvalid):
        NetstringReader(count + b"1:a").take_pairs()


def test_numbers_flags_and_text_are_read_as_such() -> None:
    reader = NetstringReader("13:17949000000001:10:1:02:é".encode())
    assert reader.take_number() == 1794900000000
    assert [reader.take_flag(), reader.take_flag(), reader.take_flag()] == [True, False, False]
    assert reader.take_text() == "é"


@pytest.mark.parametrize("data", [b"1:2", b"3:yes"])
def test_a_flag_is_1_or_0(data: bytes) -> None:
    with pytest.raises(NetstringInvalid):
        NetstringReader(data).take_flag()


def test_text_that_is_not_utf_8_is_refused_without_naming_it() -> None:
    with pytest.raises(NetstringInvalid) as caught:
        NetstringReader(b"7:secret\xff").take_text()
    assert "secret" not in str(caught.value)


@given(data=st.one_of(st.binary(max_size=60), st.lists(st.binary(max_size=12)).map(_written)))
def test_splitting_is_reading_all_of_it_or_refusing_it_likewise(data: bytes) -> None:
    def read() -> list[bytes] | None:
        reader = NetstringReader(data)
        values: list[bytes] = []
        try:
            while sum(len(b"%d:%b" % (len(each), each)) for each in values) < len(data):
                values.append(reader.take())
        except NetstringInvalid:
            return None
        return values

    try:
        found: list[bytes] | None = split(data)
    except NetstringInvalid:
        found = None
    assert found == read()
