from __future__ import annotations

import pytest

from gateline.templates.jsonpath_parser import PathParser
from gateline.templates.jsonpath_step import Descend, Every, Name, Names, Places, Slice, Where
from gateline.templates.scanner import TemplateInvalid


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$", []),
        ("$.a.b-c d", [Name, Name]),
        ("$['a.b']['c']", [Name, Name]),
        ("$.a['b','c']", [Name, Names]),
        ("$..a", [Descend, Name]),
        ("$..[0]", [Descend, Places]),
        ("$..*", [Descend, Every]),
        ("$.*[*]", [Every, Every]),
        ("$[ 1 ][1:][:-1][0, 1]", [Places, Slice, Slice, Places]),
        ("$[?(@.a == 1 || (@.b && !@['c d'].e))]", [Where]),
        ("$.[0]", [Places]),
    ],
)
def test_paths_are_steps(path: str, steps: list[type]) -> None:
    found, function = PathParser(path).path()
    assert [type(step) for step in found] == steps
    assert function is None


def test_a_function_ends_a_path() -> None:
    steps, function = PathParser("$.a.length()").path()
    assert len(steps) == 1
    assert function is not None
    with pytest.raises(TemplateInvalid, match="goes on"):
        PathParser("$.a.length().b").path()


def test_quotes_in_names_are_escaped() -> None:
    (step,), _ = PathParser("$['it\\'s']").path()
    assert isinstance(step, Name)
