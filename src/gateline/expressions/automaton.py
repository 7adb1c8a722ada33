"""Which whole texts an expression fits: states that are found when they are needed, one step for each byte.

What stands in for a stretch of text that is not known, and what scripts are handed, are worked out from the same
states.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from gateline.expressions.edges import without_anchors
from gateline.expressions.syntax import parse
from gateline.expressions.tree import OTHER, SYMBOLS, Characters, Choice, Edge, Group, Node, Repeat
from gateline.expressions.tree import Sequence as Parts

MOST_STATES: Final = 400
"""Of a table; an expression that has more cannot be judged by scripts."""

_MARK: Final = "\t"  # which no path pattern holds: the text is a table
_FIRST: Final = 35  # '#': numbers are written as printable characters
_DIGITS: Final = 90

_State = frozenset[int]


class Automaton:
    """The texts that fit an expression as a whole.

    Raises:
        ExpressionInvalid: it is none of the dialect, or holds anchors where they cannot fit.

    """

    def __init__(self, expression: str, *, fold: bool = False) -> None:
        self._moves: dict[
            int, tuple[frozenset[int], int]
        ] = {}  # the symbols that lead from a place, and where
        self._free: list[list[int]] = []  # the places reached from one without a symbol
        self._final = self._build(without_anchors(parse(expression, fold=fold)), self._place())
        self._steps: dict[tuple[_State, int], _State] = {}
        self._start = self._closed({0})
        self._classes = self._classified()

    def fits(self, text: str) -> bool:
        """Whether the whole text fits."""
        state = self._start
        for byte in text.encode("utf-8", "surrogateescape"):
            state = self._after(state, self._classes[min(byte, OTHER)])
        return self._final in state

    def over(self, pieces: Iterable[str | None]) -> tuple[bool, bool]:
        """Whether some text fits, and whether every one does, where None is a stretch that is not known."""
        states = {self._start}
        for piece in pieces:
            if piece is None:
                states = self._reachable(states)
            for byte in (piece or "").encode("utf-8", "surrogateescape"):
                states = {self._after(state, self._classes[min(byte, OTHER)]) for state in states}
            if len(states) > MOST_STATES:
                return True, False  # not known: the request itself shows it
        answers = {self._final in state for state in states}
        return True in answers, answers == {True}

    def table(self) -> str:
        """The states as a text for `accepts` and for scripts; without states when there are too many."""
        states = [self._start]
        numbers = {self._start: 0}
        moves: list[int] = []
        width = max(self._classes) + 1
        if width >= _DIGITS:
            return _MARK
        for state in states:
            for each in range(width):
                following = self._after(state, each)
                if following not in numbers:
                    if len(states) >= MOST_STATES:
                        return _MARK
                    numbers[following] = len(states)
                    states.append(following)
                moves.append(numbers[following])
        return "".join(
            (
                _MARK,
                chr(_FIRST + width),
                *(chr(_FIRST + each) for each in self._classes),
                *(chr(_FIRST + number // _DIGITS) + chr(_FIRST + number % _DIGITS) for number in moves),
                *("1" if self._final in state else "0" for state in states),
            )
        )

    def _place(self) -> int:
        self._free.append([])
        return len(self._free) - 1

    def _build(self, node: Node, begin: int) -> int:
        """Add the places of a node that begins at a place; the place where it ends, from which nothing leads yet."""
        match node:
            case Characters(symbols):
                end = self._place()
                self._moves[begin] = symbols, end
                return end
            case Parts(parts):
                for part in parts:
                    begin = self._build(part, begin)
                return begin
            case Choice(options):
                ends = []
                for option in options:
                    self._free[begin].append(first := self._place())
                    ends.append(self._build(option, first))
                return self._joined(ends)
            case Group(part):
                return self._build(part, begin)
            case Repeat():
                return self._repeated(node, begin)
            case Edge():
                raise AssertionError(node)  # they were taken away

    def _joined(self, ends: Sequence[int]) -> int:
        after = self._place()
        for end in ends:
            self._free[end].append(after)
        return after

    def _repeated(self, node: Repeat, begin: int) -> int:
        for _ in range(node.low):
            begin = self._build(node.part, begin)
        if node.high is None:
            self._free[begin].append(loop := self._place())
            self._free[loop].append(inside := self._place())
            self._free[self._build(node.part, inside)].append(loop)
            return self._joined([loop])
        ends = [begin]
        for _ in range(node.high - node.low):
            self._free[begin].append(inside := self._place())
            begin = self._build(node.part, inside)
            ends.append(begin)
        return self._joined(ends)

    def _closed(self, places: Iterable[int]) -> _State:
        """These places and those that are reached from them without a character."""
        found = set(places)
        waiting = list(found)
        while waiting:
            place = waiting.pop()
            for free in self._free[place]:
                if free not in found:
                    found.add(free)
                    waiting.append(free)
        return frozenset(found)

    def _classified(self) -> tuple[int, ...]:
        """Symbols that nothing tells apart are of one class; the classes by symbol."""
        sets = list({symbols for symbols, _ in self._moves.values()})
        numbers: dict[tuple[bool, ...], int] = {}
        return tuple(
            numbers.setdefault(tuple(symbol in each for each in sets), len(numbers))
            for symbol in sorted(SYMBOLS)
        )

    def _after(self, state: _State, of_class: int) -> _State:
        found = self._steps.get((state, of_class))
        if found is None:
            symbol = self._classes.index(of_class)
            moves = (self._moves[place] for place in state if place in self._moves)
            found = self._closed({target for symbols, target in moves if symbol in symbols})
            self._steps[state, of_class] = found
        return found

    def _reachable(self, states: set[_State]) -> set[_State]:
        """The states after any text, as far as it is worth looking."""
        found, waiting = set(states), list(states)
        while waiting and len(found) <= MOST_STATES:
            state = waiting.pop()
            for of_class in range(max(self._classes) + 1):
                following = self._after(state, of_class)
                if following not in found:
                    found.add(following)
                    waiting.append(following)
        return found


def is_table(text: str) -> bool:
    """Whether a path pattern is the table of an expression, and no glob."""
    return text.startswith(_MARK)


def accepts(table: str, text: bytes) -> bool | None:
    """Whether a whole text fits the expression of a table; None when the table cannot tell.

    `dataplane/lua/patterns.lua` does the same.
    """
    if table == _MARK:
        return None
    width, moves = ord(table[1]) - _FIRST, 2 + OTHER + 1
    ends = len(table) - (len(table) - moves) // (
        2 * width + 1
    )  # a state has a move for each class, and a verdict
    state = 0
    for byte in text:
        of_class = ord(table[2 + min(byte, OTHER)]) - _FIRST
        at = moves + (state * width + of_class) * 2
        state = (ord(table[at]) - _FIRST) * _DIGITS + ord(table[at + 1]) - _FIRST
    return table[ends + state] == "1"


@lru_cache(maxsize=2048)
def automaton(expression: str, *, fold: bool = False) -> Automaton:
    """The automaton of an expression, made once."""
    return Automaton(expression, fold=fold)


@lru_cache(maxsize=2048)
def table_of(expression: str) -> str:
    """The table of an expression, made once: every method that leads to a balancer names those of its rules."""
    return automaton(expression).table()
