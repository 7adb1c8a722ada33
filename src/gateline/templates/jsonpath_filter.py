"""The conditions of `[?(…)]`: comparisons, `&&`, `||`, `!`, and whether a path is there."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from gateline.templates.budget import TemplateFailed
from gateline.templates.expression import Expression
from gateline.templates.java_number import number_of
from gateline.templates.jsonpath_step import MISSING, Predicate, Visit, children

_LONGEST_SEARCHED: Final = 100_000


class Operand(Protocol):
    """One side of a comparison."""

    def found(self, value: object, visit: Visit) -> object:
        """What it stands for; `MISSING` for a path that leads nowhere."""


class Constant:
    """A literal."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def found(self, value: object, visit: Visit) -> object:  # noqa: ARG002 - the protocol
        """Always the same."""
        return self._value


class There:
    """`@.x`: the path leads somewhere."""

    __slots__ = ("_operand",)

    def __init__(self, operand: Operand) -> None:
        self._operand = operand

    def holds(self, value: object, visit: Visit) -> bool:
        """Whether it does; to null is somewhere."""
        return self._operand.found(value, visit) not in (MISSING, False)


class Comparison:
    """`@.x == 1` and its kin."""

    __slots__ = ("_compares", "_left", "_right")

    def __init__(self, left: Operand, right: Operand, compares: Callable[[object, object], bool]) -> None:
        self._left = left
        self._right = right
        self._compares = compares

    def holds(self, value: object, visit: Visit) -> bool:
        """Whether the two sides compare so."""
        visit.count()
        left, right = self._left.found(value, visit), self._right.found(value, visit)
        if self._compares in _EACH_WITH_EACH:
            visit.count(_size(left, visit) * _size(right, visit))
        elif self._compares in _WHOLE and isinstance(left, list | dict) and isinstance(right, list | dict):
            visit.count(_size(left, visit))
        holds = self._compares(left, right)
        if self._compares is _fits:
            visit.look()
        return holds


class Negation:
    """`!…`."""

    __slots__ = ("_predicate",)

    def __init__(self, predicate: Predicate) -> None:
        self._predicate = predicate

    def holds(self, value: object, visit: Visit) -> bool:
        """Whether the condition does not hold."""
        return not self._predicate.holds(value, visit)


class Conjunction:
    """`… && …`, or with `is_any` `… || …`."""

    __slots__ = ("_is_any", "_predicates")

    def __init__(self, predicates: tuple[Predicate, ...], *, is_any: bool) -> None:
        self._predicates = predicates
        self._is_any = is_any

    def holds(self, value: object, visit: Visit) -> bool:
        """Whether all, or one, of the conditions hold."""
        judge = any if self._is_any else all
        return judge(predicate.holds(value, visit) for predicate in self._predicates)


def _size(value: object, visit: Visit) -> int:
    """How many values there are in a value, itself counted; they are visited for that."""
    size, waiting = 1, children(value)
    while waiting:
        visit.count(len(waiting))
        size += len(waiting)
        waiting = [below for each in waiting if isinstance(each, list | dict) for below in children(each)]
    return size


def _same(left: object, right: object) -> bool:
    if left is MISSING or right is MISSING:
        return False
    first, second = number_of(left), number_of(right)
    if first is not None and second is not None:
        return first == second
    return type(left) is type(right) and left == right


def _different(left: object, right: object) -> bool:
    return not _same(left, right)


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
    def compares(left: object, right: object) -> bool:
        first, second = number_of(left), number_of(right)
        if first is not None and second is not None:
            return holds(first, second)
        return isinstance(left, str) and isinstance(right, str) and holds(left, right)

    return compares


def _is_in(left: object, right: object) -> bool:
    return isinstance(right, list) and any(_same(left, item) for item in right)


def _is_not_in(left: object, right: object) -> bool:
    return isinstance(right, list) and not _is_in(left, right)


def _contains(left: object, right: object) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _is_in(right, left)


def _has_size(left: object, right: object) -> bool:
    return isinstance(left, list | str) and len(left) == number_of(right)


def _is_empty(left: object, right: object) -> bool:
    return isinstance(left, list | str | dict) and (not left) is right


def _subset(left: object, right: object) -> bool:
    return isinstance(left, list) and all(_is_in(item, right) for item in left)


def _any_of(left: object, right: object) -> bool:
    return isinstance(left, list) and any(_is_in(item, right) for item in left)


def _none_of(left: object, right: object) -> bool:
    return isinstance(left, list) and not any(_is_in(item, right) for item in left)


def _fits(left: object, right: object) -> bool:
    if not isinstance(left, str) or not isinstance(right, Expression):
        return False
    fits = right.matches(left, longest=_LONGEST_SEARCHED)
    if fits is None:
        raise TemplateFailed("a regular expression takes too long")
    return fits


COMPARISONS: Final[Mapping[str, Callable[[object, object], bool]]] = {
    "==": _same,
    "===": _same,
    "!=": _different,
    "!==": _different,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "=~": _fits,
    "in": _is_in,
    "nin": _is_not_in,
    "contains": _contains,
    "size": _has_size,
    "empty": _is_empty,
    "subsetof": _subset,
    "anyof": _any_of,
    "noneof": _none_of,
}
"""The operators of filters. What is missing is equal to nothing."""

_EACH_WITH_EACH: Final = frozenset({_is_in, _is_not_in, _contains, _subset, _any_of, _none_of})
_WHOLE: Final = frozenset({_same, _different})
"""Operators whose cost grows with lists, which a client may make long."""
