"""What a rendering has while it runs: variables, output, and what is left of its budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gateline.templates.budget import Meter, TemplateFailed


class Part(Protocol):
    """A part of a template that writes something."""

    def render(self, frame: Frame) -> None:
        """Write what stands for it."""


class Term(Protocol):
    """A part of an expression."""

    def value(self, frame: Frame) -> object:
        """What it is now."""


class Macro:
    """What `#macro` makes."""

    __slots__ = ("parameters", "part")

    def __init__(self, parameters: tuple[str, ...], part: Part) -> None:
        self.parameters = parameters
        self.part = part


class Stopped(Exception):
    """`#stop`: the rendering ends here, with what was written."""


class Broken(Exception):
    """`#break`: the loop ends here."""


class Frame:
    """One rendering."""

    __slots__ = ("_written", "macros", "meter", "variables")

    def __init__(self, variables: dict[str, object], macros: Mapping[str, Macro], meter: Meter) -> None:
        self.variables = variables
        self.macros = macros
        self.meter = meter
        self._written: list[str] = []

    def write(self, text: str) -> None:
        """Add to the output."""
        self.meter.take(len(text))
        self._written.append(text)

    @property
    def written(self) -> str:
        """The whole output so far."""
        return "".join(self._written)

    def captured(self, part: Part) -> str:
        """What a part writes, beside the output."""
        outer, self._written = self._written, []
        try:
            part.render(self)
            return "".join(self._written)
        finally:
            self._written = outer

    def enter(self, part: Part) -> None:
        """Render a block within the block.

        Raises:
            TemplateFailed: that is one too many.

        """
        meter = self.meter
        if meter.depth <= 0:
            raise TemplateFailed("the template is nested too deeply")
        meter.depth -= 1
        try:
            part.render(self)
        finally:
            meter.depth += 1
