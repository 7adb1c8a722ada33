"""What expressions are made of, references apart: literals, lists, maps, ranges, and what combines two values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateline.templates.budget import TemplateFailed
from gateline.templates.equality import equal, is_true
from gateline.templates.frame import Frame, Part, Term
from gateline.templates.java_number import calculated, number_of
from gateline.templates.java_text import JavaList, text_of

_LONGEST_RANGE: Final = 100_000


class Literal:
    """A number, a text in single quotes, true, false, null."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def value(self, frame: Frame) -> object:  # noqa: ARG002 - the protocol
        """Always the same."""
        return self._value


class Interpolated:
    """A text in double quotes: a template within the template."""

    __slots__ = ("_part",)

    def __init__(self, part: Part) -> None:
        self._part = part

    def value(self, frame: Frame) -> object:
        """What it renders to now."""
        return frame.captured(self._part)


class ListOf:
    """`[1, $x]`."""

    __slots__ = ("_items",)

    def __init__(self, items: tuple[Term, ...]) -> None:
        self._items = items

    def value(self, frame: Frame) -> object:
        """A new list."""
        frame.meter.spend(len(self._items))
        items = JavaList(item.value(frame) for item in self._items)
        if any(isinstance(item, dict | list) for item in items):
            frame.meter.tangled = True
        return items


class MapOf:
    """`{"a": 1}`."""

    __slots__ = ("_items",)

    def __init__(self, items: tuple[tuple[Term, Term], ...]) -> None:
        self._items = items

    def value(self, frame: Frame) -> object:
        """A new map, in the order that is written."""
        frame.meter.spend(len(self._items))
        items = {text_of(key.value(frame), frame.meter): item.value(frame) for key, item in self._items}
        if any(isinstance(item, dict | list) for item in items.values()):
            frame.meter.tangled = True
        return items


class Range:
    """`[1..5]`, also downwards."""

    __slots__ = ("_first", "_last")

    def __init__(self, first: Term, last: Term) -> None:
        self._first = first
        self._last = last

    def value(self, frame: Frame) -> object:
        """A new list; null when one end is no integer."""
        first, last = (number_of(end.value(frame)) for end in (self._first, self._last))
        if not isinstance(first, int) or not isinstance(last, int):
            return None
        if abs(last - first) >= _LONGEST_RANGE:
            raise TemplateFailed("a range is too long")
        frame.meter.spend(abs(last - first) + 1)
        return JavaList(range(first, last + 1) if first <= last else range(first, last - 1, -1))


class Not:
    """`!x`."""

    __slots__ = ("_operand",)

    def __init__(self, operand: Term) -> None:
        self._operand = operand

    def value(self, frame: Frame) -> object:
        """True for false only."""
        return not is_true(self._operand.value(frame))


class Joined:
    """`a && b`, `a || b`: the right side is only looked at when it matters."""

    __slots__ = ("_left", "_right", "_until")

    def __init__(self, left: Term, right: Term, *, until: bool) -> None:
        self._left = left
        self._right = right
        self._until = until

    def value(self, frame: Frame) -> object:
        """Whether both, or one, are true."""
        if is_true(self._left.value(frame)) is self._until:
            return self._until
        return is_true(self._right.value(frame))


class Equality:
    """`a == b`, `a != b`."""

    __slots__ = ("_is_equal", "_left", "_right")

    def __init__(self, left: Term, right: Term, *, is_equal: bool) -> None:
        self._left = left
        self._right = right
        self._is_equal = is_equal

    def value(self, frame: Frame) -> object:
        """Whether they are, or are not, the same."""
        return equal(self._left.value(frame), self._right.value(frame), frame.meter) is self._is_equal


class Order:
    """`a < b` and its kin: numbers only; all else is false, as Velocity 1.x has it."""

    __slots__ = ("_holds", "_left", "_right")

    def __init__(self, left: Term, right: Term, holds: Callable[[float, float], bool]) -> None:
        self._left = left
        self._right = right
        self._holds = holds

    def value(self, frame: Frame) -> object:
        """Whether the order holds."""
        left, right = number_of(self._left.value(frame)), number_of(self._right.value(frame))
        return left is not None and right is not None and self._holds(left, right)


class Arithmetic:
    """`a + b` and its kin; `+` also joins texts."""

    __slots__ = ("_left", "_operator", "_right")

    def __init__(self, left: Term, right: Term, operator: str) -> None:
        self._left = left
        self._right = right
        self._operator = operator

    def value(self, frame: Frame) -> object:
        """The result; null where Java's numbers have none."""
        first, second = self._left.value(frame), self._right.value(frame)
        left, right = number_of(first), number_of(second)
        if left is not None and right is not None:
            return calculated(self._operator, left, right)
        if self._operator != "+":
            return None
        start, end = text_of(first, frame.meter), text_of(second, frame.meter)
        frame.meter.take(len(start) + len(end))
        return start + end
