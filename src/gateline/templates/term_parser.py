"""Reads expressions and references: Velocity 1.7's grammar, with its words for operators."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Final

from gateline.templates.frame import Part, Term
from gateline.templates.reference import Call, Index, Property, Reference, Step
from gateline.templates.scanner import Scanner
from gateline.templates.term import (
    Arithmetic,
    Equality,
    Interpolated,
    Joined,
    ListOf,
    Literal,
    MapOf,
    Not,
    Order,
    Range,
)

REFERENCE: Final = re.compile(r"\$!?(\{)?([A-Za-z_][A-Za-z0-9_-]*)")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_OPERATOR: Final = re.compile(r"\|\||&&|==|!=|<=|>=|[<>+*/%-]|(?:and|or|eq|ne|lt|gt|le|ge)(?![A-Za-z0-9_])")
_NOT: Final = re.compile(r"!(?!=)|not(?![A-Za-z0-9_])")
_NUMBER: Final = re.compile(
    r"-?(?:(?P<whole>[0-9]+)(?![0-9.eE]|\.)|(?P<first>[0-9]+)(?=\.\.)"
    r"|[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|(?P<rest>[0-9]+))"
)
_TEXT: Final = re.compile(r'"([^"]*(?:""[^"]*)*)"' + r"|'([^']*(?:''[^']*)*)'")
_WORD: Final = re.compile(r"(?:true|false|null)(?![A-Za-z0-9_])")
_PROPERTY: Final = re.compile(r"\.([A-Za-z][A-Za-z0-9_-]*)(\()?")
_CODE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_MARKS: Final = {
    mark: re.compile(re.escape(mark)) for mark in ("(", ")", "[", "]", "{", "}", ",", ":", "..", "=")
}
_LONGEST_NUMBER: Final = 1000

_WORDS: Final = {"true": True, "false": False, "null": None}
_SPELLINGS: Final = {
    "or": "||", "and": "&&", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=",
}  # fmt: skip
_BINDS: Final = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
_ORDERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def _combined(spelling: str, left: Term, right: Term) -> Term:
    if spelling in _ORDERS:
        return Order(left, right, _ORDERS[spelling])
    if spelling in {"==", "!="}:
        return Equality(left, right, is_equal=spelling == "==")
    if spelling in {"&&", "||"}:
        return Joined(left, right, until=spelling == "||")
    return Arithmetic(left, right, spelling)


class TermParser:
    """Reads terms from a scanner; `interpolated` reads the template that a text in double quotes is."""

    __slots__ = ("_interpolated", "_scanner")

    def __init__(self, scanner: Scanner, interpolated: Callable[[str], Part | str]) -> None:
        self._scanner = scanner
        self._interpolated = interpolated

    def space(self) -> None:
        """Go over blanks and line ends."""
        self._scanner.take(_SPACE)

    def mark(self, mark: str) -> bool:
        """Go over blanks and, if it comes next, a mark."""
        self.space()
        return self._scanner.take(_MARKS[mark]) is not None

    def expect(self, mark: str) -> None:
        """Go over a mark that must come next."""
        if not self.mark(mark):
            self._scanner.fail(f"expected {mark}")

    def expression(self, binds: int = 1) -> Term:
        """One expression, of operators that bind at least so much."""
        scanner = self._scanner
        scanner.deeper()
        left = self._operand()
        while True:
            self.space()
            before = scanner.at
            found = scanner.take(_OPERATOR)
            spelling = _SPELLINGS.get(found[0], found[0]) if found else ""
            if not found or _BINDS[spelling] < binds:
                scanner.at = before
                break
            left = _combined(spelling, left, self.expression(_BINDS[spelling] + 1))
        scanner.depth += 1
        return left

    def _operand(self) -> Term:
        self.space()
        if self._scanner.take(_NOT):
            self._scanner.deeper()
            operand = Not(self._operand())
            self._scanner.depth += 1
            return operand
        if self._scanner.take(_MARKS["("]):
            inner = self.expression()
            self.expect(")")
            return inner
        term = self.primary()
        if term is None:
            self._scanner.fail("expected a value")
        return term

    def primary(self) -> Term | None:
        """One value without operators; None when there is none."""
        scanner = self._scanner
        if scanner.text.startswith("$", scanner.at):
            return self.reference() if REFERENCE.match(scanner.text, scanner.at) else None
        if found := scanner.take(_TEXT):
            return self._text(found)
        if found := scanner.take(_NUMBER):
            return Literal(self._number(found))
        if scanner.take(_MARKS["["]):
            return self._list()
        if scanner.take(_MARKS["{"]):
            return self._map()
        if found := scanner.take(_WORD):
            return Literal(_WORDS[found[0]])
        return None

    def _number(self, found: re.Match[str]) -> object:
        text = found[0]
        if len(text) > _LONGEST_NUMBER:
            self._scanner.fail("the number is too long", found.start())
        return int(text) if found.lastgroup else float(text)

    def _text(self, found: re.Match[str]) -> Term:
        double, single = found.groups()
        if double is None:
            return Literal(_decoded(single.replace("''", "'")))
        inner = _decoded(double.replace('""', '"'))
        if "$" not in inner and "#" not in inner:
            return Literal(inner)
        part = self._interpolated(inner)
        return Literal(part) if isinstance(part, str) else Interpolated(part)

    def _list(self) -> Term:
        if self.mark("]"):
            return ListOf(())
        first = self.expression()
        if self.mark(".."):
            last = self.expression()
            self.expect("]")
            return Range(first, last)
        items = [first]
        while self.mark(","):
            items.append(self.expression())
        self.expect("]")
        return ListOf(tuple(items))

    def _map(self) -> Term:
        items: list[tuple[Term, Term]] = []
        if self.mark("}"):
            return MapOf(())
        while True:
            key = self.expression()
            self.expect(":")
            items.append((key, self.expression()))
            if not self.mark(","):
                break
        self.expect("}")
        return MapOf(tuple(items))

    def reference(self) -> Reference:
        """The reference that begins here."""
        scanner = self._scanner
        begin = scanner.at
        found = scanner.take(REFERENCE)
        if found is None:
            scanner.fail("expected a reference")
        steps: list[Step] = []
        while True:
            if scanner.take(_MARKS["["]):
                steps.append(Index(self.expression()))
                self.expect("]")
            elif following := scanner.take(_PROPERTY):
                steps.append(
                    Call(following[1], self._arguments()) if following[2] else Property(following[1])
                )
            else:
                break
        if found[1] and not scanner.take(_MARKS["}"]):
            scanner.fail("expected } at the end of this reference", begin)
        return Reference(found[2], tuple(steps))

    def _arguments(self) -> tuple[Term, ...]:
        if self.mark(")"):
            return ()
        arguments = [self.expression()]
        while self.mark(","):
            arguments.append(self.expression())
        if not self.mark(")"):
            self._scanner.fail("expected , or ) in the arguments of a method")
        return tuple(arguments)


def _decoded(text: str) -> str:
    r"""A text with its `\uXXXX` read; every other backslash stays, as recorded."""
    return _CODE.sub(lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text
