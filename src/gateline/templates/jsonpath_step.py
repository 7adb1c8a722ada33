"""The steps of a JSONPath: from one value to the values that it leads to, as Jayway's library goes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, Protocol

from gateline.templates.budget import UNSTINTED, Exhausted

_VISITS_BETWEEN_LOOKS: Final = 1000


class Missing(Enum):
    """What a definite path finds when there is nothing; `null` is something."""

    MISSING = "MISSING"


MISSING: Final = Missing.MISSING


class Visit:
    """One reading of a document: its root, and how much of it may still be looked at."""

    __slots__ = ("_deadline", "_left", "_next_look", "root")

    def __init__(
        self, root: object, *, visits: int = UNSTINTED.visits, seconds: float = UNSTINTED.seconds
    ) -> None:
        self.root = root
        self._left = visits
        self._next_look = visits
        self._deadline = time.thread_time() + seconds  # of the thread's own processor time

    def count(self, values: int = 1) -> None:
        """Look at values.

        Raises:
            Exhausted: those are too many.

        """
        self._left -= values
        if self._left < 0:
            raise Exhausted("a JSONPath visits too many values")
        if self._left < self._next_look:
            self.look()

    def look(self) -> None:
        """Look at the clock: after what may have taken long.

        Raises:
            Exhausted: it has.

        """
        self._next_look = self._left - _VISITS_BETWEEN_LOOKS
        if time.thread_time() > self._deadline:
            raise Exhausted("a JSONPath takes too long")


class Step(Protocol):
    """One step."""

    is_definite: bool
    """Whether it leads to one value at the most."""

    def values(self, value: object, visit: Visit) -> Iterable[object]:
        """What it leads to from a value."""


class Predicate(Protocol):
    """The condition of a filter."""

    def holds(self, value: object, visit: Visit) -> bool:
        """Whether it is true of a value."""


class Name:
    """`.name`, `['name']`."""

    __slots__ = ("_name",)
    is_definite = True

    def __init__(self, name: str) -> None:
        self._name = name

    def values(self, value: object, visit: Visit) -> Iterable[object]:  # noqa: ARG002 - the protocol
        """The member of an object."""
        if isinstance(value, dict) and self._name in value:
            yield value[self._name]


class Names:
    """`['a','b']`: an object of these at the end of a path, else one after the other."""

    __slots__ = ("_names", "is_definite")

    def __init__(self, names: tuple[str, ...], *, is_last: bool) -> None:
        self._names = names
        self.is_definite = is_last

    def values(self, value: object, visit: Visit) -> Iterable[object]:
        """The members that there are."""
        if not isinstance(value, dict):
            return
        visit.count(len(self._names))
        found = {name: value[name] for name in self._names if name in value}
        if self.is_definite:
            yield found
        else:
            yield from found.values()


class Places:
    """`[0]`, `[-1]`, `[0,2]`."""

    __slots__ = ("_places", "is_definite")

    def __init__(self, places: tuple[int, ...]) -> None:
        self._places = places
        self.is_definite = len(places) == 1

    def values(self, value: object, visit: Visit) -> Iterable[object]:
        """The elements that there are."""
        if not isinstance(value, list):
            return
        visit.count(len(self._places))
        for place in self._places:
            if -len(value) <= place < len(value):
                yield value[place]


class Slice:
    """`[1:3]`, `[:2]`, `[-2:]`."""

    __slots__ = ("_slice",)
    is_definite = False

    def __init__(self, first: int | None, last: int | None) -> None:
        self._slice = slice(first, last)

    def values(self, value: object, visit: Visit) -> Iterable[object]:
        """The elements of that part."""
        found = value[self._slice] if isinstance(value, list) else []
        visit.count(len(found))
        return found


class Every:
    """`*`."""

    __slots__ = ()
    is_definite = False

    def values(self, value: object, visit: Visit) -> Iterable[object]:
        """All elements, or all members."""
        found = children(value)
        visit.count(len(found))
        return found


class Descend:
    """`..`: a value and all below it, from the top."""

    __slots__ = ()
    is_definite = False

    def values(self, value: object, visit: Visit) -> Iterable[object]:
        """The value itself first."""
        waiting = [value]
        while waiting:
            visit.count()
            found = waiting.pop()
            yield found
            waiting.extend(reversed(children(found)))


class Where:
    """`[?(…)]`: of a list the elements that fit, of an object itself if it fits."""

    __slots__ = ("_predicate",)
    is_definite = False

    def __init__(self, predicate: Predicate) -> None:
        self._predicate = predicate

    def values(self, value: object, visit: Visit) -> Iterable[object]:
        """Those that the condition is true of."""
        for candidate in value if isinstance(value, list) else [value] if isinstance(value, dict) else []:
            visit.count()
            if self._predicate.holds(candidate, visit):
                yield candidate


def children(value: object) -> list[object]:
    """The elements of a list, or the members of an object."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def reached(steps: tuple[Step, ...], start: object, visit: Visit) -> Iterator[object]:
    """All that a path leads to, in Jayway's order."""
    values: Iterable[object] = (start,)
    for step in steps:
        values = _after(step, values, visit)
    yield from values


def _after(step: Step, values: Iterable[object], visit: Visit) -> Iterator[object]:
    for value in values:
        yield from step.values(value, visit)
