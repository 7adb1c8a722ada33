"""The gateway of tests/end_to_end/authorizers under attack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from harness.guarded_gateway import FUNCTION_SECRET, Guarded, guarded_gateway

PROJECT: Final = Path(__file__).parents[2] / "end_to_end" / "authorizers" / "project"


@pytest.fixture(scope="session")
def shared_attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    overlay = str(PROJECT / "one-worker.yaml")
    scratch = tmp_path_factory.mktemp("attacked")
    with guarded_gateway(PROJECT, scratch, "--log-format", "json", "--overlay", overlay) as guarded:
        yield guarded
    assert FUNCTION_SECRET not in guarded.gateway.output.whole()  # A9: whatever the tests did


@pytest.fixture
def attacked(shared_attacked: Guarded) -> Guarded:
    """The gateway; nobody was called yet, and the backend has seen nothing."""
    shared_attacked.clear()
    return shared_attacked
