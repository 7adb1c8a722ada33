import pytest

from gateline.model import codes
from gateline.model.origin import Origin
from gateline.sources.template import (
    LARGEST_TEMPLATE,
    ContentHandling,
    choice,
    read_mapping_templates,
    read_templates,
)
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


def mapping_templates(text: str) -> tuple[list[str], list[str]]:
    """What is said about a mapping template: codes, and messages."""
    made, complaints = definition()
    fields: Json = {"requestTemplates": {"application/json": text}}
    (found,) = read_mapping_templates(made, fields, "requestTemplates", ROOT)
    assert found == ("application/json", text)  # it stays: allowed, it fails when it is used
    diagnostics = complaints.report().diagnostics
    return [d.code.name for d in diagnostics], [d.message for d in diagnostics]


def test_a_template_that_cannot_be_parsed_is_told_with_the_place_inside_of_it() -> None:
    found, messages = mapping_templates('{"a": 1,\n  #if($x) "b": 2\n}')
    assert found == ["GL347"]
    assert "line 2, column 3: this #if has no #end" in messages[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"statusCode": 200}',
        "$input.json('$')",
        "#set($x = 1)$x",
        "#if($a)1#elseif($b)2#else 3#end",
        "#foreach($i in [1, 2])$i#if($foreach.hasNext),#end#end",
        '{"price": "$5", "tag": "#1"}',
    ],
)
def test_templates_are_taken(text: str) -> None:
    assert mapping_templates(text)[0] == []


def test_a_template_may_have_300_kilobytes() -> None:
    assert mapping_templates("é" * (LARGEST_TEMPLATE // 2))[0] == []
    assert mapping_templates("é" * (LARGEST_TEMPLATE // 2) + "a")[0] == ["GL347"]


def test_what_cannot_be_parsed_may_be_allowed() -> None:
    assert codes.TEMPLATE_INVALID.allowable
