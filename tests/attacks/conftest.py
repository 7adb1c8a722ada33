"""The gateways under attack: one with the defaults for nearly all tests, and one for each other setting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from attacks.front import GW_SECRET, PASSTHROUGH_SECRET, Front
from attacks.public import PUBLIC_PROJECT, PublicFront, public_front
from harness.gateway_process import running_gateway
from harness.recording_backend import RecordingBackend

PROJECT: Final = Path(__file__).parent / "project"


@pytest.fixture(scope="session")
def backend() -> Iterator[RecordingBackend]:
    with RecordingBackend() as backend:
        yield backend


@contextmanager
def _front(backend: RecordingBackend, scratch: Path, *options: str) -> Iterator[Front]:
    environ = {
        "BACKEND": f"127.0.0.1:{backend.port}",
        "GW_SECRET": GW_SECRET,
        "PASSTHROUGH_SECRET": PASSTHROUGH_SECRET,
    }
    with running_gateway(PROJECT, scratch, environ, "--log-format", "json", *options) as gateway:
        yield Front(gateway, backend)
    for secret in (GW_SECRET, PASSTHROUGH_SECRET):  # A9: whatever the tests did, nobody told
        assert secret not in gateway.output.whole()


@pytest.fixture(scope="session")
def shared_front(backend: RecordingBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with _front(backend, tmp_path_factory.mktemp("strict")) as front:
        yield front


@pytest.fixture(scope="session")
def shared_aws_front(backend: RecordingBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    overlay = str(PROJECT / "paths-aws.yaml")
    with _front(backend, tmp_path_factory.mktemp("aws"), "--overlay", overlay) as front:
        yield front


@pytest.fixture(scope="session")
def shared_front_behind_proxy(
    backend: RecordingBackend, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    overlay = str(PROJECT / "one-trusted-hop.yaml")
    with _front(backend, tmp_path_factory.mktemp("hop"), "--overlay", overlay) as front:
        yield front


@pytest.fixture
def front(shared_front: Front) -> Front:
    """The gateway with its defaults (`paths: strict`), its backend having seen nothing."""
    shared_front.backend.clear()
    return shared_front


@pytest.fixture
def aws_front(shared_aws_front: Front) -> Front:
    """The gateway with `paths: aws`."""
    shared_aws_front.backend.clear()
    return shared_aws_front


@pytest.fixture
def front_behind_proxy(shared_front_behind_proxy: Front) -> Front:
    """The gateway with `trusted_hops: 1`."""
    shared_front_behind_proxy.backend.clear()
    return shared_front_behind_proxy


@pytest.fixture(scope="session")
def shared_public(
    backend: RecordingBackend, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PublicFront]:
    with public_front(backend, tmp_path_factory.mktemp("public")) as front:
        yield front


@pytest.fixture(scope="session")
def shared_lenient_public(
    backend: RecordingBackend, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PublicFront]:
    overlay = str(PUBLIC_PROJECT / "paths-aws.yaml")
    with public_front(backend, tmp_path_factory.mktemp("lenient"), "--overlay", overlay) as front:
        yield front


@pytest.fixture
def public(shared_public: PublicFront) -> PublicFront:
    """The balancer with the defaults, its backend having seen nothing."""
    shared_public.backend.clear()
    return shared_public


@pytest.fixture
def lenient_public(shared_lenient_public: PublicFront) -> PublicFront:
    """The balancer with `paths: aws`."""
    shared_lenient_public.backend.clear()
    return shared_lenient_public
