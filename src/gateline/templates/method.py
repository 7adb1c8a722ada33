"""One method that a template may call: a row of a table, found by name, never by looking into an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

from gateline.templates.budget import Meter


class Unsuitable(Exception):
    """There is no such method for these arguments; Velocity then has null."""


class Method(NamedTuple):
    """What is done, and with how many arguments."""

    function: Callable[..., object]
    """Called with the meter, the value, and the arguments."""
    least: int = 0
    most: int = 0


Methods = Mapping[str, Method]


class Tool:
    """A value of the engine's own with methods and properties."""

    __slots__ = ()

    METHODS: ClassVar[Methods] = {}

    def attribute(self, name: str) -> object:  # noqa: ARG002 - for those who have some
        """The property of that name; null when there is none."""
        return None

    def text(self, meter: Meter) -> str:  # noqa: ARG002 - the protocol
        """What it prints as."""
        return ""


def text_argument(value: object) -> str:
    """A text that a method was given; null is the empty text [R].

    Raises:
        Unsuitable: it is something else.

    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unsuitable
    return value


def whole_argument(value: object) -> int:
    """An integer that a method was given.

    Raises:
        Unsuitable: it is something else.

    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unsuitable
    return value
