from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from gateline.templates.collection_methods import Entry
from gateline.templates.java_text import JavaList, SilentMap, text_of
from gateline.templates.json_text import JsonNumber
from templates.rendered import meter


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("a", "a"),
        (True, "true"),
        (1, "1"),
        (2.0, "2.0"),
        (JsonNumber("1e3"), "1e3"),
        ({"a": None, "b": {"c": "d"}, "e": [None, "f"]}, '{a=null, b={c=d}, e=[null,"f"]}'),
        (JavaList(["a", None, JavaList([1]), ["b"]]), '[a, null, [1], ["b"]]'),
        ([], "[]"),
        ({}, "{}"),
        (Entry("k", {"a": 1}), "k={a=1}"),
        (SilentMap(a="b"), ""),
    ],
)
def test_values_become_text_as_the_service_writes_them(value: object, text: str) -> None:
    assert text_of(value, meter()) == text


def test_a_text_that_would_be_too_long_fails() -> None:
    with pytest.raises(TemplateFailed, match="too much text"):
        text_of({"a": "b" * 100}, meter(characters=50))


def test_a_map_that_holds_itself_fails() -> None:
    value: dict[str, object] = {}
    value["a"] = value
    with pytest.raises(TemplateFailed):
        text_of(value, meter())
