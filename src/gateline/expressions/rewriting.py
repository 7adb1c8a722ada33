r"""Rewriting the first match, as one expression over the whole text and RE2's form of what it becomes.

A filter of Envoy's replaces every match. An expression that takes the whole text, its beginning as short as can be, has
one match only, and the first match of what stands inside is the leftmost one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gateline.expressions.re2 import EDGES, written
from gateline.expressions.syntax import ExpressionInvalid, parse
from gateline.expressions.tree import Choice, Edge, Group, Node, Repeat, Sequence

MOST_CAPTURED: Final = 9  # by RE2, the text before and behind counted
_PART: Final = re.compile(r"\$([1-9][0-9]?)|\$([0{&])|(\\)")
_PORT: Final = r"(:[0-9]*)?\z"


def rewriting(regex: str, replace: str, *, of_host: bool) -> tuple[str, str]:
    r"""The whole-text expression and its replacement, whose groups are `\1`.

    Args:
        regex: what the first match of is replaced.
        replace: the text in its place; `$1` is the first group.
        of_host: the text is an authority: the port is no part of what is looked at, and stays as it is unless the
            replacement has its own.

    Raises:
        ExpressionInvalid: no expression of the dialect, a group that it does not have, or too many of them.

    """
    node = parse(regex, fold=of_host)
    numbers = {group.number for group in _captures(node) if isinstance(group, Group)}
    used = _used(replace, max(numbers, default=0))
    captured: list[int | Edge] = []
    for each in _captures(node):
        if isinstance(each, Group) and each.number in used:
            captured.append(each.number)
        elif each is Edge.END and of_host:
            captured.append(each)
    if len(captured) + 2 > MOST_CAPTURED:
        raise ExpressionInvalid(f"more than {MOST_CAPTURED - 2} groups of it are used")
    inside = written(
        node,
        without=frozenset({ord(":")}) if of_host else frozenset(),
        kept=frozenset(used),
        edges={**EDGES, Edge.END: _PORT} if of_host else EDGES,
    )
    before = "[^:]*?" if of_host else r"\C*?"
    places = {each: place for place, each in enumerate(captured, start=2) if not isinstance(each, Edge)}
    ports = [rf"\{place}" for place, each in enumerate(captured, start=2) if isinstance(each, Edge)]
    made = _PART.sub(lambda found: _told(found[1], places), replace)
    if ":" not in replace:
        made += "".join(ports)
    return rf"\A({before})(?:{inside})(\C*)\z", rf"\1{made}\{len(captured) + 2}"


def _captures(node: Node) -> Iterator[Group | Edge]:
    """Capturing groups and edges in the order in which they are written."""
    match node:
        case Group(part):
            yield node
            yield from _captures(part)
        case Edge():
            yield node
        case Repeat(part):
            yield from _captures(part)
        case Sequence(parts) | Choice(parts):
            for part in parts:
                yield from _captures(part)
        case _:
            return


def _used(replace: str, highest: int) -> set[int]:
    """The numbers of the groups that a replacement names."""
    used = set()
    for found in _PART.finditer(replace):
        if found[1] is None:
            raise ExpressionInvalid(
                f"its replacement holds '{found[0]}': groups are $1 to $9, and a '\\' is no text"
            )
        number = int(found[1])
        if number > highest and number > MOST_CAPTURED:
            number = int(found[1][0])  # `$10` without a tenth group is the first one and a 0
        if number > MOST_CAPTURED:
            raise ExpressionInvalid(f"its replacement names the group ${number}; those are $1 to $9")
        if number > highest:
            raise ExpressionInvalid(f"its replacement names the group ${number}, which it does not have")
        used.add(number)
    return used


def _told(digits: str, places: dict[int, int]) -> str:
    """A group of the replacement in RE2's form, by where it stands among those that capture."""
    number = int(digits)
    if number in places:
        return rf"\{places[number]}"
    return rf"\{places[int(digits[0])]}{digits[1:]}"
