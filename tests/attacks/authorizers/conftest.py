"""The gateway of tests/end_to_end/authorizers under attack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from harness.guarded_gateway import FUNCTION_SECRET, Guarded, guarded_gateway

PROJECT: Final = Path(__file__).parents[2] / "end_to_end" / "authorizers" / "project"


@contextmanager
def _attacked(scratch: Path, overlay: str) -> Iterator[Guarded]:
    options = ("--log-format", "json", "--overlay", str(PROJECT / overlay))
    with guarded_gateway(PROJECT, scratch, *options) as guarded:
        yield guarded
    assert FUNCTION_SECRET not in guarded.gateway.output.whole()  # A9: whatever the tests did


@pytest.fixture(scope="session")
def shared_attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with _attacked(tmp_path_factory.mktemp("strict"), "one-worker.yaml") as guarded:
        yield guarded


@pytest.fixture(scope="session")
def shared_attacked_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with _attacked(tmp_path_factory.mktemp("aws"), "paths-aws.yaml") as guarded:
        yield guarded


@pytest.fixture
def attacked(shared_attacked: Guarded) -> Guarded:
    """The gateway; nobody was called yet, and the backend has seen nothing."""
    shared_attacked.clear()
    return shared_attacked


@pytest.fixture
def attacked_aws(shared_attacked_aws: Guarded) -> Guarded:
    """The gateway with `paths: aws`."""
    shared_attacked_aws.clear()
    return shared_attacked_aws
