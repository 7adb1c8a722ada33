"""What tests of sources share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.fake_aws import fake_aws


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The URL of AWS services by moto."""
    with fake_aws() as url:
        yield url
