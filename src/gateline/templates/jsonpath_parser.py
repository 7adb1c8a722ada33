"""Reads JSONPaths and the conditions of their filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from gateline.templates.expression import Expression, ExpressionInvalid
from gateline.templates.jsonpath_filter import (
    COMPARISONS,
    Comparison,
    Conjunction,
    Constant,
    Negation,
    Operand,
    There,
)
from gateline.templates.jsonpath_function import FUNCTIONS
from gateline.templates.jsonpath_step import (
    MISSING,
    Descend,
    Every,
    Name,
    Names,
    Places,
    Predicate,
    Slice,
    Step,
    Visit,
    Where,
    reached,
)
from gateline.templates.scanner import Scanner

_MAX_DEPTH: Final = 20
_MOST_STEPS: Final = 100
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NAME: Final = re.compile(r"[^\s.\[\]()'\",*?&|!=<>~@]+")
_LOOSE_NAME: Final = re.compile(r"[^.\[\]()*]+")
_CALL: Final = re.compile(r"([A-Za-z]+)\(\s*\)")
_TEXT: Final = re.compile(r"'((?:[^'\\]|\\.)*)'" + r'|"((?:[^"\\]|\\.)*)"', re.DOTALL)
_NUMBER: Final = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?")
_PLACE: Final = re.compile(r"-?[0-9]{1,9}")
_WORD: Final = re.compile(r"(true|false|null)(?![A-Za-z0-9_])")
_REGEX: Final = re.compile(r"/((?:[^/\\]|\\.)*)/([a-z]*)")
_COMPARISON: Final = re.compile(
    r"===|!==|==|!=|<=|>=|=~|<|>|(?:in|nin|contains|size|empty|subsetof|anyof|noneof)(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_WORDS: Final = {"true": True, "false": False, "null": None}

Function = Callable[[object], object]


class Inner:
    """A path within a filter: from the candidate (`@`) or from the top (`$`)."""

    __slots__ = ("_function", "_is_definite", "_is_rooted", "_steps")

    def __init__(self, steps: tuple[Step, ...], function: Function | None, *, is_rooted: bool) -> None:
        self._steps = steps
        self._function = function
        self._is_rooted = is_rooted
        self._is_definite = all(step.is_definite for step in steps)

    def found(self, value: object, visit: Visit) -> object:
        """What it finds."""
        values = reached(self._steps, visit.root if self._is_rooted else value, visit)
        found = next(iter(values), MISSING) if self._is_definite else list(values)
        return found if self._function is None or found is MISSING else self._function(found)


class PathParser:
    """Reads one path."""

    __slots__ = ("_scanner",)

    def __init__(self, text: str) -> None:
        self._scanner = Scanner(text, depth=_MAX_DEPTH)

    def path(self) -> tuple[tuple[Step, ...], Function | None]:
        """The whole text, as steps and what is done with their result."""
        found = self._path()
        if self._scanner.at != len(self._scanner.text):
            self._scanner.fail("the path goes on in a way that it cannot")
        return found

    def _next(self, mark: str) -> bool:
        """Go over a mark, and the blanks before it, if it comes next."""
        self._scanner.take(_SPACE)
        if not self._scanner.text.startswith(mark, self._scanner.at):
            return False
        self._scanner.at += len(mark)
        return True

    def _expect(self, mark: str) -> None:
        if not self._next(mark):
            self._scanner.fail(f"expected {mark}")

    def _path(self, *, is_inner: bool = False) -> tuple[tuple[Step, ...], Function | None]:
        scanner = self._scanner
        scanner.deeper()
        scanner.at += 1  # $ or @
        steps: list[Step] = []
        function: Function | None = None
        text = scanner.text
        while function is None and scanner.at < len(text) and len(steps) < _MOST_STEPS:
            if text.startswith("..", scanner.at):
                scanner.at += 2
                steps.append(Descend())
                if not text.startswith("[", scanner.at):
                    function = self._member(steps, is_inner=is_inner)
                    continue
            if text.startswith("[", scanner.at):
                scanner.at += 1
                steps.append(self._bracket())
            elif text.startswith(".", scanner.at):
                scanner.at += 1
                function = (
                    None if text.startswith("[", scanner.at) else self._member(steps, is_inner=is_inner)
                )
            else:
                break
        scanner.depth += 1
        return tuple(steps), function

    def _member(self, steps: list[Step], *, is_inner: bool) -> Function | None:
        """What follows a dot."""
        scanner = self._scanner
        if scanner.text.startswith("*", scanner.at):
            scanner.at += 1
            steps.append(Every())
            return None
        if found := scanner.take(_CALL):
            if found[1] not in FUNCTIONS:
                scanner.fail(f"there is no function {found[1]}()", found.start())
            return FUNCTIONS[found[1]]
        found = scanner.take(_NAME if is_inner else _LOOSE_NAME)
        if found is None:
            scanner.fail("expected a name")
        steps.append(Name(found[0].strip()))
        return None

    def _bracket(self) -> Step:
        scanner = self._scanner
        if self._next("*"):
            self._expect("]")
            return Every()
        if self._next("?"):
            self._expect("(")
            predicate = self._any()
            self._expect(")")
            self._expect("]")
            return Where(predicate)
        names: list[str] = []
        scanner.take(_SPACE)
        while found := scanner.take(_TEXT):
            names.append(_text(found))
            if not self._next(","):
                break
            scanner.take(_SPACE)
        if names:
            self._expect("]")
            is_last = scanner.at == len(scanner.text)
            return Name(names[0]) if len(names) == 1 else Names(tuple(names), is_last=is_last)
        return self._places()

    def _places(self) -> Step:
        scanner = self._scanner
        first = self._place()
        if self._next(":"):
            last = self._place()
            self._expect("]")
            return Slice(first, last)
        places = [first]
        while self._next(","):
            places.append(self._place())
        self._expect("]")
        known = tuple(place for place in places if place is not None)
        if len(known) != len(places):
            scanner.fail("expected a number, a name in quotes, *, or ?(")
        return Places(known)

    def _place(self) -> int | None:
        self._scanner.take(_SPACE)
        found = self._scanner.take(_PLACE)
        return int(found[0]) if found else None

    def _any(self) -> Predicate:
        predicates = [self._all()]
        while self._next("||"):
            predicates.append(self._all())
        return predicates[0] if len(predicates) == 1 else Conjunction(tuple(predicates), is_any=True)

    def _all(self) -> Predicate:
        predicates = [self._condition()]
        while self._next("&&"):
            predicates.append(self._condition())
        return predicates[0] if len(predicates) == 1 else Conjunction(tuple(predicates), is_any=False)

    def _condition(self) -> Predicate:
        scanner = self._scanner
        scanner.deeper()
        if self._next("!"):
            predicate: Predicate = Negation(self._condition())
        elif self._next("("):
            predicate = self._any()
            self._expect(")")
        else:
            predicate = self._comparison()
        scanner.depth += 1
        return predicate

    def _comparison(self) -> Predicate:
        left = self._operand()
        self._scanner.take(_SPACE)
        found = self._scanner.take(_COMPARISON)
        return (
            There(left) if found is None else Comparison(left, self._operand(), COMPARISONS[found[0].lower()])
        )

    def _operand(self) -> Operand:
        scanner = self._scanner
        scanner.take(_SPACE)
        if scanner.text.startswith(("@", "$"), scanner.at):
            is_rooted = scanner.text[scanner.at] == "$"
            steps, function = self._path(is_inner=True)
            return Inner(steps, function, is_rooted=is_rooted)
        if found := scanner.take(_REGEX):
            return Constant(self._regex(found))
        return Constant(self._literal())

    def _literal(self) -> object:
        scanner = self._scanner
        scanner.take(_SPACE)
        if found := scanner.take(_TEXT):
            return _text(found)
        if found := scanner.take(_NUMBER):
            return float(found[0]) if found[1] or found[2] else int(found[0])
        if found := scanner.take(_WORD):
            return _WORDS[found[0]]
        if not self._next("["):
            scanner.fail("expected a value")
        scanner.deeper()
        items: list[object] = []
        while not self._next("]"):
            items.append(self._literal())
            if not self._next(","):
                self._expect("]")
                break
        scanner.depth += 1
        return items

    def _regex(self, found: re.Match[str]) -> Expression:
        flags = "".join(flag for flag in found[2] if flag in "imsx")
        pattern = found[1].replace("\\/", "/")
        try:
            return Expression(f"(?{flags}){pattern}" if flags else pattern)
        except ExpressionInvalid as error:
            self._scanner.fail(f"the regular expression cannot be read: {error}", found.start())


def _text(found: re.Match[str]) -> str:
    single, double = found.groups()
    return _ESCAPE.sub(r"\1", double if single is None else single)
