from collections.abc import Callable
from typing import Any

import pytest

from gateline.model.origin import Origin
from gateline.sources.definition import Definition, kind_of
from sources.definitions import codes_of, definition

ROOT = Origin("api.json")


def test_fields_of_the_right_type_are_taken_without_a_word() -> None:
    made, complaints = definition()
    fields: dict[str, Any] = {"m": {"a": 1}, "l": [1], "t": "x", "i": 5, "b": True, "n": None}
    assert made.mapping(fields, "m", ROOT) == {"a": 1}
    assert made.sequence(fields, "l", ROOT) == [1]
    assert made.text(fields, "t", ROOT) == "x"
    assert made.integer(fields, "i", ROOT) == 5
    assert made.boolean(fields, "b", ROOT) is True
    assert codes_of(complaints) == []


def test_absent_fields_are_empty() -> None:
    made, complaints = definition()
    for fields in ({}, {"x": None}):
        assert made.mapping(fields, "x", ROOT) == {}
        assert made.sequence(fields, "x", ROOT) == []
        assert made.texts(fields, "x", ROOT) == ()
        assert made.text(fields, "x", ROOT) == ""
        assert made.integer(fields, "x", ROOT) is None
        assert made.boolean(fields, "x", ROOT) is False
        assert list(made.entries(fields, "x", ROOT)) == []
    assert codes_of(complaints) == []


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (Definition.mapping, [1]),
        (Definition.sequence, {"a": 1}),
        (Definition.text, {"a": 1}),
        (Definition.text, True),
        (Definition.integer, "x"),
        (Definition.integer, True),
        (Definition.integer, 1.5),
        (Definition.boolean, "yes"),
        (Definition.boolean, 1),
        (Definition.texts, [["a"]]),
    ],
)
def test_a_field_of_the_wrong_type_is_told_at_its_place(
    read: Callable[[Definition, dict[str, Any], str, Origin], object], value: object
) -> None:
    made, complaints = definition()
    read(made, {"field": value}, "field", ROOT)
    (diagnostic,) = complaints.report().diagnostics
    assert diagnostic.code.name == "GL303"
    assert diagnostic.origin.pointer[0] == "field"


def test_numbers_and_booleans_may_be_written_as_text_and_texts_as_numbers() -> None:
    made, complaints = definition()
    assert made.integer({"x": " 200 "}, "x", ROOT) == 200
    assert made.integer({"x": 2.0}, "x", ROOT) == 2
    assert made.boolean({"x": "True"}, "x", ROOT) is True
    assert made.boolean({"x": "false"}, "x", ROOT) is False
    assert made.text({"x": 1.0}, "x", ROOT) == "1.0"
    assert codes_of(complaints) == []


def test_a_placeholder_is_told_as_such_not_as_a_wrong_type() -> None:
    made, complaints = definition()
    assert made.integer({"x": "${timeout}"}, "x", ROOT) is None
    assert made.boolean({"x": "${flag}"}, "x", ROOT) is False
    made.placeholders.report(complaints, lenient=False)
    assert codes_of(complaints) == ["GL320", "GL320"]


def test_entries_follow_references_and_skip_what_is_no_mapping() -> None:
    made, complaints = definition({"shared": {"a": {"x": 1}}})
    fields: dict[str, Any] = {"r": {"one": {"$ref": "#/shared/a"}, "two": 5, "three": {"$ref": "#/no"}}}
    assert list(made.entries(fields, "r", ROOT)) == [("one", {"x": 1}, ROOT.child("shared", "a"))]
    assert codes_of(complaints) == ["GL303", "GL306"]


def test_a_reference_leads_to_a_value_and_its_place() -> None:
    made, _ = definition({"paths": {"/a b": [{"x": 1}]}, "alias": {"$ref": "#/paths/~1a%20b/0"}})
    assert made.follow({"$ref": "#/alias"}, ROOT) == ({"x": 1}, ROOT.child("paths", "/a b", 0))


@pytest.mark.parametrize("reference", ["#/no", "#/list/7", "#/list/x", "#/text/deeper", "#/%ZZ"])
def test_a_reference_that_leads_nowhere_is_told(reference: str) -> None:
    made, complaints = definition({"list": [1], "text": "x"})
    assert made.follow({"$ref": reference}, ROOT)[0] is None
    assert codes_of(complaints) == ["GL306"]


@pytest.mark.parametrize("reference", ["other.yaml#/a", "https://h/x.json", "file:///etc/passwd", "Pet"])
def test_nothing_outside_of_the_document_is_fetched(reference: str) -> None:
    made, complaints = definition()
    assert made.follow({"$ref": reference}, ROOT)[0] is None
    assert codes_of(complaints) == ["GL307"]


def test_references_in_a_circle_end() -> None:
    made, complaints = definition({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}})
    assert made.follow({"$ref": "#/a"}, ROOT)[0] is None
    assert codes_of(complaints) == ["GL306"]


def test_places_of_included_values_are_those_of_their_own_file() -> None:
    made, _ = definition()
    other = Origin("public.yaml", ("paths",))
    made.origins[ROOT.child("paths")] = other
    assert made.at(ROOT, "paths", "/x") == Origin("public.yaml", ("paths", "/x"))
    assert made.at(ROOT, "info") == ROOT.child("info")


@pytest.mark.parametrize(
    ("value", "word"),
    [(None, "nothing"), (True, "true"), ("x", "text"), (1, "a number"), ([], "a list"), ({}, "a mapping")],
)
def test_kinds_have_words(value: Any, word: str) -> None:
    assert kind_of(value) == word
