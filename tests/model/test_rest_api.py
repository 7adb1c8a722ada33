"""Path templates know their parameters."""

from __future__ import annotations

import pytest

from compile.gateways import template


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("/", ()),
        ("/orders", ()),
        ("/orders/{id}", ("id",)),
        ("/{tenant}/orders/{id}/{rest+}", ("tenant", "id", "rest")),
    ],
)
def test_parameters_are_named_in_order(text: str, names: tuple[str, ...]) -> None:
    assert template(text).parameters == names
