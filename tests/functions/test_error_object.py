from __future__ import annotations

import json

import pytest

from gateline.functions.answer import Raised
from gateline.functions.error_object import is_error_object, raised, told


def test_an_error_object_is_taken_as_it_is() -> None:
    payload = b'{"errorMessage": "Unauthorized", "errorType": "Exception", "stackTrace": ["  at f\\n"]}'
    assert raised(payload, "Other") == Raised("Unauthorized", "Exception", payload)


def test_the_type_of_the_header_counts_where_the_object_names_none() -> None:
    payload = b'{"errorMessage": "no"}'
    assert raised(payload, "Runtime.Odd") == Raised("no", "Runtime.Odd", payload)


@pytest.mark.parametrize("payload", [b"segfault", b"[1]", b"", b"\xff", b"[" * 100_000], ids=repr)
def test_what_is_no_error_object_becomes_the_message_of_one(payload: bytes) -> None:
    found = raised(payload, "T")
    text = payload.decode(errors="replace")
    assert (found.message, found.error_type) == (text, "T")
    assert json.loads(found.payload) == {"errorMessage": text, "errorType": "T"}


def test_values_of_other_types_become_text() -> None:
    assert raised(b'{"errorMessage": null, "errorType": 7}').message == ""
    assert raised(b'{"errorMessage": null, "errorType": 7}').error_type == "7"


@pytest.mark.parametrize(
    ("payload", "is_one"),
    [
        (b'{"errorMessage": "m", "errorType": "t"}', True),
        (b'{"errorMessage": "m", "errorType": "t", "stackTrace": [], "requestId": "r"}', True),
        (b'{"errorMessage": "m", "errorType": "t", "trace": []}', True),
        (b'{"errorMessage": "m"}', False),
        (b'{"errorMessage": "m", "errorType": "t", "principalId": "p"}', False),
        (b'["errorMessage", "errorType"]', False),
        (b'"errorMessage"', False),
        (b"{}", False),
    ],
)
def test_only_what_can_be_nothing_else_is_an_error_object(payload: bytes, is_one: bool) -> None:
    assert is_error_object(payload) is is_one


def test_the_operator_reads_the_trace_under_the_message() -> None:
    assert (
        told(b'{"errorMessage": "m", "errorType": "t", "stackTrace": ["one\\n", "two"]}') == "t: m\none\ntwo"
    )
    assert told(b'{"errorMessage": "m", "errorType": "t", "trace": ["one"]}') == "t: m\none"
    assert told(b"boom") == "Runtime.Unknown: boom"
