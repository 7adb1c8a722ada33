"""JSONPath with Jayway's semantics, which is the library that API Gateway uses.

A path without wildcards, filters, slices and `..` is definite: it finds one value, or `MISSING`. All others find a
list. Paths may come from clients (`$input.path($input.params('p'))`): their length, their depth and the values that
they visit are bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from gateline.templates.budget import UNSTINTED, TemplateFailed
from gateline.templates.jsonpath_parser import PathParser
from gateline.templates.jsonpath_step import MISSING, Step, Visit, reached
from gateline.templates.scanner import TemplateInvalid

__all__ = ["MISSING", "JsonPath", "PathInvalid", "parse_mapped_path", "parse_path"]

_LONGEST_PATH: Final = 2000


class PathInvalid(Exception):
    """A text is no JSONPath; the message says why."""


class JsonPath:
    """A path that is ready to be followed; may be shared."""

    __slots__ = ("_function", "_steps", "is_definite")

    def __init__(self, steps: tuple[Step, ...], function: Callable[[object], object] | None) -> None:
        self._steps = steps
        self._function = function
        self.is_definite = all(step.is_definite for step in steps)

    def read(
        self, value: object, *, visits: int = UNSTINTED.visits, seconds: float = UNSTINTED.seconds
    ) -> object:
        """What the path finds in a document: a value or `MISSING` when it is definite, else a list.

        Args:
            value: the document.
            visits: how many values it may look at.
            seconds: how much of its thread's processor time that may take.

        Raises:
            TemplateFailed: it visits too many values (Exhausted), or goes too deep.

        """
        visit = Visit(value, visits=visits, seconds=seconds)
        try:
            values = reached(self._steps, value, visit)
            found = next(iter(values), MISSING) if self.is_definite else list(values)
        except RecursionError as error:
            raise TemplateFailed("a JSONPath goes too deep") from error
        return found if self._function is None or found is MISSING else self._function(found)


@lru_cache(maxsize=1024)
def parse_path(text: str) -> JsonPath:
    """Read a path: `$.a.b`, or without `$.` in front.

    Raises:
        PathInvalid: it is none.

    """
    if len(text) > _LONGEST_PATH:
        raise PathInvalid("the path is too long")
    stripped = text.strip()
    whole = stripped if stripped.startswith(("$", "@")) else f"$.{stripped}"
    try:
        steps, function = PathParser(whole).path()
    except TemplateInvalid as error:
        raise PathInvalid(str(error)) from error
    return JsonPath(steps, function)


def parse_mapped_path(text: str) -> JsonPath:
    """Read the path of a mapping: what stands behind `method.request.body.`, where `@type` is a name as any other.

    Raises:
        PathInvalid: it is none.

    """
    return parse_path(text if text.startswith("$") else f"$.{text}")
