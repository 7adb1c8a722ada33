"""A schema made ready: for each kind of value its checks, in the order in which Amazon's validator runs them.

That order is the keywords' own (by name, `format` last); what is inside of a value is looked at only while nothing
was found wrong, its members by name. So a body that has several faults gets the same list of messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateline.schemas.formats import FORMATS
from gateline.schemas.json_body import Json, Kind, kind_of
from gateline.schemas.keywords import KEYWORDS, Check, Judge, Ready
from gateline.schemas.pattern import Pattern
from gateline.schemas.report import Report


class Schema:
    """One schema without `$ref`.

    Args:
        fields: the schema, as `syntax.py` takes it.
        ready: makes the schemas inside of it ready.

    """

    def __init__(self, fields: dict[str, Any], ready: Ready) -> None:
        self._checks: dict[Kind, list[Check]] = {kind: [] for kind in Kind}
        for keyword in sorted(fields.keys() & KEYWORDS.keys()):
            kinds, make = KEYWORDS[keyword]
            check = make(fields, ready)
            for kind in kinds:
                self._checks[kind].append(check)
        name = fields.get("format")
        if isinstance(name, str) and name in FORMATS:
            self._checks[Kind.STRING].append(_format(FORMATS[name]))
        self._properties = {key: ready(value) for key, value in fields.get("properties", {}).items()}
        patterns = sorted(fields.get("patternProperties", {}).items())
        self._patterns = [(Pattern(source), ready(value)) for source, value in patterns]
        self._additional = _ready_object(fields.get("additionalProperties"), ready)
        items = fields.get("items")
        self._items = _ready_object(items, ready)
        self._places = [ready(item) for item in items] if isinstance(items, list) else []
        self._further = _ready_object(fields.get("additionalItems"), ready) if self._items is None else None

    def judge(self, value: Json, report: Report) -> None:
        """Tell the report what does not fit.

        Raises:
            TooLong: the report has no time for it.
            RecursionError: the value nests deeper than can be looked at.

        """
        report.step()
        for check in self._checks[kind_of(value)]:
            check(value, report)
        if not report.is_good:
            return
        if isinstance(value, dict):
            for name in sorted(value):
                if report.is_full:
                    return
                for schema in self._of_member(name, report):
                    schema.judge(value[name], report)
        elif isinstance(value, list):
            for index, element in enumerate(value):
                if report.is_full:
                    return
                of_element = self._of_element(index)
                if of_element is not None:
                    of_element.judge(element, report)

    def _of_member(self, name: str, report: Report) -> Iterator[Judge]:
        found = False
        if name in self._properties:
            found = True
            yield self._properties[name]
        for pattern, schema in self._patterns:
            if pattern.found(name, report.seconds()):
                found = True
                yield schema
        if not found and self._additional is not None:
            yield self._additional

    def _of_element(self, index: int) -> Judge | None:
        if self._items is not None:
            return self._items
        return self._places[index] if index < len(self._places) else self._further


class Reference:
    """A schema that is a `$ref`: another one in its place, looked for when it is first needed."""

    def __init__(self, find: Callable[[], Judge]) -> None:
        self._find = find
        self._found: Judge | None = None

    def judge(self, value: Json, report: Report) -> None:
        """Judge by the schema that is meant."""
        report.step()
        if self._found is None:
            self._found = self._find()
        self._found.judge(value, report)


def _ready_object(schema: Json, ready: Ready) -> Judge | None:
    return ready(schema) if isinstance(schema, dict) else None


def _format(judge: Callable[[str], str | None]) -> Check:
    def check(value: str, report: Report) -> None:
        fault = judge(value)
        if fault is not None:
            report.fault(fault)

    return check
