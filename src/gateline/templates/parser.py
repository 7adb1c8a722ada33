"""Reads templates: Velocity 1.7's grammar and its rules for white space (`Parser.jjt` of its sources).

What follows from them: a directive's closing parenthesis, `#else` and `#end` take the blanks and the line end behind
them; `#set` also takes the blanks before it, but only where a token begins, behind another directive for instance; a
comment `##` takes its line end. A backslash only matters before a reference or a directive.
"""

from __future__ import annotations

import re
from typing import Final

from gateline.templates.directive import Block, Break, Define, Foreach, If, MacroCall, Set, Stop, Text, texts
from gateline.templates.frame import Macro, Part, Term
from gateline.templates.scanner import Scanner, TemplateInvalid
from gateline.templates.term_parser import REFERENCE, TermParser

_MAX_DEPTH: Final = 40
_SET: Final = re.compile(r"[ \t]*#(?:set|\{set\})[ \t]*\(")
_TEXT: Final = re.compile(r"[^$#\\]+")
_BACKSLASHES: Final = re.compile(r"\\+")
_DIRECTIVE: Final = re.compile(r"#(?:\{([A-Za-z_@][A-Za-z0-9_@]*)\}|([A-Za-z_@][A-Za-z0-9_@]*))")
_COMMENT: Final = re.compile(r"##[^\r\n]*(?:\r\n|\n|\r)?")
_END_OF_LINE: Final = re.compile(r"[ \t]*(?:\r\n|\n|\r)")
_OPENER: Final = re.compile(r"[ \t\r\n]*\(")
_NAME: Final = re.compile(r"[ \t\r\n]*([A-Za-z_@][A-Za-z0-9_@]*)")
_IN: Final = re.compile(r"[ \t\r\n]*in(?![A-Za-z0-9_])")
_COMMA: Final = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*")

_ENDS: Final = frozenset({"end", "else", "elseif"})
_REFUSED: Final = frozenset({"include", "parse"})
DIRECTIVES: Final = (
    _ENDS | _REFUSED | {"if", "set", "foreach", "define", "macro", "stop", "break", "evaluate"}
)
"""Every directive that is one without a macro of its name."""


class Parser:
    """Reads one template, or a text in double quotes within one (`is_inner`)."""

    __slots__ = ("_is_inner", "_macros", "_scanner", "_terms")

    def __init__(
        self, text: str, *, macros: dict[str, Macro], depth: int = _MAX_DEPTH, is_inner: bool = False
    ) -> None:
        self._scanner = Scanner(text, depth=depth)
        self._terms = TermParser(self._scanner, self._interpolated)
        self._macros = macros
        self._is_inner = is_inner

    def template(self) -> Block:
        """The whole text.

        Raises:
            TemplateInvalid: it is no template.

        """
        block, word = self._block()
        if word:
            self._scanner.fail(f"#{word} without a directive that it belongs to")
        return block

    def _interpolated(self, text: str) -> Part | str:
        scanner = self._scanner
        inner = Parser(text, macros=self._macros, depth=scanner.depth - 1, is_inner=True)
        try:
            block = inner.template()
        except TemplateInvalid as error:
            scanner.fail(f"in the text in double quotes that ends here: {error}")
        constant = constant_of(block)
        return block if constant is None else constant

    def _block(self) -> tuple[Block, str]:
        """Parts up to the end, or to an `#end`, `#else` or `#elseif`, whose name comes with them."""
        scanner = self._scanner
        scanner.deeper()
        parts: list[Part] = []
        word = ""
        end = len(scanner.text)
        while scanner.at < end:
            if scanner.take(_SET):
                parts.append(self._set())
                continue
            if found := scanner.take(_TEXT):
                parts.append(Text(found[0]))
                continue
            character = scanner.text[scanner.at]
            if character == "\\":
                self._escape(parts)
            elif character == "$":
                parts.append(self._dollar())
            else:
                word = self._hash(parts)
                if word:
                    break
        scanner.depth += 1
        return Block(tuple(texts(parts))), word

    def _dollar(self) -> Part:
        scanner = self._scanner
        if REFERENCE.match(scanner.text, scanner.at):
            return self._terms.reference()
        return self._lonely("$")

    def _lonely(self, character: str) -> Part:
        """A `$` or `#` that begins nothing; at the very end Velocity's lexer stumbles over it [R]."""
        scanner = self._scanner
        scanner.at += 1
        if scanner.at == len(scanner.text) and not self._is_inner:
            scanner.fail(f"{character} at the end of a template", scanner.at - 1)
        return Text(character)

    def _escape(self, parts: list[Part]) -> None:
        r"""Backslashes: before what they could escape two stand for one; an odd one keeps it from being read."""
        scanner = self._scanner
        found = scanner.take(_BACKSLASHES)
        backslashes = found[0] if found else ""
        half, odd = divmod(len(backslashes), 2)
        begin = scanner.at
        if REFERENCE.match(scanner.text, begin):
            reference = self._terms.reference()
            parts.append(Text("\\" * half + (scanner.text[begin : scanner.at] if odd else "")))
            if not odd:
                parts.append(reference)
            return
        directive = _DIRECTIVE.match(scanner.text, begin)
        word = (directive[1] or directive[2]) if directive else ""
        if directive is None or not (word in DIRECTIVES or word in self._macros):
            parts.append(Text(backslashes))
            return
        if odd:
            scanner.at = directive.end()
        parts.append(Text("\\" * half + (directive[0] if odd else "")))

    def _hash(self, parts: list[Part]) -> str:
        """What begins with `#`; the name of an `#end` and its like."""
        scanner = self._scanner
        if scanner.take(_COMMENT):
            return ""
        if scanner.text.startswith("#*", scanner.at):
            self._until("*#")
            return ""
        if scanner.text.startswith("#[[", scanner.at):
            parts.append(Text(self._until("]]#")))
            return ""
        begin = scanner.at
        found = scanner.take(_DIRECTIVE)
        if found is None:
            parts.append(self._lonely("#"))
            return ""
        word = found[1] or found[2]
        if word in _ENDS:
            if word != "elseif":
                scanner.take(_END_OF_LINE)
            return word
        parts.append(self._directive(word, begin))
        return ""

    def _until(self, closer: str) -> str:
        scanner = self._scanner
        end = scanner.text.find(closer, scanner.at + 2)
        if end < 0:
            scanner.fail(f"{closer} is missing")
        inner = scanner.text[scanner.at + 3 : end]
        scanner.at = end + len(closer)
        return inner

    def _directive(self, word: str, begin: int) -> Part:
        if word == "set":
            self._scanner.fail("expected ( after #set")
        if word in _REFUSED:
            self._scanner.fail(f"#{word} is not part of mapping templates", begin)
        match word:
            case "if":
                return self._if(begin)
            case "foreach":
                return self._foreach(begin)
            case "define":
                return self._define(begin)
            case "macro":
                return self._macro(begin)
            case "stop":
                return Stop()
            case "break":
                return Break()
            case _:
                return self._call(word, begin)

    def _open(self, word: str) -> None:
        if not self._scanner.take(_OPENER):
            self._scanner.fail(f"expected ( after #{word}")

    def _close(self) -> None:
        """A directive's closing parenthesis, with the rest of a line that is empty."""
        self._terms.expect(")")
        self._scanner.take(_END_OF_LINE)

    def _set(self) -> Part:
        self._terms.space()
        target = self._terms.reference()
        self._terms.expect("=")
        term = self._terms.expression()
        self._close()
        return Set(target, term)

    def _if(self, begin: int) -> Part:
        branches: list[tuple[Term, Part]] = []
        word = "elseif"
        while word == "elseif":
            self._open("if")
            condition = self._terms.expression()
            self._close()
            block, word = self._block()
            branches.append((condition, block))
        otherwise: Part | None = None
        if word == "else":
            otherwise, word = self._block()
        if word != "end":
            self._scanner.fail("this #if has no #end" if not word else f"#{word} after #else", begin)
        return If(tuple(branches), otherwise)

    def _body(self, word: str, begin: int) -> Block:
        block, end = self._block()
        if end != "end":
            self._scanner.fail(f"this #{word} has no #end" if not end else f"#{end} in #{word}", begin)
        return block

    def _variable(self) -> str:
        self._terms.space()
        found = self._scanner.take(REFERENCE)
        if found is None or (found[1] and not self._terms.mark("}")):
            self._scanner.fail("expected the name of a variable")
        return found[2]

    def _foreach(self, begin: int) -> Part:
        self._open("foreach")
        name = self._variable()
        if not self._scanner.take(_IN):
            self._scanner.fail("expected in")
        term = self._terms.expression()
        self._close()
        return Foreach(name, term, self._body("foreach", begin))

    def _define(self, begin: int) -> Part:
        self._open("define")
        name = self._variable()
        self._close()
        return Define(name, self._body("define", begin))

    def _macro(self, begin: int) -> Part:
        self._open("macro")
        found = self._scanner.take(_NAME)
        if found is None or found[1] in DIRECTIVES:
            self._scanner.fail("expected the name of a macro")
        parameters: list[str] = []
        self._scanner.take(_COMMA)
        while not self._terms.mark(")"):
            parameters.append(self._variable())
            self._scanner.take(_COMMA)
        self._scanner.take(_END_OF_LINE)
        self._macros.setdefault(found[1], Macro(tuple(parameters), self._body("macro", begin)))
        return Text("")

    def _call(self, word: str, begin: int) -> Part:
        """`#name(...)`: a macro, perhaps one that comes later; else text, which may be anything."""
        scanner = self._scanner
        behind = scanner.at
        if not scanner.take(_OPENER):
            return MacroCall(word, (), scanner.text[begin:behind])
        arguments: list[Term] = []
        self._terms.space()
        depth = scanner.depth
        scanner.is_guess = True
        try:
            while term := (self._terms.primary() or self._bare_word()):
                arguments.append(term)
                scanner.take(_COMMA)
            self._close()
        except TemplateInvalid:
            scanner.at, scanner.depth = behind, depth
            return Text(scanner.text[begin:behind])
        finally:
            scanner.is_guess = False
        return MacroCall(word, tuple(arguments), scanner.text[begin : scanner.at])

    def _bare_word(self) -> Term | None:
        found = self._scanner.take(_NAME)
        return None if found is None else _Word()


class _Word:
    """A word among the arguments of what is no macro."""

    __slots__ = ()

    def value(self, frame: object) -> object:  # noqa: ARG002 - the protocol
        """Nothing."""
        return None


def constant_of(block: Block) -> str | None:
    """The text of a block that is nothing but text."""
    if not block.parts:
        return ""
    first = block.parts[0]
    return first.text if len(block.parts) == 1 and isinstance(first, Text) else None
