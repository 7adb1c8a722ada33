import json
from typing import Any

import pytest

from gateline.schemas.model import BRIEF_STEPS, TOO_MUCH, UNREADABLE, Models, SchemaInvalid, check
from gateline.schemas.pattern import TooLong

URL = "https://apigateway.amazonaws.com/restapis/a1b2c3d4e5/models/"


def said(schema: Any, body: bytes | str, **others: Any) -> str | None:
    definitions = {"M": schema, **others}
    models = Models({name: json.dumps(each) for name, each in definitions.items()})
    return models.violations("M", body.encode() if isinstance(body, str) else body)


PET = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string", "minLength": 3}, "age": {"type": "integer", "minimum": 1}},
}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"name":"Rex"}', None),
        ("{}", '[object has missing required properties (["name"])]'),
        ("", '[object has missing required properties (["name"])]'),
        ("[]", '[instance type (array) does not match any allowed primitive type (allowed: ["object"])]'),
        ("{", UNREADABLE),
        (" ", UNREADABLE),
        ('{"name":"Rex","name":"Rex"}', UNREADABLE),
        ("[" * 100_000, UNREADABLE),
        (b'{"name":"\xff\xff\xff"}', UNREADABLE),
    ],
)
def test_a_body_fits_or_its_fault_is_told(body: bytes | str, message: str | None) -> None:
    assert said(PET, body) == message


def test_an_empty_body_is_judged_as_an_empty_object() -> None:
    assert said({"type": "object"}, "") is None


def test_several_faults_are_told_in_one_list_by_members_names() -> None:
    assert said(PET, '{"name":"x","age":0}') == (
        "[numeric instance is lower than the required minimum (minimum: 1, found: 0), "
        'string "x" is too short (length: 1, required minimum: 3)]'
    )


def test_what_is_inside_is_looked_at_only_while_nothing_was_found_wrong() -> None:
    schema = {"required": ["b"], "properties": {"a": {"type": "string"}}}
    assert said(schema, '{"a":1}') == '[object has missing required properties (["b"])]'


def test_models_that_refer_to_each_other_in_a_circle_judge_all_the_way_down() -> None:
    node = {"properties": {"next": {"$ref": "#/definitions/Other"}, "v": {"type": "integer"}}}
    other = {"required": ["v"], "allOf": [{"$ref": "#/definitions/M"}]}
    deep = '{"next":' * 50 + '{"v":"x"}' + "}" * 50
    assert said(node, deep, Other=other) is not None
    assert said(node, '{"next":{"v":1,"next":{"v":2}}}', Other=other) is None
    assert said(node, '{"next":{"v":1,"next":{}}}', Other=other) is not None
    assert list(check({"M": json.dumps(node), "Other": json.dumps(other)})) == []


@pytest.mark.parametrize(
    "reference",
    [
        "#/definitions/Name",
        "#/components/schemas/Name",
        f"{URL}Name",
        f"{URL}Whole#/properties/name",
        "#/definitions/Whole/properties/name",
        "#/definitions/Local",
        "#/properties/own",
    ],
)
def test_a_reference_finds_its_schema_in_each_of_its_forms(reference: str) -> None:
    name = {"type": "string"}
    schema = {
        "properties": {"a": {"$ref": reference}, "own": name},
        "definitions": {"Local": name},
    }
    others = {"Name": name, "Whole": {"properties": {"name": name}}, "Local": {"type": "null"}}
    assert said(schema, '{"a":"x"}', **others) is None
    assert said(schema, '{"a":1}', **others) is not None
    assert list(check({name: json.dumps(each) for name, each in {"M": schema, **others}.items()})) == []


def test_what_stands_beside_a_reference_is_not_read() -> None:
    assert said({"$ref": "#/definitions/N", "type": "null"}, "1", N={"type": "integer"}) is None


def test_the_models_that_every_api_has_are_there() -> None:
    assert said({"$ref": f"{URL}Empty"}, "{}") is None
    assert said({"$ref": f"{URL}Error"}, '{"message":1}') is not None


@pytest.mark.parametrize(
    ("schema", "said_of_it"),
    [
        ({"$ref": "#/definitions/No"}, "leads nowhere"),
        ({"$ref": "https://example.com/x.json"}, "leads nowhere"),
        ({"$ref": "#"}, "refers to itself"),
        ({"allOf": [{"$ref": "#"}]}, "refers to itself"),
        ({"type": "text"}, "must be one or a list of"),
        ([], "a schema must be an object"),
    ],
)
def test_what_cannot_judge_is_told_when_a_definition_is_read_and_judges_nothing(
    schema: Any, said_of_it: str
) -> None:
    [problem, *_] = check({"M": json.dumps(schema)})
    assert said_of_it in problem.message
    assert problem.model == "M"
    refused = False
    try:
        refused = said(schema, "{}") is not None
    except SchemaInvalid:
        refused = True
    assert refused


def test_an_unknown_model_judges_nothing() -> None:
    with pytest.raises(SchemaInvalid):
        Models({}).violations("M", b"{}")


def test_a_body_that_costs_too_much_is_refused() -> None:
    tree: Any = {"anyOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}]}
    assert said(tree, '{"a":' * 60 + "1" + "}" * 60) == TOO_MUCH
    assert said({"pattern": "^(a|aa)+$"}, json.dumps("a" * 60 + "!")) == TOO_MUCH


def test_a_brief_judgement_says_the_same_or_that_it_takes_too_long() -> None:
    models = Models({"M": json.dumps({"items": {"type": "integer"}})})
    assert models.violations("M", b"[1]", is_brief=True) is None
    assert models.violations("M", b'["a"]', is_brief=True) == models.violations("M", b'["a"]')
    many = json.dumps([1] * BRIEF_STEPS).encode()
    with pytest.raises(TooLong):
        models.violations("M", many, is_brief=True)
    assert models.violations("M", many) is None


def test_a_body_that_nests_deeper_than_can_be_looked_at_is_refused() -> None:
    tree = {"items": {"$ref": "#"}}
    depth = 400
    assert said(tree, "[" * depth + "]" * depth) in {None, TOO_MUCH}
    assert said({**tree, "maxItems": 1}, "[" * 900 + "1,1" + "]" * 900) is not None


def test_a_client_does_not_choose_how_much_it_gets_back() -> None:
    text = said({"items": {"type": "null"}}, json.dumps(["x"] * 10_000))
    assert text is not None
    assert len(text) < 10_000
    text = said({"maxLength": 1}, json.dumps("x" * 1_000_000))
    assert text is not None
    assert len(text) < 10_000


def test_half_a_pair_of_surrogates_is_told_as_a_question_mark() -> None:
    assert said({"maxLength": 0}, '"\\ud800"') == '[string "?" is too long (length: 1, maximum allowed: 0)]'
