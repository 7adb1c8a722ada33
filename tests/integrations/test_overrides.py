"""What templates set wins: api-gateway.md section 8."""

from __future__ import annotations

import pytest

from gateline.integrations.overrides import overridden, response_overrides
from gateline.integrations.parameters import Parameters, PathValue

MAPPED = Parameters(
    headers={"x-a": ("X-A", "mapped"), "x-b": ("X-B", "mapped")},
    query={"q": ["mapped"], "r": ["mapped"]},
    path={"id": PathValue("7", is_raw=True)},
)


def test_overrides_replace_what_is_mapped_and_leave_the_rest() -> None:
    override = {
        "header": {"x-a": "set", "X-New": 1},
        "querystring": {"q": ["1", "2"]},
        "path": {"id": "8"},
        "custom": "travels",
    }
    parameters = overridden(MAPPED, {"requestOverride": override})
    assert parameters.headers == {
        "x-a": ("x-a", "set"),
        "x-b": ("X-B", "mapped"),
        "x-new": ("X-New", "1"),
    }
    assert parameters.query == {"q": ["1", "2"], "r": ["mapped"]}
    assert parameters.path == {"id": PathValue("8")}


@pytest.mark.parametrize(
    ("value", "text"),
    [(["a", "b"], "a,b"), (True, "true"), (7, "7"), ({"a": "b"}, "{a=b}"), (["a", None], "a")],
)
def test_values_are_texts_and_lists_are_joined(value: object, text: str) -> None:
    parameters = overridden(Parameters(), {"requestOverride": {"header": {"X": value}}})
    assert parameters.headers["x"] == ("X", text)


@pytest.mark.parametrize("override", [None, "text", {}, {"header": "text"}, {"header": {"x-a": None}}])
def test_what_sets_nothing_changes_nothing(override: object) -> None:
    assert overridden(MAPPED, {"requestOverride": override}) == MAPPED


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        (200, 200),
        (599, 599),
        (418, 418),
        (99, None),
        (100, None),
        (600, None),
        ("418", None),
        (True, None),
        (4.5, None),
        (None, None),
    ],
)
def test_only_a_status_of_a_response_counts(status: object, taken: int | None) -> None:
    assert response_overrides({"responseOverride": {"status": status}}).status == taken


def test_headers_of_the_response_are_set_likewise() -> None:
    found = response_overrides({"responseOverride": {"header": {"X-A": ["1", "2"]}}})
    assert found.headers == {"x-a": ("X-A", "1,2")}
    assert response_overrides({}).headers == {}
