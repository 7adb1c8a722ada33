"""One gateway for the many requests of these tests; each test has callers of its own, whom nobody remembers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from harness.guarded_gateway import Guarded, guarded_gateway

PROJECT: Final = Path(__file__).parent / "project"


@pytest.fixture(scope="session")
def shared_guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The gateway with its backend."""
    with guarded_gateway(PROJECT, tmp_path_factory.mktemp("guarded"), "--log-format", "json") as guarded:
        yield guarded


@pytest.fixture
def guarded(shared_guarded: Guarded) -> Guarded:
    """The gateway; nobody was called yet, and the backend has seen nothing."""
    shared_guarded.clear()
    return shared_guarded
