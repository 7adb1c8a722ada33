from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_secret import SecretPart


@pytest.mark.parametrize(
    "written",
    [
        {"generate": True},
        {"env": "TOKEN"},
        {"file": "token.txt"},
        {"generate": True, "rotate_every_seconds": 1, "accepted_by": "guard"},
        {"generate": True, "rotate_every_seconds": 31_536_000, "accepted_by": "restart"},
        {"generate": True, "probe": {"path": "/accepts?as=gateway"}},
    ],
)
def test_a_secret_has_one_source_and_one_way_to_see_who_accepts_it(written: dict[str, Any]) -> None:
    SecretPart.model_validate(written)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({}, "exactly one of env, file, value_from and generate"),
        ({"env": "TOKEN", "generate": True}, "exactly one of"),
        ({"generate": True, "accepted_by": "guard", "probe": {"path": "/"}}, "one of them is enough"),
        ({"generate": True, "accepted_by": "hope"}, "'guard' or 'restart'"),
        ({"generate": True, "rotate_every_seconds": 0}, "greater than or equal to 1"),
        ({"generate": True, "rotate_every_seconds": 31_536_001}, "less than or equal to"),
        ({"generate": True, "probe": {}}, "Field required"),
        ({"generate": True, "probe": {"path": "accepts"}}, "a path that begins with /"),
        ({"generate": True, "probe": {"path": "/a b"}}, "a path that begins with /"),
        ({"generate": True, "probe": {"path": "/a\r\nX: y"}}, "a path that begins with /"),
    ],
)
def test_what_does_not_fit_is_refused(written: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SecretPart.model_validate(written)
