from __future__ import annotations

import pytest

from gateline.templates.equality import equal, is_true
from gateline.templates.json_text import JsonNumber
from templates.rendered import meter


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (None, "", True),
        (None, None, True),
        ([], None, False),
        ([], "", False),
        ("1", 1, True),
        (1, 1.0, True),
        (JsonNumber("1e0"), 1, True),
        (True, "true", True),
        (True, 1, False),
        ([1, {"a": None}], [1, {"a": None}], True),
        ({"a": 1}, {"a": 2}, False),
        ("a", "A", False),
    ],
)
@pytest.mark.parametrize("tangled", [False, True])
def test_what_is_the_same(left: object, right: object, same: bool, tangled: bool) -> None:
    measured = meter()
    measured.tangled = tangled
    assert equal(left, right, measured) is same
    assert equal(right, left, measured) is same


def test_only_false_is_false() -> None:
    assert [is_true(value) for value in (False, True, None, "", 0, "[]", "false")] == [False, *[True] * 6]
