"""What a regular expression is made of.

Texts are bytes. A byte that is no ASCII is the symbol OTHER: rules compare visible ASCII only (load-balancers.md
section 2), so which one it is never matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

OTHER: Final = 128
SYMBOLS: Final = frozenset(range(OTHER + 1))


class Edge(Enum):
    """A place between two characters."""

    BEGIN = auto()  # ^
    END = auto()  # $
    WORD = auto()  # \b
    INSIDE_WORD = auto()  # \B


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of these symbols."""

    symbols: frozenset[int]


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after another."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these; the earlier is preferred."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`low` to `high` times; `high` None: without end. Greedy ones prefer more."""

    part: Node
    low: int
    high: int | None
    greedy: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group; the first has the number 1."""

    part: Node
    number: int


Node = Characters | Sequence | Choice | Repeat | Group | Edge
