"""Diagnostic codes are permanent, so none may be used twice, hidden by another, or sit in a wrong series."""

from __future__ import annotations

import ast
import inspect
import re

from gateline.model import codes
from gateline.model.diagnostic import Code, Severity


def assigned() -> list[str]:
    """The names that model/codes.py assigns, one for each assignment in its text."""
    return [
        target.id
        for node in ast.parse(inspect.getsource(codes)).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]


def declared() -> dict[str, Code]:
    """The codes by their Python names."""
    return {name: code for name, code in vars(codes).items() if isinstance(code, Code)}


def test_no_name_is_assigned_twice() -> None:
    names = assigned()
    assert len(names) == len(set(names)), sorted({name for name in names if names.count(name) > 1})
    assert set(names) == set(declared())


def test_no_number_is_used_twice() -> None:
    numbers = [code.name for code in declared().values()]
    assert len(numbers) == len(set(numbers)), sorted({n for n in numbers if numbers.count(n) > 1})


def test_numbers_are_of_a_series_that_exists() -> None:
    for code in declared().values():
        assert re.fullmatch(r"GL[1-7]\d\d", code.name), code.name


def test_the_fourth_series_may_be_allowed_and_what_amazon_imports_though_it_fails() -> None:
    """DESIGN D10: what is not supported may be let pass; what concerns authorization never."""
    allowable = {code.name for code in declared().values() if code.allowable}
    fourth = {code.name for code in declared().values() if code.name.startswith("GL4")}
    assert allowable == fourth | {codes.TEMPLATE_INVALID.name}


def test_what_may_be_allowed_is_an_error_at_first() -> None:
    assert all(code.severity is Severity.ERROR for code in declared().values() if code.allowable)


def test_a_title_is_a_phrase() -> None:
    for code in declared().values():
        assert code.title
        assert not code.title.endswith(".")
