r"""Java's regular expressions, bounded in time: validation of tokens, and `String.matches`, `replaceAll`, `split`.

`regex` knows what Java's expressions use and `re` and RE2 do not (possessive quantifiers, `\p{Alpha}`,
`[a-z&&[^q]]`, lookahead), and breaks off when it is told to: `(a|aa)+$` on thirty bytes ends after the time given
here, where `re` goes on for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    import regex

LONGEST_SEARCH_SECONDS: Final = 0.01
LONGEST_TOKEN: Final = 16 * 1024

LARGEST: Final = 10_000
"""Characters that an expression asks for, its repetitions written out: so `regex` looks at it, at 260 bytes each."""

_ITEM: Final = re.compile(
    r"\\.|\[\^?\]?[^\]\\]*+(?:\\.[^\]\\]*+)*+\]?|(?P<open>\()|(?P<close>\))|\{(?P<least>\d++)(?:,\d*+)?\}|.",
    re.DOTALL,
)
_MOST_DIGITS: Final = 9

_JAVA_ONLY: Final = re.compile(r"\\Q(.*?)(?:\\E|\Z)|\\k<([A-Za-z][A-Za-z0-9]*)>|\\.", re.DOTALL)

_REFERENCE: Final = re.compile(r"\\(.)|\$(\d)|\$\{([A-Za-z][A-Za-z0-9]*)\}|(\\|\$)", re.DOTALL)

_T = TypeVar("_T")


class ExpressionInvalid(Exception):
    """The expression cannot be read; the message says why."""


class Expression:
    """One expression, ready to match.

    Raises:
        ExpressionInvalid: it cannot be read.

    """

    def __init__(self, expression: str) -> None:
        expression = _JAVA_ONLY.sub(_translated, expression)
        if _size(expression) > LARGEST:
            raise ExpressionInvalid("it repeats too much")
        # Only now: the library takes 3 MB, and few projects have an expression.
        import regex  # noqa: PLC0415

        try:
            self._pattern = regex.compile(
                expression, regex.VERSION1 | regex.ASCII
            )  # Java's \w and \d are ASCII
        except (regex.error, OverflowError, RecursionError, MemoryError) as error:
            raise ExpressionInvalid(str(error)) from error

    def matches(self, text: str, *, longest: int = LONGEST_TOKEN) -> bool | None:
        """Whether the whole text has the form; None when that is not known after `LONGEST_SEARCH_SECONDS`.

        A text of more than `longest` characters never has it.
        """
        if len(text) > longest:
            return False
        return _in_time(lambda: self._pattern.fullmatch(text, timeout=LONGEST_SEARCH_SECONDS) is not None)

    def replace(self, text: str, replacement: str, *, longest: int, count: int = 0) -> str | None:
        r"""`replaceAll` (or the first `count` places); None when it takes too long, or becomes longer than that.

        The replacement is Java's: `$1` and `${name}` are groups, `\` takes its meaning from the next character.

        Raises:
            ExpressionInvalid: the replacement names a group that the expression does not have.

        """
        pieces = _pieces(replacement)
        room = longest - len(text)

        def replaced(match: regex.Match[str]) -> str:
            nonlocal room
            put = "".join(str(piece) if is_text else str(match[piece] or "") for piece, is_text in pieces)
            room -= len(put)
            if room < 0:
                raise MemoryError
            return put

        known = {str(number) for number in range(self._pattern.groups + 1)} | set(self._pattern.groupindex)
        for piece, is_text in pieces:
            if not is_text and str(piece) not in known:
                raise ExpressionInvalid(f"there is no group {piece}")
        return _in_time(
            lambda: self._pattern.sub(replaced, text, count=count, timeout=LONGEST_SEARCH_SECONDS)
        )

    def split(self, text: str, limit: int = 0) -> list[str] | None:
        """`String.split`: no empty text at the end unless `limit` is negative; None when that took too long."""

        def parts() -> list[str]:
            found: list[str] = []
            begin = 0
            for match in self._pattern.finditer(text, timeout=LONGEST_SEARCH_SECONDS):
                if limit > 0 and len(found) == limit - 1:
                    break
                if match.end() == 0:  # Java 8: no empty text at the beginning from a match of nothing
                    continue
                if match.start() == match.end() == len(text):
                    break
                found.append(text[begin : match.start()])
                begin = match.end()
            found.append(text[begin:])
            if limit == 0:
                while len(found) > 1 and not found[-1]:
                    found.pop()
            return found

        return _in_time(parts)


def _translated(found: re.Match[str]) -> str:
    r"""What Java alone writes so: `\Q...\E` around literal text, and `\k<name>` for what a group matched."""
    quoted, name = found.groups()
    if quoted is not None:
        return re.escape(quoted)
    return f"(?P={name})" if name is not None else found[0]


def _size(expression: str) -> int:
    """How long an expression is, roughly, when each repetition is written out as often as it is asked for."""
    groups, last = [0], 0  # of the groups that are open, and of the item that a repetition would repeat
    for item in _ITEM.finditer(expression):
        if item["open"]:
            groups.append(0)
        elif item["close"]:
            last = groups.pop() if len(groups) > 1 else 0
            groups[-1] += last
        elif item["least"]:
            times = int(item["least"][:_MOST_DIGITS])
            groups[-1] += last * max(times - 1, 0)
            last *= max(times, 1)
        else:
            last = 1
            groups[-1] += 1
        if last > LARGEST or groups[-1] > LARGEST:
            return LARGEST + 1
    return sum(groups)


def _in_time(search: Callable[[], _T]) -> _T | None:
    try:
        return search()
    except (TimeoutError, MemoryError):
        return None


def _pieces(replacement: str) -> list[tuple[str | int, bool]]:
    """The texts (True) and groups (False) of a replacement."""
    pieces: list[tuple[str | int, bool]] = []
    begin = 0
    for match in _REFERENCE.finditer(replacement):
        pieces.append((replacement[begin : match.start()], True))
        begin = match.end()
        escaped, number, name, stray = match.groups()
        if stray is not None:
            raise ExpressionInvalid(f"the replacement has a {stray} that stands for nothing")
        if escaped is not None:
            pieces.append((escaped, True))
        else:
            pieces.append((int(number), False) if number is not None else (name, False))
    pieces.append((replacement[begin:], True))
    return [piece for piece in pieces if piece[0] != ""]
