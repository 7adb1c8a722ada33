from decimal import Decimal
from typing import Any

import pytest

from gateline.schemas.syntax import faults, in_place


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"type": "any"}, ("type",)),
        ({"type": []}, ("type",)),
        ({"type": ["string", 1]}, ("type",)),
        ({"enum": []}, ("enum",)),
        ({"enum": ["A", "A"]}, ("enum",)),
        ({"required": True}, ("required",)),
        ({"required": [1]}, ("required",)),
        ({"minimum": "1"}, ("minimum",)),
        ({"minimum": True}, ("minimum",)),
        ({"exclusiveMinimum": 1}, ("exclusiveMinimum",)),
        ({"exclusiveMaximum": True}, ("exclusiveMaximum",)),
        ({"multipleOf": 0}, ("multipleOf",)),
        ({"maxLength": -1}, ("maxLength",)),
        ({"minItems": Decimal("1.5")}, ("minItems",)),
        ({"pattern": "("}, ("pattern",)),
        ({"pattern": 1}, ("pattern",)),
        ({"patternProperties": {"(": {}}}, ("patternProperties",)),
        ({"properties": []}, ("properties",)),
        ({"properties": {"a": True}}, ("properties", "a")),
        ({"items": 1}, ("items",)),
        ({"items": [1]}, ("items", 0)),
        ({"additionalProperties": "no"}, ("additionalProperties",)),
        ({"additionalItems": 1}, ("additionalItems",)),
        ({"allOf": []}, ("allOf",)),
        ({"anyOf": {}}, ("anyOf",)),
        ({"oneOf": [{"type": "x"}]}, ("oneOf", 0, "type")),
        ({"not": True}, ("not",)),
        ({"uniqueItems": "yes"}, ("uniqueItems",)),
        ({"definitions": 1}, ("definitions",)),
        ({"definitions": {"A": {"type": "x"}}}, ("definitions", "A", "type")),
        ({"dependencies": {"a": 1}}, ("dependencies",)),
        ({"dependencies": {"a": {"type": "x"}}}, ("dependencies", "a", "type")),
        (1, ()),
    ],
)
def test_a_fault_is_told_at_its_place(schema: Any, pointer: tuple[str | int, ...]) -> None:
    assert [place for place, _ in faults(schema)] == [pointer]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": ["string", "null"], "nullable": True, "example": 1, "const": 1},
        {"$ref": "#/definitions/A", "type": "x"},
        {"required": []},
        {"minimum": 1, "exclusiveMinimum": True, "multipleOf": Decimal("0.1")},
        {"dependencies": {"a": ["b"], "c": {}}},
        {"properties": {"type": {"type": "string"}, "enum": {}}},
        {"items": [{}], "additionalItems": False},
    ],
)
def test_a_schema_of_draft_4_has_no_fault(schema: Any) -> None:
    assert list(faults(schema)) == []


def test_only_some_schemas_judge_the_same_value() -> None:
    a, b, c, d = {"title": "a"}, {"title": "b"}, {"title": "c"}, {"title": "d"}
    schema = {
        "allOf": [a],
        "not": b,
        "dependencies": {"x": c, "y": ["z"]},
        "properties": {"p": d},
        "items": d,
    }
    assert list(in_place(schema)) == [a, b, c]
