"""What control tells the host, as JSON: written on one side, read strictly on the other.

Origins are left out: the host shows no diagnostics, and a function whose line has moved is the same function,
so its workers live on. What is as by default is left out too: most of a method is. A value that may be of several
classes names its own under "is"; all others are known by their types.
"""

from __future__ import annotations

import json
import typing
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final

from gateline.model.hosting import HostConfiguration
from gateline.model.integration import MappingSource, ResponseSource
from gateline.model.origin import Origin

NOWHERE: Final = Origin("")
"""The origin of all that was read here."""

_TAG: Final = "is"
_TAGGED: Final = {kind: kind.__name__ for kind in typing.get_args(MappingSource | ResponseSource)}
"""Classes that stand for each other in one field."""


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
    kind: type = type(value)
    if is_dataclass(kind):
        written: dict[str, object] = {_TAG: _TAGGED[kind]} if kind in _TAGGED else {}
        for name, default in _defaults(kind):
            if (each := getattr(value, name)) != default:
                written[name] = _written(each)
        return written
    match value:
        case tuple():
            return [_written(each) for each in value]
        case timedelta():
            return value.total_seconds()
        case _:
            return value


def _read(kind: object, found: object, where: str) -> object:
    """The value of that type, or a complaint."""
    if isinstance(kind, UnionType):
        return _union(kind.__args__, found, where)
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


def _union(kinds: tuple[Any, ...], found: object, where: str) -> object:
    """A value of one of several types: objects are told apart by their tag, when more than one can be meant."""
    if found is None and NoneType in kinds:
        return None
    if not isinstance(found, dict):
        kinds = tuple(kind for kind in kinds if kind is type(found))
    elif (tag := found.get(_TAG)) is not None:
        kinds = tuple(kind for kind in kinds if kind in _TAGGED and _TAGGED[kind] == tag)
        found = {key: value for key, value in found.items() if key != _TAG}
    else:
        kinds = tuple(kind for kind in kinds if is_dataclass(kind) and kind not in _TAGGED)
    if len(kinds) != 1:
        raise ConfigurationInvalid(f"{where} is of no type that may stand there")
    return _read(kinds[0], found, where)


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
    hints = _hints(kind)
    values: dict[str, object] = {"origin": NOWHERE} if "origin" in hints else {}
    for name, value in found.items():
        if name not in hints or name == "origin":
            raise ConfigurationInvalid(f"{where} has an unknown key")
        values[name] = _read(hints[name], value, f"{where}.{name}")
    for name, default in _defaults(kind):
        if default is MISSING and name not in values:
            raise ConfigurationInvalid(f"{where} lacks {name}")
    return kind(**values)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields; found once, since a project has thousands of methods."""
    return typing.get_type_hints(kind)


@cache
def _defaults(kind: type) -> tuple[tuple[str, object], ...]:
    """The fields that are written, each with what it is when it is not."""
    return tuple((field.name, field.default) for field in fields(kind) if field.name != "origin")
