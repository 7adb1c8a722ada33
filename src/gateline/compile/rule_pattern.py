r"""Patterns of balancers' rules, compared with texts of which only parts are known.

`*` stands for any text, `?` for one character, and a `\` before one of these or itself takes its meaning away
(load-balancers.md section 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum, auto

from gateline.expressions.automaton import table_of
from gateline.model.load_balancer import Listener, PathPattern, Rule


class Wild(Enum):
    """What stands in a pattern beside characters."""

    ANY_TEXT = auto()
    ANY_CHARACTER = auto()


class Unknown(Enum):
    """What stands in a text beside characters: a stretch that only the request knows, perhaps an empty one."""

    TEXT = auto()


Pattern = tuple[str | Wild, ...]
Text = tuple[str | Unknown, ...]


def pattern(written: str) -> Pattern:
    """The characters and wildcards of a pattern."""
    parts: list[str | Wild] = []
    characters = iter(written)
    for character in characters:
        if character == "*":
            if parts[-1:] != [Wild.ANY_TEXT]:
                parts.append(Wild.ANY_TEXT)
        elif character == "?":
            parts.append(Wild.ANY_CHARACTER)
        elif character == "\\":
            parts.append(next(characters, "\\"))
        else:
            parts.append(character)
    return tuple(parts)


def path_patterns(condition: PathPattern) -> tuple[str, ...]:
    """What a condition compares paths with, as scripts and the host are told it: globs, and tables of expressions."""
    return condition.values + tuple(table_of(each) for each in condition.regex_values)


def judged_paths(listener: Listener, last: Rule) -> tuple[str, ...]:
    """The path patterns of all rules up to the one that always applies.

    Those that were folded away count too: another reading of the path may fit them.
    """
    judged = listener.rules[: listener.rules.index(last) + 1]
    conditions = (each for rule in judged for each in rule.conditions if isinstance(each, PathPattern))
    return tuple(dict.fromkeys(value for condition in conditions for value in path_patterns(condition)))


def literal(written: str) -> Pattern:
    """A pattern without wildcards."""
    return tuple(written)


def text(pieces: Iterable[str | None]) -> Text:
    """A text of known pieces and unknown stretches (None)."""
    return tuple(part for piece in pieces for part in ((Unknown.TEXT,) if piece is None else tuple(piece)))


def fits_always(wanted: Pattern, found: Text) -> bool:
    """Whether the pattern fits, whatever stands in the unknown stretches: only a `*` can take those in."""
    return _fits(wanted, found, unknown_is_anything=False)


def may_fit(wanted: Pattern, found: Text) -> bool:
    """Whether the pattern fits for some content of the unknown stretches."""
    return _fits(wanted, found, unknown_is_anything=True)


def _fits(wanted: Pattern, found: Text, *, unknown_is_anything: bool) -> bool:
    """Compare from the end: `row[i]` says whether the rest of the pattern fits the text from i on."""
    row = _past_the_end(found, unknown_is_anything=unknown_is_anything)
    for part in reversed(wanted):
        row = _one_part(part, found, row, unknown_is_anything=unknown_is_anything)
    return row[0]


def _past_the_end(found: Text, *, unknown_is_anything: bool) -> list[bool]:
    row = [False] * len(found) + [True]
    for index in range(len(found) - 1, -1, -1):
        row[index] = row[index + 1] and found[index] is Unknown.TEXT and unknown_is_anything
    return row


def _one_part(
    part: str | Wild, found: Text, rest: Sequence[bool], *, unknown_is_anything: bool
) -> list[bool]:
    row = [False] * (len(found) + 1)
    row[len(found)] = part is Wild.ANY_TEXT and rest[len(found)]
    for index in range(len(found) - 1, -1, -1):
        here = found[index]
        if part is Wild.ANY_TEXT:
            row[index] = rest[index] or row[index + 1]
        elif here is Unknown.TEXT:
            # It ends here, or holds this part and goes on.
            row[index] = unknown_is_anything and (row[index + 1] or rest[index])
        else:
            row[index] = (part is Wild.ANY_CHARACTER or part == here) and rest[index + 1]
    return row
