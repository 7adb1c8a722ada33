from __future__ import annotations

import pytest
import typer

from gateline.cli.parameters import allowed_codes
from gateline.model import codes
from gateline.model.diagnostic import Code

ALLOWABLE = sorted(code.name for code in vars(codes).values() if isinstance(code, Code) and code.allowable)


def test_allowable_diagnostics_may_be_named_in_any_way_that_is_clear() -> None:
    assert allowed_codes(None) == frozenset()
    first, second = ALLOWABLE[:2]
    assert allowed_codes([first.lower(), f"{first},{second}"]) == {first, second}


def test_a_diagnostic_that_does_not_exist_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match="there is no diagnostic GL999"):
        allowed_codes(["GL999"])


def test_diagnostics_about_authorization_are_never_let_pass() -> None:
    authorization = [
        code for code in vars(codes).values() if isinstance(code, Code) and code.name[:3] == "GL5"
    ]
    assert authorization != []
    for code in authorization:
        with pytest.raises(typer.BadParameter, match="cannot be allowed"):
            allowed_codes([code.name])
