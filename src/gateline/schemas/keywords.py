"""The keywords of draft 4 that look at one value, and what Amazon's validator says when it does not fit.

The words are those of json-schema-validator (its `validation.properties`), which API Gateway runs.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final, Protocol

from gateline.schemas.json_body import Json, Kind, identity, kind_of, written
from gateline.schemas.pattern import Pattern
from gateline.schemas.report import Report

Check = Callable[[Any, Report], None]
"""Judges one value of a kind that its keyword is for."""

Fields = dict[str, Any]
"""A schema, as it is written; its keywords have the types that `syntax.py` asks for."""


class Judge(Protocol):
    """A schema that is ready to judge."""

    def judge(self, value: Json, report: Report) -> None:
        """Tell the report what does not fit."""


Ready = Callable[[Json], Judge]
"""Makes a schema inside of another one ready."""

_ARRAYS: Final = frozenset({Kind.ARRAY})
_OBJECTS: Final = frozenset({Kind.OBJECT})
_STRINGS: Final = frozenset({Kind.STRING})
_NUMBERS: Final = frozenset({Kind.INTEGER, Kind.NUMBER})
_ALL: Final = frozenset(Kind)

_LARGEST_QUOTIENT: Final = 4_000  # digits; beyond it nothing counts as a multiple
_EXACT: Final = Context(prec=_LARGEST_QUOTIENT + 2_100)


def _type(fields: Fields, _: Ready) -> Check:
    named = fields["type"]
    allowed = {Kind(name) for name in ([named] if isinstance(named, str) else named)}
    if Kind.NUMBER in allowed:
        allowed.add(Kind.INTEGER)
    listed = written([kind.value for kind in Kind if kind in allowed])

    def check(value: Json, report: Report) -> None:
        if (kind := kind_of(value)) not in allowed:
            report.fault(
                f"instance type ({kind.value}) does not match any allowed primitive type (allowed: {listed})"
            )

    return check


def _enum(fields: Fields, _: Ready) -> Check:
    values, listed = {identity(value) for value in fields["enum"]}, written(fields["enum"])

    def check(value: Json, report: Report) -> None:
        if identity(value) not in values:
            report.fault(f"instance value ({written(value)}) not found in enum (possible values: {listed})")

    return check


def _bound(
    keyword: str, exclusive: str, sign: int, over: str, equal: str
) -> Callable[[Fields, Ready], Check]:
    """`minimum` (sign 1) or `maximum` (sign -1)."""

    def make(fields: Fields, _: Ready) -> Check:
        limit, is_exclusive = fields[keyword], fields.get(exclusive) is True
        shown = written(limit)

        def check(value: int | Decimal, report: Report) -> None:
            if (value < limit) if sign > 0 else (value > limit):
                report.fault(f"{over} ({keyword}: {shown}, found: {written(value)})")
            elif is_exclusive and value == limit:
                report.fault(f"{equal} {shown}")

        return check

    return make


def _multiple_of(fields: Fields, _: Ready) -> Check:
    divisor = fields["multipleOf"]

    def is_multiple(value: int | Decimal) -> bool:
        if isinstance(value, int) and isinstance(divisor, int):
            return value % divisor == 0
        left, right = Decimal(value), Decimal(divisor)
        if left and left.adjusted() - right.adjusted() > _LARGEST_QUOTIENT:
            return False
        try:
            return not _EXACT.remainder(left, right)
        except InvalidOperation:
            return False

    def check(value: int | Decimal, report: Report) -> None:
        if not is_multiple(value):
            report.fault(f"remainder of division is not zero ({written(value)} / {written(divisor)})")

    return check


def _size(keyword: str, sign: int, said: Callable[[Any, int], str]) -> Callable[[Fields, Ready], Check]:
    """A least (sign 1) or greatest (sign -1) number of characters, elements or members."""

    def make(fields: Fields, _: Ready) -> Check:
        limit = fields[keyword]

        def check(value: str | list[Json] | dict[str, Json], report: Report) -> None:
            if (len(value) - limit) * sign < 0:
                report.fault(said(value, limit))

        return check

    return make


def _pattern(fields: Fields, _: Ready) -> Check:
    source = fields["pattern"]
    pattern = Pattern(source)

    def check(value: str, report: Report) -> None:
        if not pattern.found(value, report.seconds()):
            report.fault(f'ECMA 262 regex "{source}" does not match input string "{value}"')

    return check


def _unique_items(fields: Fields, _: Ready) -> Check:
    is_asked = fields["uniqueItems"]

    def check(value: list[Json], report: Report) -> None:
        if is_asked and len(set(map(identity, value))) != len(value):
            report.fault("array must not contain duplicate elements")

    return check


def _additional_items(fields: Fields, _: Ready) -> Check:
    items = fields.get("items")
    is_open = fields["additionalItems"] is not False or not isinstance(items, list)
    allowed = len(items) if isinstance(items, list) else 0

    def check(value: list[Json], report: Report) -> None:
        if not is_open and len(value) > allowed:
            report.fault(
                f"schema only allows {allowed} elements in array but instance has {len(value)} elements"
            )

    return check


def _additional_properties(fields: Fields, _: Ready) -> Check:
    is_open = fields["additionalProperties"] is not False
    named = frozenset(fields.get("properties", ()))
    patterns = [Pattern(source) for source in sorted(fields.get("patternProperties", ()))]

    def check(value: dict[str, Json], report: Report) -> None:
        if is_open:
            return
        unwanted = [
            name
            for name in sorted(value.keys() - named)
            if not any(pattern.found(name, report.seconds()) for pattern in patterns)
        ]
        if unwanted:
            listed = written([*unwanted])
            report.fault(f"object instance has properties which are not allowed by the schema: {listed}")

    return check


def _required(fields: Fields, _: Ready) -> Check:
    required = sorted(set(fields["required"]))

    def check(value: dict[str, Json], report: Report) -> None:
        missing: list[Json] = [name for name in required if name not in value]
        if missing:
            report.fault(f"object has missing required properties ({written(missing)})")

    return check


def _dependencies(fields: Fields, ready: Ready) -> Check:
    written_ones = fields["dependencies"]
    names = {key: sorted(set(value)) for key, value in written_ones.items() if isinstance(value, list)}
    schemas = {key: ready(value) for key, value in sorted(written_ones.items()) if isinstance(value, dict)}

    def check(value: dict[str, Json], report: Report) -> None:
        for name, required in names.items():
            missing: list[Json] = [other for other in required if other not in value]
            if name in value and missing:
                report.fault(
                    f'property "{name}" of object has missing property dependencies '
                    f"(schema requires {written([*required])}; missing: {written(missing)})"
                )
        for name, schema in schemas.items():
            if name in value:
                schema.judge(value, report)

    return check


def _among(
    keyword: str, is_enough: Callable[[int, int], bool], said: Callable[[int, int], str]
) -> Callable[[Fields, Ready], Check]:
    """`allOf`, `anyOf`, `oneOf`: how many schemas match, and what is said when that is not right."""

    def make(fields: Fields, ready: Ready) -> Check:
        schemas = [ready(schema) for schema in fields[keyword]]

        def check(value: Json, report: Report) -> None:
            matched = 0
            for schema in schemas:
                with report.apart():
                    schema.judge(value, report)
                    matched += report.is_good
            if not is_enough(matched, len(schemas)):
                report.fault(said(matched, len(schemas)))

        return check

    return make


def _not(fields: Fields, ready: Ready) -> Check:
    schema = ready(fields["not"])

    def check(value: Json, report: Report) -> None:
        with report.apart():
            schema.judge(value, report)
            matched = report.is_good
        if matched:
            report.fault("instance matched a schema which it should not have")

    return check


_LOWER: Final = "numeric instance is lower than the required minimum"
_GREATER: Final = "numeric instance is greater than the required maximum"

KEYWORDS: Final[dict[str, tuple[frozenset[Kind], Callable[[Fields, Ready], Check]]]] = {
    "additionalItems": (_ARRAYS, _additional_items),
    "additionalProperties": (_OBJECTS, _additional_properties),
    "allOf": (
        _ALL,
        _among(
            "allOf",
            lambda matched, count: matched == count,
            lambda matched, count: (
                f"instance failed to match all required schemas (matched only {matched} out of {count})"
            ),
        ),
    ),
    "anyOf": (
        _ALL,
        _among(
            "anyOf",
            lambda matched, _: matched > 0,
            lambda _, count: f"instance failed to match at least one required schema among {count}",
        ),
    ),
    "dependencies": (_OBJECTS, _dependencies),
    "enum": (_ALL, _enum),
    "maxItems": (
        _ARRAYS,
        _size(
            "maxItems",
            -1,
            lambda value, limit: (
                f"array is too long: must have at most {limit} elements but instance has {len(value)} elements"
            ),
        ),
    ),
    "maxLength": (
        _STRINGS,
        _size(
            "maxLength",
            -1,
            lambda value, limit: (
                f'string "{value}" is too long (length: {len(value)}, maximum allowed: {limit})'
            ),
        ),
    ),
    "maxProperties": (
        _OBJECTS,
        _size(
            "maxProperties",
            -1,
            lambda value, limit: (
                f"object has too many properties (found {len(value)} but schema requires at most {limit})"
            ),
        ),
    ),
    "maximum": (
        _NUMBERS,
        _bound(
            "maximum",
            "exclusiveMaximum",
            -1,
            _GREATER,
            "numeric instance is not strictly lower than the required maximum",
        ),
    ),
    "minItems": (
        _ARRAYS,
        _size(
            "minItems",
            1,
            lambda value, limit: (
                f"array is too short: must have at least {limit} elements but instance has {len(value)} elements"
            ),
        ),
    ),
    "minLength": (
        _STRINGS,
        _size(
            "minLength",
            1,
            lambda value, limit: (
                f'string "{value}" is too short (length: {len(value)}, required minimum: {limit})'
            ),
        ),
    ),
    "minProperties": (
        _OBJECTS,
        _size(
            "minProperties",
            1,
            lambda value, limit: (
                f"object has too few properties (found {len(value)} but schema requires at least {limit})"
            ),
        ),
    ),
    "minimum": (
        _NUMBERS,
        _bound(
            "minimum",
            "exclusiveMinimum",
            1,
            _LOWER,
            "numeric instance is not strictly greater than the required minimum",
        ),
    ),
    "multipleOf": (_NUMBERS, _multiple_of),
    "not": (_ALL, _not),
    "oneOf": (
        _ALL,
        _among(
            "oneOf",
            lambda matched, _: matched == 1,
            lambda matched, count: (
                f"instance failed to match exactly one schema (matched {matched} out of {count})"
            ),
        ),
    ),
    "pattern": (_STRINGS, _pattern),
    "required": (_OBJECTS, _required),
    "type": (_ALL, _type),
    "uniqueItems": (_ARRAYS, _unique_items),
}
"""Keyword → the kinds of values that it is for, and what makes its check of a schema."""
