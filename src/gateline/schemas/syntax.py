"""What is wrong with a schema of draft 4, as Amazon would refuse it at import.

Keywords that draft 4 does not know are ignored there and here: OpenAPI's `nullable`, `example`, `readOnly` and
`discriminator`, and `const` of later drafts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from gateline.schemas.json_body import Json, Kind, identity
from gateline.schemas.pattern import Pattern, PatternInvalid

IGNORED: Final = frozenset(
    {
        "$dynamicRef", "const", "contains", "dependentRequired", "dependentSchemas", "discriminator", "else", "if",
        "nullable", "prefixItems", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
"""Keywords of OpenAPI and of later drafts that would decide about bodies, if draft 4 knew them."""

Pointer = tuple[str | int, ...]
Fault = tuple[Pointer, str]
"""Where in a schema, and what."""

_NAMES: Final = ", ".join(kind.value for kind in Kind)
_MAPS: Final = ("definitions", "properties", "patternProperties")
_LISTS: Final = ("allOf", "anyOf", "oneOf")
_SINGLE: Final = ("additionalItems", "additionalProperties", "items", "not")


def faults(schema: Json) -> Iterator[Fault]:
    """What is wrong with a schema and those inside of it; an iterative walk, since files may nest without end."""
    waiting: list[tuple[Pointer, Json]] = [((), schema)]
    while waiting:
        pointer, value = waiting.pop()
        if not isinstance(value, dict):
            yield pointer, "a schema must be an object"
        elif "$ref" not in value:
            for keyword in value.keys() & _RULES.keys():
                said = _RULES[keyword](value[keyword], value)
                if said is not None:
                    yield (*pointer, keyword), f"'{keyword}' {said}"
            waiting += [((*pointer, *step), below) for step, below in subschemas(value)]


def subschemas(fields: dict[str, Any]) -> Iterator[tuple[Pointer, Json]]:
    """The schemas directly inside of one that is no `$ref`, and where."""
    for keyword in _MAPS:
        if isinstance(below := fields.get(keyword), dict):
            yield from (((keyword, name), schema) for name, schema in below.items())
    for keyword in _LISTS:
        if isinstance(below := fields.get(keyword), list):
            yield from (((keyword, index), schema) for index, schema in enumerate(below))
    for keyword in _SINGLE:
        if isinstance(below := fields.get(keyword), dict):
            yield (keyword,), below
    if isinstance(below := fields.get("items"), list):
        yield from ((("items", index), schema) for index, schema in enumerate(below))
    if isinstance(below := fields.get("dependencies"), dict):
        yield from ((("dependencies", name), s) for name, s in below.items() if isinstance(s, dict))


def in_place(fields: dict[str, Any]) -> Iterator[Json]:
    """The schemas that judge the same value as this one does: a circle of these would never end."""
    for pointer, schema in subschemas(fields):
        if pointer[0] in {*_LISTS, "not", "dependencies"}:
            yield schema


_Rule = Callable[[Any, dict[str, Any]], str | None]


def _boolean(value: Json, _: dict[str, Any]) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _number(value: Json, _: dict[str, Any]) -> str | None:
    return None if _is_number(value) else "must be a number"


def _is_number(value: Json) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _count(value: Json, _: dict[str, Any]) -> str | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return None if is_count else "must be an integer of at least 0"


def _divisor(value: Any, _: dict[str, Any]) -> str | None:  # noqa: ANN401 - whatever a file holds
    return None if _is_number(value) and value > 0 else "must be a number greater than 0"


def _pattern(value: Json, _: dict[str, Any]) -> str | None:
    if not isinstance(value, str):
        return "must be text"
    try:
        Pattern(value)
    except PatternInvalid as error:
        return f"is no regular expression of ECMA 262: {error}"
    return None


def _patterns(value: Json, fields: dict[str, Any]) -> str | None:
    if not isinstance(value, dict):
        return "must be an object of schemas"
    said = (
        f"has '{source}', which {_pattern(source, fields)}" for source in value if _pattern(source, fields)
    )
    return next(said, None)


def _schemas(value: Json, _: dict[str, Any]) -> str | None:
    return None if isinstance(value, dict) else "must be an object of schemas"


def _schema(value: Json, _: dict[str, Any]) -> str | None:
    return None if isinstance(value, dict) else "must be a schema"


def _list_of_schemas(value: Json, _: dict[str, Any]) -> str | None:
    return None if isinstance(value, list) and value else "must be a list of at least one schema"


def _schema_or_list(value: Json, _: dict[str, Any]) -> str | None:
    return None if isinstance(value, dict | list) else "must be a schema or a list of schemas"


def _schema_or_boolean(value: Json, _: dict[str, Any]) -> str | None:
    return None if isinstance(value, dict | bool) else "must be a schema, true or false"


def _type(value: Json, _: dict[str, Any]) -> str | None:
    named = value if isinstance(value, list) else [value]
    known = {kind.value for kind in Kind}
    wrong = [name for name in named if not isinstance(name, str) or name not in known]
    return f"must be one or a list of {_NAMES}" if wrong or not named else None


def _enum(value: Json, _: dict[str, Any]) -> str | None:
    if not isinstance(value, list) or not value:
        return "must be a list of at least one value"
    return "holds a value twice" if len({identity(each) for each in value}) != len(value) else None


def _names(value: Json, _: dict[str, Any]) -> str | None:
    is_list = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return None if is_list else "must be a list of names"


def _dependencies(value: Json, fields: dict[str, Any]) -> str | None:
    is_map = isinstance(value, dict) and all(
        isinstance(each, dict) or _names(each, fields) is None for each in value.values()
    )
    return None if is_map else "must be an object of schemas or of lists of names"


def _exclusive(partner: str) -> _Rule:
    def rule(value: Json, fields: dict[str, Any]) -> str | None:
        if not isinstance(value, bool):
            return f"must be true or false, beside '{partner}'; a number is what later drafts have"
        return None if partner in fields else f"means nothing without '{partner}'"

    return rule


_RULES: Final[dict[str, _Rule]] = {
    "additionalItems": _schema_or_boolean,
    "additionalProperties": _schema_or_boolean,
    "allOf": _list_of_schemas,
    "anyOf": _list_of_schemas,
    "definitions": _schemas,
    "dependencies": _dependencies,
    "enum": _enum,
    "exclusiveMaximum": _exclusive("maximum"),
    "exclusiveMinimum": _exclusive("minimum"),
    "items": _schema_or_list,
    "maxItems": _count,
    "maxLength": _count,
    "maxProperties": _count,
    "maximum": _number,
    "minItems": _count,
    "minLength": _count,
    "minProperties": _count,
    "minimum": _number,
    "multipleOf": _divisor,
    "not": _schema,
    "oneOf": _list_of_schemas,
    "pattern": _pattern,
    "patternProperties": _patterns,
    "properties": _schemas,
    "required": _names,
    "type": _type,
    "uniqueItems": _boolean,
}
