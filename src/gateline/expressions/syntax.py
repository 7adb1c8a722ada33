r"""The dialect: what RE2 and Amazon's rules both take, read into a tree (load-balancers.md sections 2 and 2.1).

Literals, `.`, sets, `\d \w \s` and their opposites, groups, `|`, greedy and lazy quantifiers, `^ $ \b \B`, and `(?i)`
at the beginning. What backtracks (look-around, back-references, possessive quantifiers, atomic groups, recursion) and
`\p{}` are refused with a word on why.
"""

from __future__ import annotations

import re
import string
from typing import Final

from gateline.expressions.tree import OTHER, SYMBOLS, Characters, Choice, Edge, Group, Node, Repeat, Sequence

MOST_REPETITIONS: Final = 1000  # of one quantifier, nested ones multiplied: RE2's own limit
MOST_DEPTH: Final = 50
MOST_PLACES: Final = 2_000  # of characters when repetitions are written out; RE2 has a limit too

_QUANTIFIER: Final = re.compile(r"[*+?]|\{(\d{1,5})(?:(,)(\d{1,5})?)?\}")
_BOUNDS: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_DIGITS: Final = frozenset(map(ord, string.digits))
_WORDS: Final = frozenset(map(ord, string.ascii_letters + string.digits + "_"))
_SPACES: Final = frozenset(map(ord, "\t\n\f\r "))  # RE2's \s
_SETS: Final = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_CODES: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_NAMED: Final = {
    "alnum": frozenset(map(ord, string.ascii_letters + string.digits)),
    "alpha": frozenset(map(ord, string.ascii_letters)),
    "digit": _DIGITS,
    "lower": frozenset(map(ord, string.ascii_lowercase)),
    "punct": frozenset(map(ord, string.punctuation)),
    "space": _SPACES | {11},
    "upper": frozenset(map(ord, string.ascii_uppercase)),
    "word": _WORDS,
    "xdigit": frozenset(map(ord, string.hexdigits)),
}
_EDGES: Final = {"b": Edge.WORD, "B": Edge.INSIDE_WORD, "A": Edge.BEGIN, "z": Edge.END}
_REFUSED_GROUPS: Final = {
    "?=": "look-ahead",
    "?!": "look-ahead",
    "?<=": "look-behind",
    "?<!": "look-behind",
    "?>": "an atomic group",
    "?R": "recursion",
    "?&": "recursion",
    "?P=": "a back-reference",
    "?P>": "recursion",
    "?(": "a conditional group",
    "?#": "a comment",
    "?|": "a branch reset",
}
_REFUSED_ESCAPES: Final = {
    **dict.fromkeys("kg123456789", "a back-reference"),
    **dict.fromkeys("pPXN", "a class of Unicode"),
    **dict.fromkeys("QE", "quoted text"),
    **dict.fromkeys("CRGKZhHV", "an escape that RE2 or Amazon's rules do not know"),
}


class ExpressionInvalid(ValueError):
    """No regular expression of the dialect; the message says why, in words that end a sentence."""


def parse(text: str, *, fold: bool = False) -> Node:
    """The tree of an expression.

    Args:
        text: visible ASCII, spaces too.
        fold: letter case does not count, as if it began with `(?i)`.

    Raises:
        ExpressionInvalid: it is none of the dialect.

    """
    if not text:
        raise ExpressionInvalid("it is empty")
    if re.fullmatch(r"[\x20-\x7e]*", text) is None:
        raise ExpressionInvalid("it holds a character that is not visible ASCII")
    return _Reader(text, fold=fold).whole()


class _Reader:
    """One pass over an expression."""

    def __init__(self, text: str, *, fold: bool) -> None:
        folds = text.startswith("(?i)")
        self._text = text
        self._at = 4 if folds else 0
        self._fold = fold or folds
        self._groups = 0
        self._depth = 0

    def whole(self) -> Node:
        read = self._choice()
        if self._at < len(self._text):
            raise ExpressionInvalid(f"a ')' at position {self._at + 1} closes no group")
        if _repetitions(read) > MOST_REPETITIONS:
            raise ExpressionInvalid(f"it repeats something more than {MOST_REPETITIONS} times")
        if _places(read) > MOST_PLACES:
            raise ExpressionInvalid("it is too large when its repetitions are written out")
        return read

    def _choice(self) -> Node:
        options = [self._sequence()]
        while self._text.startswith("|", self._at):
            self._at += 1
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _atom(self) -> Node:
        if _QUANTIFIER.match(self._text, self._at):
            raise ExpressionInvalid(f"there is nothing to repeat at position {self._at + 1}")
        character = self._text[self._at]
        self._at += 1
        match character:
            case "(":
                return self._group()
            case "[":
                return self._set()
            case "\\":
                return self._escape()
            case ".":
                return Characters(SYMBOLS)  # no value holds a line feed, which RE2 would leave out
            case "^":
                return Edge.BEGIN
            case "$":
                return Edge.END
            case _:
                return self._characters(frozenset({ord(character)}))

    def _repeated(self, part: Node) -> Node:
        found = _QUANTIFIER.match(self._text, self._at)
        if found is None:
            return part
        if isinstance(part, Edge):
            raise ExpressionInvalid(f"there is nothing to repeat at position {self._at + 1}")
        low, high = _BOUNDS.get(found[0], (int(found[1] or 0), None))
        if found[1]:
            high = low if not found[2] else int(found[3]) if found[3] else None
        if high is not None and low > high:
            raise ExpressionInvalid(f"{found[0]} repeats from more to less")
        self._at = found.end()
        lazy = self._text.startswith("?", self._at)
        self._at += lazy
        if self._text.startswith("+", self._at):
            raise ExpressionInvalid("a possessive quantifier is not supported")
        if _QUANTIFIER.match(self._text, self._at):
            raise ExpressionInvalid(f"there is nothing to repeat at position {self._at + 1}")
        return Repeat(part, low, high, greedy=not lazy)

    def _group(self) -> Node:
        number = 0
        if named := re.compile(r"\?P?<[A-Za-z_]\w*>").match(self._text, self._at):
            self._at = named.end()
        elif self._text.startswith("?:", self._at):
            self._at += 2
            number = -1
        elif self._text.startswith("?", self._at):
            told = (
                what for begins, what in _REFUSED_GROUPS.items() if self._text.startswith(begins, self._at)
            )
            says = next(told, "a group with flags, other than (?i) at the beginning,")
            raise ExpressionInvalid(f"{says} is not supported")
        if number == 0:
            self._groups += 1
            number = self._groups
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise ExpressionInvalid(f"its groups are nested more than {MOST_DEPTH} deep")
        inside = self._choice()
        self._depth -= 1
        if not self._text.startswith(")", self._at):
            raise ExpressionInvalid("a group has no end")
        self._at += 1
        return Group(inside, number) if number > 0 else inside

    def _escape(self) -> Node:
        if self._text[self._at : self._at + 1] in _EDGES:
            self._at += 1
            return _EDGES[self._text[self._at - 1]]
        return self._characters(self._escaped())

    def _escaped(self) -> frozenset[int]:
        """The symbols of an escape behind its backslash."""
        character = self._text[self._at : self._at + 1]
        self._at += 1
        if not character:
            raise ExpressionInvalid("it ends with a backslash")
        if character in _REFUSED_ESCAPES:
            raise ExpressionInvalid(f"{_REFUSED_ESCAPES[character]} (\\{character}) is not supported")
        if character.lower() in _SETS:
            symbols = _SETS[character.lower()]
            return symbols if character.islower() else SYMBOLS - symbols
        if character == "x":
            return frozenset({self._code()})
        if character in _CODES:
            return frozenset({_CODES[character]})
        if character.isalnum():
            raise ExpressionInvalid(f"the escape \\{character} is not known")
        return frozenset({ord(character)})

    def _code(self) -> int:
        r"""The character of `\x7e` or `\x{7e}`."""
        found = re.compile(r"([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\}").match(self._text, self._at)
        code = int(found[1] or found[2], 16) if found else OTHER
        if found is None or code >= OTHER:
            raise ExpressionInvalid(r"\x is followed by the two hex digits of an ASCII character")
        self._at = found.end()
        return code

    def _set(self) -> Node:
        negated = self._text.startswith("^", self._at)
        self._at += negated
        symbols: set[int] = set()
        first = True
        while not self._text.startswith("]", self._at) or first:
            if self._at >= len(self._text):
                raise ExpressionInvalid("a set of characters has no end")
            first = False
            symbols |= self._members()
        self._at += 1
        found = self._folded(frozenset(symbols))
        return Characters(SYMBOLS - found if negated else found)

    def _members(self) -> frozenset[int]:
        """A character of a set, a range, or a class."""
        if named := re.compile(r"\[:(\^?)(\w+):\]").match(self._text, self._at):
            if named[2] not in _NAMED:
                raise ExpressionInvalid(f"the class {named[0]} is not known")
            self._at = named.end()
            return SYMBOLS - _NAMED[named[2]] if named[1] else _NAMED[named[2]]
        low = self._member()
        is_range = self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at)
        if len(low) > 1 or not is_range:
            return low
        self._at += 1
        if self._at >= len(self._text):
            raise ExpressionInvalid("a set of characters has no end")
        high = self._member()
        [begins] = low
        if len(high) > 1 or min(high) < begins:
            raise ExpressionInvalid("a range in a set goes from more to less")
        return frozenset(range(begins, min(high) + 1))

    def _member(self) -> frozenset[int]:
        character = self._text[self._at]
        self._at += 1
        return self._escaped() if character == "\\" else frozenset({ord(character)})

    def _characters(self, symbols: frozenset[int]) -> Characters:
        return Characters(self._folded(symbols))

    def _folded(self, symbols: frozenset[int]) -> frozenset[int]:
        """With the other case of its letters; a set before it is negated."""
        if not self._fold:
            return symbols
        letters = [chr(each) for each in symbols if each < OTHER and chr(each).isalpha()]
        return symbols | {ord(letter.swapcase()) for letter in letters}


def _repetitions(node: Node) -> int:
    """How often at most something is repeated by counting."""
    match node:
        case Repeat(part, low, high):
            return max(1, low, high or 0) * _repetitions(part)
        case Group(part):
            return _repetitions(part)
        case Sequence(parts) | Choice(parts):
            return max(map(_repetitions, parts), default=1)
        case _:
            return 1


def _places(node: Node) -> int:
    """How many places its repetitions come to when they are written out."""
    match node:
        case Repeat(part, low, high):
            return max(1, low, high or 0) * _places(part)
        case Group(part):
            return _places(part)
        case Sequence(parts) | Choice(parts):
            return 1 + sum(map(_places, parts))
        case _:
            return 1
