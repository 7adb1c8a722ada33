"""How Envoy is told an expression."""

from __future__ import annotations

import pytest

from gateline.expressions.re2 import written
from gateline.expressions.syntax import parse
from gateline.expressions.tree import Edge


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("/a.b", r"/a\Cb"),
        ("[^/]{2,3}?", r"[\x00-.0-\x7f\x80-\xff]{2,3}?"),
        ("(a)|(?:b)c", "(?:(?:a)|bc)"),
        ("(?:ab){1,}", "(?:ab)+"),
        ("(?i)k[^x]", r"[Kk][\x00-WY-wy-\x7f\x80-\xff]"),
        (r"[\]\-^]\[", r"[\-\]-\^]\["),
        (r"^\ba$", r"\A\ba\z"),
        ("a{3}", "a{3}"),
    ],
)
def test_an_expression_is_told_with_the_bytes_that_it_takes(expression: str, told: str) -> None:
    assert written(parse(expression)) == told


def test_only_groups_that_are_kept_capture() -> None:
    assert written(parse("(a)(b)"), kept=frozenset({2})) == "(?:a)(b)"


def test_symbols_are_left_out_and_edges_are_written_otherwise() -> None:
    told = written(parse("^[9-;].$"), without=frozenset({58}), edges={Edge.BEGIN: "", Edge.END: "!"})
    assert told == r"[9;][\x00-9;-\x7f\x80-\xff]!"


def test_what_no_symbol_fits_never_fits() -> None:
    assert written(parse(":"), without=frozenset({58})) == r"[^\x00-\xff]"
