"""Regular expressions of rules' conditions: length, dialect, and whether all readers understand the same."""

from __future__ import annotations

import re
from typing import Final

from gateline.expressions.automaton import automaton
from gateline.expressions.edges import is_anchored
from gateline.expressions.syntax import ExpressionInvalid, parse
from gateline.model import codes
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench

MAX_LENGTH: Final = 128  # of a condition's expression: load-balancers.md section 2
_COLONS_OF_SYNTAX: Final = re.compile(r"\(\?i?:|\[:\^?[a-z]+:\]")


def judge_expression(bench: Workbench, pointer: Pointer, field: str, text: str) -> None:
    """Complain about a regular expression of a condition of this field, when there is something to say."""
    if len(text) > MAX_LENGTH:
        refuse_expression(bench, pointer, text, f"it is longer than {MAX_LENGTH} characters")
        return
    if field == "host-header" and ":" in _COLONS_OF_SYNTAX.sub("", text):
        why = "it holds a ':', and the port of a host is not compared"
        refuse_expression(bench, pointer, text, why)
        return
    try:
        node = parse(text)
        automaton(text, fold=field != "path-pattern")
    except ExpressionInvalid as problem:
        refuse_expression(bench, pointer, text, str(problem))
        return
    if not is_anchored(node):
        bench.complain(
            codes.EXPRESSION_UNANCHORED,
            pointer,
            f"the regular expression '{bench.shown(pointer, text)}' is compared with the whole value",
            advice="say which is meant: '^...$' for the whole value, '.*...*' for a part of it",
        )


def refuse_expression(bench: Workbench, pointer: Pointer, text: str, why: str) -> None:
    """Complain about what is no regular expression of the dialect."""
    bench.complain(
        codes.EXPRESSION_INVALID,
        pointer,
        f"the regular expression '{bench.shown(pointer, text)}' is not taken: {why}",
        advice="it is judged by RE2, in a time that grows with the text alone"
        if why.endswith("not supported")
        else "",
    )
