"""One gateway for these tests; each test of a quota or a throttle has a key of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from harness.guarded_gateway import Guarded, guarded_gateway

PROJECT: Final = Path(__file__).parent / "project"
NAMES: Final = ("ann", "off", "eve", "bob", "kim", "joe", "sue", "tom", "uma", "vic", "max", "one")
KEYS: Final = {f"KEY_{name.upper()}": f"{name}-key-0123456789abcdef" for name in NAMES}


@pytest.fixture(scope="session")
def shared_keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The gateway with its backend."""
    with guarded_gateway(PROJECT, tmp_path_factory.mktemp("keyed"), environ=KEYS) as guarded:
        yield guarded


@pytest.fixture
def keyed(shared_keyed: Guarded) -> Guarded:
    """The gateway; the backend has seen nothing."""
    shared_keyed.clear()
    return shared_keyed
