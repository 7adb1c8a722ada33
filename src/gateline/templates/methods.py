"""What can be asked of a value: properties, elements, methods; each from a table, so nothing of Python is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateline.templates import number_methods, string_methods
from gateline.templates.budget import Meter, TemplateFailed
from gateline.templates.collection_methods import LIST_METHODS, MAP_METHODS, insert, key_text
from gateline.templates.java_number import number_of
from gateline.templates.java_text import JavaList
from gateline.templates.json_text import JsonNumber
from gateline.templates.method import Methods, Tool, Unsuitable

_METHODS: Final[Mapping[type, Methods]] = {
    str: string_methods.METHODS,
    list: LIST_METHODS,
    JavaList: LIST_METHODS,
    int: number_methods.METHODS,
    float: number_methods.METHODS,
    JsonNumber: number_methods.METHODS,
    bool: number_methods.BOOLEAN_METHODS,
}


def property_of(target: object, name: str, meter: Meter) -> object:  # noqa: ARG001 - as the others
    """`$target.name`; null when there is no such property, of a list for instance [R]."""
    if isinstance(target, dict):
        return target.get(name)
    return target.attribute(name) if isinstance(target, Tool) else None


def element(target: object, key: object, meter: Meter) -> object:
    """`$target[key]`.

    Raises:
        TemplateFailed: the list has no such place (Java's exception is a 500).

    """
    if isinstance(target, dict):
        return target.get(key_text(key, meter))
    place = number_of(key)
    if not isinstance(target, list) or not isinstance(place, int):
        return None
    if not 0 <= place < len(target):
        raise TemplateFailed("an index lies outside of its list")
    return target[place]


def called(target: object, name: str, arguments: list[object], meter: Meter) -> object:
    """`$target.name(arguments)`; null when there is no such method for these arguments.

    Raises:
        TemplateFailed: the method fails.

    """
    methods = _methods_of(target)
    method = None if methods is None else methods.get(name)
    if method is None or not method.least <= len(arguments) <= method.most:
        return None
    try:
        return method.function(meter, target, *arguments)
    except Unsuitable:
        return None


def _methods_of(target: object) -> Methods | None:
    if isinstance(target, dict):  # maps of several kinds
        return MAP_METHODS
    return target.METHODS if isinstance(target, Tool) else _METHODS.get(type(target))


def put(target: object, key: object, value: object, meter: Meter) -> None:
    """`#set($target[key] = value)`, `#set($target.key = value)`; nothing for what is no list and no map.

    Raises:
        TemplateFailed: the list has no such place.

    """
    if isinstance(target, dict):
        target[key_text(key, meter)] = insert(meter, value)
    elif isinstance(target, list):
        place = number_of(key)
        if not isinstance(place, int) or not 0 <= place < len(target):
            raise TemplateFailed("an index lies outside of its list")
        target[place] = insert(meter, value)
