"""Anchors of an expression that is compared with a whole value: what they say is true already."""

from __future__ import annotations

from collections.abc import Sequence as Several
from typing import Final

from gateline.expressions.syntax import ExpressionInvalid
from gateline.expressions.tree import SYMBOLS, Characters, Choice, Edge, Group, Node, Repeat, Sequence

NOTHING: Final = Sequence(())


def without_anchors(node: Node) -> Node:
    r"""The same expression for whole values, without `^` at its beginning and `$` at its end.

    Raises:
        ExpressionInvalid: one stands elsewhere, where it can never fit; or there is a `\b` or `\B`.

    """
    return _without(node, begins=True, ends=True)


def is_anchored(node: Node) -> bool:
    """Whether it says itself that whole values are meant: each of its ways begins with `^` or `.*`, and ends so.

    Whoever would look for it anywhere in a value finds the same values.
    """
    return _says(node, Edge.BEGIN, first=True) and _says(node, Edge.END, first=False)


def _says(node: Node, edge: Edge, *, first: bool) -> bool:
    match node:
        case Edge():
            return node is edge
        case Choice(options):
            return all(_says(option, edge, first=first) for option in options)
        case Group(part):
            return _says(part, edge, first=first)
        case Sequence(parts):
            return bool(parts) and _says(parts[0 if first else -1], edge, first=first)
        case Repeat(Characters(symbols), 0, None):
            return symbols == SYMBOLS
        case _:
            return False


def _without(node: Node, *, begins: bool, ends: bool) -> Node:
    match node:
        case Characters():
            return node
        case Edge.BEGIN | Edge.END:
            if not (begins if node is Edge.BEGIN else ends):
                sign, place = ("^", "begins") if node is Edge.BEGIN else ("$", "ends")
                raise ExpressionInvalid(f"a '{sign}' where nothing {place} can never fit")
            return NOTHING
        case Edge():
            raise ExpressionInvalid(r"\b and \B are not supported in a condition")
        case Sequence(parts):
            return Sequence(tuple(_part(parts, index, begins, ends) for index in range(len(parts))))
        case Choice(options):
            return Choice(tuple(_without(option, begins=begins, ends=ends) for option in options))
        case Group(part):
            return _without(part, begins=begins, ends=ends)
        case Repeat(part, low, high, greedy):
            once = high == 1
            return Repeat(_without(part, begins=begins and once, ends=ends and once), low, high, greedy)


def _part(parts: Several[Node], index: int, begins: bool, ends: bool) -> Node:
    return _without(
        parts[index],
        begins=begins and all(each is Edge.BEGIN for each in parts[:index]),
        ends=ends and all(each is Edge.END for each in parts[index + 1 :]),
    )
