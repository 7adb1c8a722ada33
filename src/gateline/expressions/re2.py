r"""An expression as Envoy is told it, in RE2.

Envoy's RE2 reads patterns and texts as Latin-1: a character is a byte. What folds letter case holds both cases of each
letter of ASCII, and no other letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateline.expressions.tree import OTHER, SYMBOLS, Characters, Choice, Edge, Group, Node, Repeat, Sequence

EDGES: Final = {Edge.BEGIN: r"\A", Edge.END: r"\z", Edge.WORD: r"\b", Edge.INSIDE_WORD: r"\B"}
_SIMPLE: Final = {(0, None): "*", (1, None): "+", (0, 1): "?"}
_BEYOND_ASCII: Final = r"\x80-\xff"
_IN_SET: Final = frozenset(map(ord, r"\]^-["))
_OUTSIDE: Final = frozenset(map(ord, r"\.+*?()|[]{}^$"))


def written(
    node: Node,
    *,
    without: frozenset[int] = frozenset(),
    kept: frozenset[int] = frozenset(),
    edges: Mapping[Edge, str] = EDGES,
) -> str:
    """The expression, that can stand between others.

    Args:
        node: what was parsed.
        without: symbols that no part of it may take.
        kept: the numbers of groups that capture; all others do not.
        edges: how edges are written, where that is not RE2's way.

    """

    def write(part: Node) -> str:
        match part:
            case Characters(symbols):
                return _characters(symbols - without)
            case Edge():
                return edges[part]
            case Sequence(parts):
                return "".join(map(write, parts))
            case Choice(options):
                return f"(?:{'|'.join(map(write, options))})"
            case Group(inside, number):
                return f"({'' if number in kept else '?:'}{write(inside)})"
            case Repeat(inside, low, high, greedy):
                repeated = (
                    write(inside)
                    if isinstance(inside, Characters | Group | Choice)
                    else f"(?:{write(inside)})"
                )
                bounds = str(low) if high == low else f"{low},{'' if high is None else high}"
                sign = _SIMPLE.get((low, high), f"{{{bounds}}}")
                return f"{repeated}{sign}{'' if greedy else '?'}"

    return write(node)


def _characters(symbols: frozenset[int]) -> str:
    if symbols == SYMBOLS:
        return r"\C"
    if not symbols:
        return r"[^\x00-\xff]"
    if len(symbols) == 1 and OTHER not in symbols:
        [code] = symbols
        return f"\\{chr(code)}" if code in _OUTSIDE else _spelled(code)
    ranges: list[tuple[int, int]] = []
    for code in sorted(symbols - {OTHER}):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = ranges[-1][0], code
        else:
            ranges.append((code, code))
    body = "".join(_in_set(low) + (f"-{_in_set(high)}" if high > low else "") for low, high in ranges)
    return f"[{body}{_BEYOND_ASCII if OTHER in symbols else ''}]"


def _in_set(code: int) -> str:
    return f"\\{chr(code)}" if code in _IN_SET else _spelled(code)


def _spelled(code: int) -> str:
    return chr(code) if 32 <= code < 127 else f"\\x{code:02x}"
