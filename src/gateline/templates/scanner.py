"""A place in a template's text, with what can be asked about what comes next."""

from __future__ import annotations

import re
from typing import NoReturn


class TemplateInvalid(Exception):
    """The text is no template; `line` and `column` count from 1 and say where it goes wrong."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class Scanner:
    """Reads a text from left to right."""

    __slots__ = ("at", "depth", "is_guess", "text")

    def __init__(self, text: str, *, depth: int) -> None:
        self.text = text
        self.at = 0
        self.depth = depth
        self.is_guess = False
        """What is read now may be read otherwise: faults need no place, which takes time to count."""

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go behind what the pattern matches here; None when it does not."""
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return match

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        """Say that the text is no template, because of what stands here.

        Raises:
            TemplateInvalid: always.

        """
        if self.is_guess:
            raise TemplateInvalid(message, 0, 0)
        place = self.at if at is None else at
        line = self.text.count("\n", 0, place) + 1
        raise TemplateInvalid(message, line, place - self.text.rfind("\n", 0, place))

    def deeper(self) -> None:
        """Go one level down; pair it with `depth += 1`.

        Raises:
            TemplateInvalid: that is one too many.

        """
        self.depth -= 1
        if self.depth < 0:
            self.fail("the template is nested too deeply")
