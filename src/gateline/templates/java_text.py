"""How values become text: `{a=b}` for maps, JSON for lists of JSON, `[a, b]` for lists that a template made."""

from __future__ import annotations

from collections.abc import Iterator

from gateline.templates import json_text
from gateline.templates.budget import Meter, TemplateFailed
from gateline.templates.java_number import double_text
from gateline.templates.json_text import JsonNumber
from gateline.templates.method import Tool


class JavaList(list[object]):
    """A list that a template made, which prints as Java's do; one from JSON prints as JSON [R]."""

    __slots__ = ()


class SilentMap(dict[str, object]):
    """A map of `$context`'s own: its entries can be read and set, and it prints as nothing [R]."""

    __slots__ = ()


def text_of(value: object, meter: Meter) -> str:
    """The text that stands for a value in a template's output (the table of api-gateway.md section 8).

    Raises:
        TemplateFailed: there is more of it than the meter has room for, or the value holds itself.

    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value]
    if value is None:
        return ""
    if kind is int:
        return str(value)
    try:
        return "".join(_pieces(value, meter))
    except RecursionError as error:
        raise TemplateFailed("a value is nested too deeply") from error


def _pieces(value: object, meter: Meter) -> Iterator[str]:
    meter.spend()
    if isinstance(value, SilentMap):
        return
    if isinstance(value, dict):
        yield "{"
        separator = ""
        for key, item in value.items():
            key_text = f"{separator}{key}="
            meter.take(len(key_text))
            yield key_text
            yield from _pieces(item, meter)
            separator = ", "
        yield "}"
    elif isinstance(value, JavaList):
        yield "["
        for index, item in enumerate(value):
            yield ", " if index else ""
            yield from _pieces(item, meter)
        yield "]"
    elif isinstance(value, list):
        yield json_text.write(value, meter)
    else:
        scalar = _scalar(value, meter)
        meter.take(len(scalar))
        yield scalar


def _scalar(value: object, meter: Meter) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, JsonNumber):
        return value.text
    return value.text(meter) if isinstance(value, Tool) else ""
