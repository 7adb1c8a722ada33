from __future__ import annotations

import pytest

from gateline.runtime.house import needs_house


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        ((), False),
        (("up",), True),
        (("up", "project", "--port", "0"), True),
        (("serve",), True),
        (("up", "--help"), False),
        (("run", "--", "gateline", "up"), False),
        (("--version",), False),
    ],
)
def test_only_what_keeps_processes_needs_a_house(arguments: tuple[str, ...], needs: bool) -> None:
    assert needs_house(arguments, {}) is needs


@pytest.mark.parametrize("name", ["GATELINE_HOUSE", "_GATELINE_COMPLETE"])
def test_below_a_house_and_while_a_shell_completes_none_is_needed(name: str) -> None:
    assert not needs_house(("up",), {name: "x"})
