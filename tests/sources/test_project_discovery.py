from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_discovery import DiscoverPart, name_server


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"file": ""},
        {"consul": {}},
        {"file": "a", "dns": {"srv": "b"}},
        {"dns": {}},
        {"dns": {"name": "a"}},
        {"dns": {"name": "a", "port": 80, "srv": "b"}},
        {"dns": {"srv": "b", "port": 80}},
        {"dns": {"name": "10.0.0.1", "port": 80}},
        {"dns": {"name": "metadata.google.internal", "port": 80}},
        {"dns": {"name": "a b", "port": 80}},
    ],
)
def test_a_group_asks_somebody_that_there_is(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DiscoverPart.model_validate(written)


@pytest.mark.parametrize(
    ("written", "server"),
    [
        ("10.0.0.2", ("10.0.0.2", 53)),
        ("127.0.0.1:8600", ("127.0.0.1", 8600)),
        ("169.254.169.253", ("169.254.169.253", 53)),
        ("fd00::2", ("fd00::2", 53)),
        ("[fd00::2]", ("fd00::2", 53)),
        ("[fd00::2]:5353", ("fd00::2", 5353)),
        ("ns.internal", None),
        ("ns.internal:53", None),
        ("", None),
    ],
)
def test_a_name_server_is_an_address(written: str, server: tuple[str, int] | None) -> None:
    assert name_server(written) == server
