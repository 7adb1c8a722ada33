"""JSON values and what a reader finds wrong with a text: the words that the JSON and YAML readers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateline.model.diagnostic import Code
from gateline.model.origin import Position

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

MAX_DEPTH: Final = 100
"""Deeper nesting than any definition has; every reader below may recurse that far without care."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong with a text, where it is, and what was expected."""

    code: Code
    position: Position
    message: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text says, and its faults. The value means nothing when one of them is an error."""

    value: JsonValue
    faults: tuple[Fault, ...] = ()


def position_at(text: str, offset: int) -> Position:
    """The line and column of an offset."""
    before = text.count("\n", 0, offset)
    return Position(before + 1, offset - text.rfind("\n", 0, offset))


def too_deep(value: JsonValue) -> bool:
    """Whether the value nests deeper than `MAX_DEPTH`; looks at it level by level, so depth cannot hurt."""
    level: list[list[JsonValue] | dict[str, JsonValue]] = [value] if isinstance(value, (list, dict)) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return False
        level = [
            below
            for container in level
            for below in (container.values() if isinstance(container, dict) else container)
            if isinstance(below, (list, dict))
        ]
    return bool(level)


def template_hint(text: str) -> str:
    """What to do about a text that must be rendered before it is JSON or YAML; twelve real files are so."""
    sign = next((sign for sign in ("{{", "{%", "%{", "#set", "#if") if sign in text), "")
    return f"'{sign}' looks like a template: render it first" if sign else ""


def twice(key: str, first: Position) -> str:
    """The sentence about a key that a mapping holds twice; the complaint stands at the second place."""
    return f"the key '{key}' was already written at line {first.line}, column {first.column}; this one wins"
