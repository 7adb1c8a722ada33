"""JSON texts: read by the standard module, which is fast; places are looked up only when somebody asks."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, cast

from gateline.model import codes
from gateline.model.origin import Position
from gateline.sources.json_value import Fault, JsonValue, Parsed, position_at, template_hint, too_deep, twice

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_DECODER: Final = json.JSONDecoder(strict=False)

_EXPECTED: Final = {
    "Expecting value": "expected a value",
    "Expecting ',' delimiter": "expected ',' or a closing bracket",
    "Expecting ':' delimiter": "expected ':' after the key",
    "Expecting property name enclosed in double quotes": "expected a key in double quotes, or '}'",
    "Illegal trailing comma before end of object": "expected another key after ','",
    "Illegal trailing comma before end of array": "expected another value after ','",
    "Unterminated string starting at": "expected '\"' at the end of the text that starts here",
    "Invalid control character at": "expected no line break or control character inside of a text",
    "Invalid \\escape": "expected one of \" \\ / b f n r t u after '\\'",
    "Invalid \\uXXXX escape": "expected four hexadecimal digits after '\\u'",
    "Extra data": "expected the end of the file",
}


def parse(text: str) -> Parsed:
    """Read a JSON text as RFC 8259 has it; keys that are written twice are faults, and the last one wins."""
    repeated = False

    def mapping(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        nonlocal repeated
        values = dict(pairs)
        repeated = repeated or len(values) != len(pairs)
        return values

    try:
        value = cast(
            "JsonValue",
            json.loads(text, object_pairs_hook=mapping, parse_constant=_refuse, parse_float=_finite),
        )
    except json.JSONDecodeError as error:
        return Parsed(None, (_syntax_fault(text, error),))
    except RecursionError:
        return Parsed(None, (_beyond_bounds(),))
    except ValueError as error:  # a constant that JSON lacks, or more digits than Python converts
        return Parsed(None, (_number_fault(text, str(error)),))
    if too_deep(value):
        return Parsed(None, (_beyond_bounds(),))
    if _SURROGATE.search(text) and (fault := _surrogate_fault(text, value)) is not None:
        return Parsed(None, (fault,))
    return Parsed(value, tuple(_repeated_keys(text)) if repeated else ())


def locate(text: str, pointer: tuple[str | int, ...]) -> Position | None:
    """Where the value at a pointer stands (a container: its key), or the nearest one above; None if not JSON.

    Values on the way are skipped by the C scanner, so this costs a fraction of reading the text.
    """
    place = at = _skip(text, 0)
    try:
        for key in pointer:
            found = _children(text, at).get(str(key))
            if found is None:
                break
            key_at, at = found
            place = key_at if text[at] in "{[" else at
    except (ValueError, IndexError, RecursionError):
        return None
    starts = _line_starts(text)
    line = bisect_right(starts, place)
    return Position(line, place - starts[line - 1] + 1)


def _children(text: str, at: int) -> dict[str, tuple[int, int]]:
    """A container's keys with their places and their values' places; of a key written twice, the last one."""
    known = _known_children(text)
    if at not in known:
        known[at] = {key: (key_at, value_at) for key, key_at, value_at in _entries(text, at)}
    return known[at]


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", text))]


@lru_cache(maxsize=4)
def _known_children(text: str) -> dict[int, dict[str, tuple[int, int]]]:  # noqa: ARG001
    """What was found out about a text so far: a definition may have thousands of complaints."""
    return {}


def _entries(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """A container's entries: the key (or index) as text, the key's place, the value's place."""
    if text[at] not in "{[":
        return
    is_mapping = text[at] == "{"
    at = _skip(text, at + 1)
    index = 0
    while text[at] not in "}]":
        key, key_at, value_at = str(index), at, at
        if is_mapping:
            key, after = _DECODER.raw_decode(text, at)
            value_at = _skip(text, _skip(text, after) + 1)
        yield key, key_at, value_at
        at = _skip(text, _DECODER.raw_decode(text, value_at)[1])
        at = _skip(text, at + 1) if text[at] == "," else at
        index += 1


def _repeated_keys(text: str) -> Iterator[Fault]:
    containers = [_skip(text, 0)]
    while containers:
        at = containers.pop()
        is_mapping = text[at] == "{"
        first: dict[str, int] = {}
        for key, key_at, value_at in _entries(text, at):
            if is_mapping and first.setdefault(key, key_at) != key_at:
                message = twice(key, position_at(text, first[key]))
                yield Fault(code=codes.DUPLICATE_KEY, position=position_at(text, key_at), message=message)
            if text[value_at] in "{[":
                containers.append(value_at)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(digits)
    return number


def _refuse(constant: str) -> JsonValue:
    raise ValueError(constant)


def _syntax_fault(text: str, error: json.JSONDecodeError) -> Fault:
    expected = next((said for start, said in _EXPECTED.items() if error.msg.startswith(start)), error.msg)
    found = repr(text[error.pos]) if error.pos < len(text) else "the end of the file"
    if error.msg.startswith(("Unterminated", "Invalid")):
        found = ""
    return Fault(
        code=codes.NOT_YAML_OR_JSON,
        position=Position(error.lineno, error.colno),
        message=f"{expected}, found {found}" if found else expected,
        help=template_hint(text)
        if error.msg != "Extra data"
        else "a bracket was closed too early further up",
    )


def _number_fault(text: str, said: str) -> Fault:
    shown = said if len(said) <= 40 and said in text else "a number with thousands of digits"
    at = text.find(said) if said in text else 0
    return Fault(
        code=codes.NOT_YAML_OR_JSON,
        position=position_at(text, at),
        message=f"expected a value of JSON, found {shown}",
    )


def _surrogate_fault(text: str, value: JsonValue) -> Fault | None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        found = _SURROGATE.search(text)
        return Fault(
            code=codes.LONE_SURROGATE,
            position=position_at(text, found.start() if found else 0),
            message="expected a pair of surrogates: one alone is not a character",
        )
    return None


def _beyond_bounds() -> Fault:
    return Fault(code=codes.BEYOND_BOUNDS, position=Position(1, 1), message="the values nest too deeply")
