"""What control tells the host, as JSON: written on one side, read strictly on the other.

Origins are left out: the host shows no diagnostics, and a function whose line has moved is the same function,
so its workers live on.
"""

from __future__ import annotations

import json
import typing
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final

from gateline.model.hosting import HostConfiguration
from gateline.model.origin import Origin

NOWHERE: Final = Origin("")
"""The origin of all that was read here."""


class ConfigurationInvalid(Exception):
    """What control sent is no configuration: a fault of ours. Says where, and no value."""


def to_json(configuration: HostConfiguration) -> bytes:
    """The configuration as one line of JSON. It holds environments of functions: never log it."""
    return json.dumps(_written(configuration), separators=(",", ":")).encode()


def from_json(text: bytes | str) -> HostConfiguration:
    """The configuration of JSON text.

    Raises:
        ConfigurationInvalid: it is none.

    """
    try:
        found = json.loads(text)
    except ValueError:
        raise ConfigurationInvalid("no JSON") from None
    return from_value(found)


def from_value(found: object) -> HostConfiguration:
    """The configuration of a parsed JSON value.

    Raises:
        ConfigurationInvalid: it is none.

    """
    read = _read(HostConfiguration, found, "configuration")
    assert isinstance(read, HostConfiguration)
    return read


def _written(value: object) -> object:
    if is_dataclass(value):
        return {
            field.name: _written(getattr(value, field.name))
            for field in fields(value)
            if field.name != "origin"
        }
    match value:
        case tuple():
            return [_written(each) for each in value]
        case timedelta():
            return value.total_seconds()
        case _:
            return value


def _read(kind: object, found: object, where: str) -> object:
    """The value of that type, or a complaint."""
    if typing.get_origin(kind) is tuple:
        return _tuple(typing.get_args(kind), found, where)
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass(kind, found, where)
    if kind is timedelta and isinstance(found, int | float) and not isinstance(found, bool):
        return timedelta(seconds=found)
    if isinstance(kind, type) and issubclass(kind, StrEnum) and isinstance(found, str) and found in set(kind):
        return kind(found)
    if isinstance(kind, type) and type(found) is kind and kind in {str, int, bool}:
        return found
    raise ConfigurationInvalid(f"{where} is no {getattr(kind, '__name__', kind)}")


def _tuple(kinds: tuple[object, ...], found: object, where: str) -> tuple[object, ...]:
    if not isinstance(found, list):
        raise ConfigurationInvalid(f"{where} is no list")
    if kinds[-1] is ...:
        return tuple(_read(kinds[0], each, where) for each in found)
    if len(found) != len(kinds):
        raise ConfigurationInvalid(f"{where} has not {len(kinds)} parts")
    return tuple(_read(kind, each, where) for kind, each in zip(kinds, found, strict=True))


def _dataclass(kind: type, found: object, where: str) -> object:
    if not isinstance(found, dict):
        raise ConfigurationInvalid(f"{where} is no object")
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}
    if found.keys() - known.keys():
        raise ConfigurationInvalid(f"{where} has an unknown key")
    values: dict[str, object] = {}
    for name, hint in _hints(kind).items():
        if name == "origin":
            values[name] = NOWHERE
        elif name in found:
            values[name] = _read(hint, found[name], f"{where}.{name}")
        elif known[name].default is MISSING:
            raise ConfigurationInvalid(f"{where} lacks {name}")
    return kind(**values)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields; found once, since a project has thousands of methods."""
    return typing.get_type_hints(kind)
