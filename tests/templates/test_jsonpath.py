from __future__ import annotations

import contextlib
import json
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateline.templates.budget import TemplateFailed
from gateline.templates.jsonpath import MISSING, PathInvalid, parse_mapped_path, parse_path

STORE: Final = {
    "store": {
        "book": [
            {"category": "reference", "author": "Rees", "title": "Sayings", "price": 8.95},
            {"category": "fiction", "author": "Waugh", "title": "Sword", "price": 12.99},
            {
                "category": "fiction",
                "author": "Melville",
                "title": "Moby Dick",
                "isbn": "0-553",
                "price": 8.99,
            },
            {"category": "fiction", "author": "Tolkien", "title": "Rings", "isbn": "0-395", "price": 22.99},
        ],
        "bicycle": {"color": "red", "price": 19.95},
    },
    "expensive": 10,
    "null": None,
    "list": [1, 2, 3],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.expensive", 10),
        ("expensive", 10),
        ("$['expensive']", 10),
        ('$["store"]["bicycle"].color', "red"),
        ("$.null", None),
        ("$.nothing", MISSING),
        ("$.nothing.more", MISSING),
        ("$.list.name", MISSING),
        ("$.list[0]", 1),
        ("$.list[-1]", 3),
        ("$.list[3]", MISSING),
        ("$.expensive[0]", MISSING),
        ("$", STORE),
        ("$.store.bicycle['color','price','no']", {"color": "red", "price": 19.95}),
        ("$.list.length()", 3),
        ("$.list.sum()", 6.0),
        ("$.list.min()", 1.0),
        ("$.list.max()", 3.0),
        ("$.nothing.length()", MISSING),
    ],
)
def test_a_definite_path_finds_one_value_or_nothing(path: str, found: object) -> None:
    parsed = parse_path(path)
    assert parsed.is_definite
    result = parsed.read(STORE)
    assert result is found if found is MISSING else result == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.store.book[*].author", ["Rees", "Waugh", "Melville", "Tolkien"]),
        ("$..author", ["Rees", "Waugh", "Melville", "Tolkien"]),
        ("$.store..price", [8.95, 12.99, 8.99, 22.99, 19.95]),
        ("$..book[2].title", ["Moby Dick"]),
        ("$..book[0,1].title", ["Sayings", "Sword"]),
        ("$..book[:2].title", ["Sayings", "Sword"]),
        ("$..book[1:2].title", ["Sword"]),
        ("$..book[-1:].title", ["Rings"]),
        ("$..book[?(@.isbn)].title", ["Moby Dick", "Rings"]),
        ("$..book[?(!@.isbn)].title", ["Sayings", "Sword"]),
        ("$.store.book[?(@.price < 10)].title", ["Sayings", "Moby Dick"]),
        ("$..book[?(@.price <= $['expensive'])].title", ["Sayings", "Moby Dick"]),
        ("$..book[?(@.price > 9 && @.category == 'fiction')].title", ["Sword", "Rings"]),
        ("$..book[?(@.author =~ /.*REES/i)].title", ["Sayings"]),
        ("$..book[?(@.author in ['Rees', \"Waugh\"])].title", ["Sayings", "Sword"]),
        ("$.list[*]", [1, 2, 3]),
        ("$.list[?(@ >= 2)]", [2, 3]),
        ("$.store.bicycle.*", ["red", 19.95]),
        ("$.nothing[*]", []),
        ("$..nothing", []),
        ("$.store.bicycle[?(@.color == 'red')].price", [19.95]),
        ("$..book.length()", 1),
        ("$..price.max()", 22.99),
    ],
)
def test_other_paths_find_lists(path: str, found: object) -> None:
    parsed = parse_path(path)
    assert not parsed.is_definite
    assert parsed.read(STORE) == found


@pytest.mark.parametrize(
    "path",
    ["$.", "$..", "$[", "$['a", "$[a]", "$.a[", "$[?(]", "$[?(@.a ==)]", "$[?(@.a =~ /(/)]", "$.a.unknown()",
     "$x" * 2000,
     "$[?" + "(" * 1000, "$[?(" + "!" * 1000, "$[?(@ in " + "[" * 1000, "$ a", "$.a b[", ""],
)  # fmt: skip
def test_what_is_no_path_is_told(path: str) -> None:
    with pytest.raises(PathInvalid):
        parse_path(path)


def test_a_path_may_not_visit_for_ever() -> None:
    document: object = {"a": 1}
    for _ in range(200):
        document = {"a": document, "b": [1] * 20}
    with pytest.raises(TemplateFailed, match="too many"):
        parse_path("$..*..*..*..*").read(document)


@settings(max_examples=300, deadline=None)
@given(
    path=st.lists(
        st.sampled_from(
            [
                "$",
                "@",
                ".",
                "..",
                "*",
                "[",
                "]",
                "'",
                "a",
                "0",
                "-1",
                ":",
                ",",
                "?(",
                ")",
                "==",
                "&&",
                "()",
                " ",
            ]
        ),
        max_size=14,
    ).map("".join)
    | st.text(max_size=20)
)
def test_any_text_is_a_path_or_is_refused(path: str) -> None:
    document = json.loads('{"a":{"a":[0,1,{"a":null}],"0":1}}')
    with contextlib.suppress(PathInvalid, TemplateFailed):
        parse_path(path).read(document)


@pytest.mark.parametrize("text", ["@type", "$['@type']", "$.@type"])
def test_the_path_of_a_mapping_begins_at_the_top_also_where_a_name_begins_with_an_at(text: str) -> None:
    assert parse_mapped_path(text).read({"@type": "order", "type": "none"}) == "order"
