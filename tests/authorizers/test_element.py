"""Elements are what they must be, or a sentence says what they are instead."""

from __future__ import annotations

import pytest

from gateline.authorizers.element import (
    AnswerInvalid,
    is_printable,
    kind,
    list_of,
    object_of,
    quoted,
    text_of,
)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "a number"),
        (1.5, "a number"),
        ("a", "text"),
        ("", "empty text"),
        ([1], "a list"),
        ([], "an empty list"),
        ({}, "an object"),
    ],
)
def test_a_value_is_called_as_json_calls_it(value: object, said: str) -> None:
    assert kind(value) == said


def test_of_a_wrong_value_only_the_type_is_told() -> None:
    with pytest.raises(AnswerInvalid) as raised:
        object_of("a-secret", "context")
    assert raised.value.reason == "context: expected an object, found text"


def test_a_text_must_have_a_utf8_form() -> None:
    assert text_of("é😀", "principalId") == "é😀"
    with pytest.raises(AnswerInvalid, match="principalId: a lone surrogate"):
        text_of("\ud83d", "principalId")


def test_one_value_and_a_list_are_alike() -> None:
    assert list_of("a", "here") == [("a", "here")]
    assert list_of(["a", "b"], "here") == [("a", "here[0]"), ("b", "here[1]")]
    with pytest.raises(
        AnswerInvalid, match="here: expected a value or a list of values, found an empty list"
    ):
        list_of([], "here")


@pytest.mark.parametrize("control", ["\r", "\n", "\0", "\x1b", "\x7f", "\x85"])
def test_control_characters_are_found(control: str) -> None:
    assert not is_printable(f"a{control}b")
    assert control not in quoted(f"a{control}b")


def test_usual_text_is_printable() -> None:
    assert is_printable("é 😀\ttab")


def test_a_name_is_repeated_in_part() -> None:
    assert quoted("a" * 100) == "'" + "a" * 64 + "…'"
