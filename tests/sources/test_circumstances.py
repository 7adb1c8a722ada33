from __future__ import annotations

import pytest

from gateline.model.diagnostic import Severity
from gateline.sources.circumstances import Circumstances

E, W = Severity.ERROR, Severity.WARNING


@pytest.mark.parametrize(
    ("bare", "checking", "unresolved", "needed_to_start", "undefined_variable"),
    [
        (True, True, W, W, W),
        (True, False, E, E, E),
        (False, True, E, W, W),
        (False, False, E, E, W),
    ],
)
def test_how_bad_it_is_that_something_is_missing(
    bare: bool, checking: bool, unresolved: Severity, needed_to_start: Severity, undefined_variable: Severity
) -> None:
    circumstances = Circumstances(environ={}, checking=checking, bare=bare)
    assert circumstances.unresolved is unresolved
    assert circumstances.needed_to_start is needed_to_start
    assert circumstances.undefined_variable is undefined_variable
