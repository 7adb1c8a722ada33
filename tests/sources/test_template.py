import pytest

from gateline.model.origin import Origin
from gateline.sources.template import ContentHandling, choice, read_templates
from sources.definitions import Json, codes_of, definition

ROOT = Origin("api.json")


def test_templates_are_read_by_media_type() -> None:
    made, complaints = definition()
    fields: Json = {"requestTemplates": {"application/json": "a", "text/xml": "b", "x/y": None}}
    assert read_templates(made, fields, "requestTemplates", ROOT) == (
        ("application/json", "a"),
        ("text/xml", "b"),
        ("x/y", ""),
    )
    assert codes_of(complaints) == []


def test_a_mapping_where_text_was_meant_is_read_as_its_json() -> None:
    made, complaints = definition()
    fields: Json = {"requestTemplates": {"application/json": {"statusCode": 200}}}
    assert read_templates(made, fields, "requestTemplates", ROOT) == (
        ("application/json", '{"statusCode": 200}'),
    )
    (diagnostic,) = complaints.report().diagnostics
    assert diagnostic.code.name == "GL346"
    assert diagnostic.origin == ROOT.child("requestTemplates", "application/json")


@pytest.mark.parametrize("written", ["CONVERT_TO_TEXT", "convert_to_text", "Convert_To_Text"])
def test_words_are_read_in_any_case(written: str) -> None:
    made, _ = definition()
    assert choice(made, {"c": written}, "c", ContentHandling, ROOT) is ContentHandling.CONVERT_TO_TEXT


def test_an_absent_word_is_none() -> None:
    made, complaints = definition()
    assert choice(made, {}, "c", ContentHandling, ROOT) is None
    assert choice(made, {"c": None}, "c", ContentHandling, ROOT) is None
    assert codes_of(complaints) == []


def test_another_word_is_refused_with_those_that_are_taken() -> None:
    made, complaints = definition()
    assert choice(made, {"c": "X"}, "c", ContentHandling, ROOT) is None
    (diagnostic,) = complaints.report().diagnostics
    assert diagnostic.message == "c 'X' is none of CONVERT_TO_BINARY, CONVERT_TO_TEXT"
