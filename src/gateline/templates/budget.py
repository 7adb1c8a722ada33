"""What one rendering may use: steps, characters, depth, time. Whatever is used up ends it, as a fault."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

_STEPS_BETWEEN_LOOKS: Final = 1000


class TemplateFailed(Exception):
    """A template could not be rendered; the client gets 500 (api-gateway.md section 8).

    The message says what happened in words of the template and holds nothing of the request.
    """


class Exhausted(TemplateFailed):
    """A rendering has used up its budget; with a larger one it might do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The bounds of one rendering."""

    steps: int = 1_000_000
    """Parts of a template rendered, values visited, items made."""
    characters: int = 64 * 2**20
    """Characters written, and made on the way; what Amazon lets through is 10 MB."""
    depth: int = 100
    """Blocks within blocks, through macros too."""
    visits: int = 1_000_000
    """Values that one JSONPath looks at."""
    iterations: int = 1000
    """Turns of one #foreach; the rest is left out, as Amazon does it."""
    seconds: float = 3.0
    """Of its thread's own processor time, since threads share the interpreter; looked at every thousand steps.

    Escaping the JSON of a body of 10 MB takes about one.
    """


UNSTINTED: Final = Budget()
"""What a rendering gets when nobody says."""


BRIEF: Final = Budget(steps=4000, characters=256 * 1024, visits=4000, seconds=0.004)
"""What nearly all templates on small bodies do with: for who may not be kept waiting long, and can try again."""


class Meter:
    """What is left of a budget. Every method raises `Exhausted` when nothing is."""

    __slots__ = (
        "_characters",
        "_deadline",
        "_next_look",
        "_steps",
        "depth",
        "iterations",
        "seconds",
        "tangled",
        "visits",
    )

    def __init__(self, budget: Budget) -> None:
        self._steps = budget.steps
        self._characters = budget.characters
        self._next_look = max(0, budget.steps - _STEPS_BETWEEN_LOOKS)
        self._deadline = time.thread_time() + budget.seconds
        self.depth = budget.depth
        self.iterations = budget.iterations
        self.visits = budget.visits
        self.seconds = budget.seconds
        self.tangled = False
        """The template put one list or map into another: the same one may be met twice, or in itself."""

    def spend(self, steps: int = 1) -> None:
        """Take steps."""
        self._steps -= steps
        if self._steps < self._next_look:
            if self._steps < 0:
                raise Exhausted("the template takes too many steps")
            self.look()

    def look(self) -> None:
        """Look at the clock now: after what may have taken long."""
        self._next_look = max(0, self._steps - _STEPS_BETWEEN_LOOKS)
        if time.thread_time() > self._deadline:
            raise Exhausted("the template takes too long")

    @property
    def room(self) -> int:
        """How many characters may still be taken."""
        return self._characters

    def take(self, characters: int) -> None:
        """Take room for characters, before they are made where that can be known."""
        self._characters -= characters
        if self._characters < 0:
            raise Exhausted("the template makes too much text")
