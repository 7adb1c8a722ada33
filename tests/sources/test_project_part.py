from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateline.sources.project_part import Part, TlsPart, misfit


class Example(Part):
    """A part of these tests."""

    number: int = 1


def test_a_key_without_a_value_is_the_same_as_no_key() -> None:
    assert Example.model_validate({"number": None}) == Example()
    assert Example.model_validate(None) == Example()


@pytest.mark.parametrize("written", [{"numbr": 1}, {"number": "1"}, [1]])
def test_parts_are_strict(written: object) -> None:
    with pytest.raises(ValidationError):
        Example.model_validate(written)


def test_what_does_not_fit_together_is_said_as_it_is_written() -> None:
    assert misfit("{port} and {socket}").message() == "{port} and {socket}"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"certificate": "a"}, "needed together"),
        ({"private_key": "a"}, "needed together"),
        ({"self_signed": True, "certificate": "a", "private_key": "b"}, "stands alone"),
    ],
)
def test_certificates_are_files_or_made(written: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TlsPart.model_validate(written)
