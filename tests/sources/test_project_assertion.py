from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_assertion import AssertionPart, AssertionsPart

Json = dict[str, Any]


def test_an_audience_is_enough() -> None:
    part = AssertionPart.model_validate({"audience": "orders"})
    assert (part.header, part.bind, part.integrations) == ("X-Gateline-Assertion", "caller", "private")
    keys = AssertionsPart.model_validate({})
    assert (keys.rotate_every_seconds, keys.jwks_path) == (604800, "")


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"audience": ""},
        {"audience": "two words"},
        {"audience": "é"},
        {"audience": "a", "header": "Authorization"},
        {"audience": "a", "header": "X-"},
        {"audience": "a", "header": "X_Gateline"},
        {"audience": "a", "header": "X-A--B"},
        {"audience": "a", "header": "X-A\r\nX-B"},
        {"audience": "a", "bind": "nothing"},
        {"audience": "a", "integrations": "public"},
        {"audience": "a", "lifetime": 10},
    ],
)
def test_other_assertions_are_not_taken(written: Json) -> None:
    with pytest.raises(ValidationError):
        AssertionPart.model_validate(written)


@pytest.mark.parametrize(
    "written",
    [
        {"rotate_every_seconds": 1},
        {"rotate_every_seconds": True},
        {"jwks_path": "/jwks.json"},
        {"jwks_path": "/.well-known/"},
        {"jwks_path": "/.well-known/../admin"},
        {"jwks_path": "/.well-known/a/b"},
        {"jwks_path": "/.well-known/a?b"},
    ],
)
def test_other_keys_are_not_taken(written: Json) -> None:
    with pytest.raises(ValidationError):
        AssertionsPart.model_validate(written)
