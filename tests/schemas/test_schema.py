import json
from typing import Any

import pytest

from gateline.schemas.model import Models


def fits(schema: Any, body: str) -> bool:
    return Models({"M": json.dumps(schema)}).violations("M", body.encode()) is None


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"properties": {"a": {"type": "null"}}}, '{"a":null,"b":1}', '{"a":1}'),
        ({"patternProperties": {"^a": {"type": "null"}}}, '{"ab":null,"b":1}', '{"ab":1}'),
        (
            {"properties": {"ab": {}}, "patternProperties": {"^a": {"type": "null"}}},
            '{"ab":null}',
            '{"ab":1}',
        ),
        ({"additionalProperties": {"type": "null"}}, '{"a":null}', '{"a":1}'),
        ({"properties": {"a": {}}, "additionalProperties": {"type": "null"}}, '{"a":1}', '{"b":1}'),
        ({"items": {"type": "null"}}, "[null,null]", "[null,1]"),
        ({"items": [{"type": "null"}, {"enum": [1]}]}, "[null,1,2]", "[null,2]"),
        ({"items": [{}], "additionalItems": {"type": "null"}}, "[1,null]", "[1,1]"),
        ({"additionalItems": {"type": "null"}}, "[null]", "[1]"),
        ({"items": {"items": {"properties": {"a": {"enum": [1]}}}}}, '[[{"a":1}]]', '[[{"a":2}]]'),
        ({"type": "string", "format": "email"}, '"a@b.c"', '"x"'),
    ],
)
def test_what_is_inside_of_a_value_is_judged_too(schema: Any, good: str, bad: str) -> None:
    assert fits(schema, good)
    assert not fits(schema, bad)


def test_after_a_fault_siblings_are_judged_but_nothing_below_them() -> None:
    schema = {
        "properties": {
            "a": {"type": "null"},
            "b": {"maxProperties": 0, "properties": {"c": {"type": "null"}}},
            "d": {"properties": {"c": {"type": "null"}}},
        }
    }
    text = Models({"M": json.dumps(schema)}).violations("M", b'{"d":{"c":1},"b":{"c":1},"a":1}')
    assert text == (
        '[instance type (integer) does not match any allowed primitive type (allowed: ["null"]), '
        "object has too many properties (found 1 but schema requires at most 0)]"
    )


def test_format_comes_after_all_keywords() -> None:
    text = Models({"M": '{"format": "ipv4", "pattern": "^a", "type": "string"}'}).violations("M", b'"x"')
    assert text == (
        '[ECMA 262 regex "^a" does not match input string "x", string "x" is not a valid IPv4 address]'
    )


def test_what_is_found_in_a_branch_does_not_keep_the_rest_from_being_looked_at() -> None:
    schema = {"anyOf": [{"type": "array"}, {"type": "object"}], "properties": {"a": {"type": "null"}}}
    assert not fits(schema, '{"a":1}')
    assert fits(schema, '{"a":null}')
