"""JSON of others."""

from __future__ import annotations

import pytest

from gateline.identity.json_object import is_number, json_object


def test_an_object_is_read() -> None:
    assert json_object(b'{"a":[1]}') == {"a": [1]}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"1",
        b"null",
        b"{",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b"\xff",
        b"<html>",
        b'{"a":' + b"[" * 60_000,
    ],
)
def test_anything_else_is_none(text: bytes) -> None:
    assert json_object(text) is None


@pytest.mark.parametrize("value", [True, None, "1", float("nan"), float("inf"), 10**400, [1]])
def test_what_can_be_no_moment_is_no_number(value: object) -> None:
    assert not is_number(value)


def test_numbers_are() -> None:
    assert is_number(1.5)
    assert is_number(-1)
