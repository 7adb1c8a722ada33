import json
from typing import Any

import pytest

from gateline.schemas.model import Models

INTEGER = {"type": "integer"}
TYPE = "instance type ({}) does not match any allowed primitive type"
NO_TEXT = f'{TYPE.format("integer")} (allowed: ["string"])'
MATCHED = "instance matched a schema which it should not have"


def said(schema: Any, body: str) -> str | None:
    return Models({"M": json.dumps(schema) if not isinstance(schema, str) else schema}).violations(
        "M", body.encode()
    )


@pytest.mark.parametrize(
    ("schema", "body", "message"),
    [
        (
            {"type": "number"},
            '"x"',
            'instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])',
        ),
        (
            {"type": ["string", "null", "array"]},
            "{}",
            f'{TYPE.format("object")} (allowed: ["array","null","string"])',
        ),
        (
            INTEGER,
            "1.0",
            'instance type (number) does not match any allowed primitive type (allowed: ["integer"])',
        ),
        (
            INTEGER,
            "true",
            'instance type (boolean) does not match any allowed primitive type (allowed: ["integer"])',
        ),
        (
            {"type": "string", "nullable": True},
            "null",
            'instance type (null) does not match any allowed primitive type (allowed: ["string"])',
        ),
        ({"enum": ["a", "b"]}, '"x"', 'instance value ("x") not found in enum (possible values: ["a","b"])'),
        (
            {"enum": [1, {"a": None}]},
            "true",
            'instance value (true) not found in enum (possible values: [1,{"a":null}])',
        ),
        (
            {"minimum": 1},
            "0",
            "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
        ),
        (
            {"minimum": 1.5},
            "1.0",
            "numeric instance is lower than the required minimum (minimum: 1.5, found: 1.0)",
        ),
        (
            {"minimum": 1, "exclusiveMinimum": True},
            "1.0",
            "numeric instance is not strictly greater than the required minimum 1",
        ),
        (
            {"maximum": 500},
            "600",
            "numeric instance is greater than the required maximum (maximum: 500, found: 600)",
        ),
        (
            {"maximum": 12345678901234567890, "exclusiveMaximum": True},
            "12345678901234567890",
            "numeric instance is not strictly lower than the required maximum 12345678901234567890",
        ),
        ({"multipleOf": 3}, "10", "remainder of division is not zero (10 / 3)"),
        ({"multipleOf": 0.01}, "1.005", "remainder of division is not zero (1.005 / 0.01)"),
        ({"multipleOf": 3}, "1e90000", "remainder of division is not zero (1E+90000 / 3)"),
        ({"minLength": 3}, '"x"', 'string "x" is too short (length: 1, required minimum: 3)'),
        ({"maxLength": 1}, '"é\\ud83d\\ude00"', 'string "é😀" is too long (length: 2, maximum allowed: 1)'),
        ({"pattern": "^[a-z]+$"}, '"A"', 'ECMA 262 regex "^[a-z]+$" does not match input string "A"'),
        (
            {"minItems": 2},
            "[1]",
            "array is too short: must have at least 2 elements but instance has 1 elements",
        ),
        (
            {"maxItems": 0},
            "[1]",
            "array is too long: must have at most 0 elements but instance has 1 elements",
        ),
        ({"uniqueItems": True}, "[1, 1.0]", "array must not contain duplicate elements"),
        (
            {"items": [{}], "additionalItems": False},
            "[1, 2]",
            "schema only allows 1 elements in array but instance has 2 elements",
        ),
        (
            {"minProperties": 1},
            "{}",
            "object has too few properties (found 0 but schema requires at least 1)",
        ),
        (
            {"maxProperties": 0},
            '{"a":1}',
            "object has too many properties (found 1 but schema requires at most 0)",
        ),
        (
            {"properties": {"a": {}}, "patternProperties": {"^x-": {}}, "additionalProperties": False},
            '{"c":1,"a":1,"x-1":1,"b":1}',
            'object instance has properties which are not allowed by the schema: ["b","c"]',
        ),
        ({"required": ["b", "a"]}, "{}", 'object has missing required properties (["a","b"])'),
        (
            {"dependencies": {"a": ["c", "b"]}},
            '{"a":1,"b":1}',
            'property "a" of object has missing property dependencies (schema requires ["b","c"]; missing: ["c"])',
        ),
        (
            {"dependencies": {"a": {"required": ["b"]}}},
            '{"a":1}',
            'object has missing required properties (["b"])',
        ),
        (
            {"allOf": [{"type": "integer"}, {"minimum": 5}]},
            "1",
            "instance failed to match all required schemas (matched only 1 out of 2)",
        ),
        (
            {"anyOf": [{"type": "string"}, {"minimum": 5}]},
            "1",
            "instance failed to match at least one required schema among 2",
        ),
        (
            {"oneOf": [{"type": "integer"}, {"minimum": 0}]},
            "1",
            "instance failed to match exactly one schema (matched 2 out of 2)",
        ),
        ({"not": {"type": "integer"}}, "1", "instance matched a schema which it should not have"),
        (
            {"not": {}, "enum": [2], "type": "string"},
            "1",
            f"instance value (1) not found in enum (possible values: [2]), {MATCHED}, {NO_TEXT}",
        ),
    ],
)
def test_a_fault_is_told_in_amazons_words(schema: Any, body: str, message: str) -> None:
    assert said(schema, body) == f"[{message}]"


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ({}, "null"),
        ({"type": "number"}, "1"),
        ({"type": "number"}, "1.5"),
        ({"type": ["integer", "null"]}, "null"),
        ({"enum": [1]}, "1.0"),
        ({"enum": [{"a": [1]}]}, '{"a":[1.0]}'),
        ({"minimum": 1}, "1"),
        ({"minimum": 1}, '"0"'),
        ({"maximum": 1e2}, "100"),
        ({"maximum": 9007199254740993}, "9007199254740993"),
        ({"multipleOf": 0.01}, "1.10"),
        ({"multipleOf": 2.0}, "4"),
        ({"multipleOf": 3}, "0.0"),
        ({"minLength": 1, "maxLength": 1}, '"\\ud83d\\ude00"'),
        ({"minLength": 5}, "[]"),
        ({"pattern": "b"}, '"abc"'),
        ({"uniqueItems": True}, '[1, true, "1", [1], {"a":1}]'),
        ({"uniqueItems": False}, "[1, 1]"),
        ({"items": [{}], "additionalItems": True}, "[1, 2]"),
        ({"items": {}, "additionalItems": False}, "[1, 2]"),
        ({"additionalProperties": True}, '{"a":1}'),
        ({"properties": {"a": {}}}, '{"b":1}'),
        ({"required": ["a"]}, "[]"),
        ({"dependencies": {"a": ["b"]}}, '{"c":1}'),
        ({"dependencies": {"a": {"required": ["b"]}}}, '{"c":1}'),
        ({"allOf": [{}, {"minimum": 1}]}, "1"),
        ({"anyOf": [{"type": "null"}, {"minimum": 1}]}, "1"),
        ({"oneOf": [{"type": "null"}, {"minimum": 1}]}, "1"),
        ({"not": {"type": "null"}}, "1"),
        ({"type": "integer", "format": "int32", "example": 1, "discriminator": "x"}, "99999999999"),
    ],
)
def test_what_fits_is_let_in(schema: Any, body: str) -> None:
    assert said(schema, body) is None
