"""Scoped routes (docs/decisions/0004-scoped-routes.md): a scope per API stage, chosen by the script alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from compile.gateways import DEV, ORIGIN, api, compiled, gateway, http_proxy, method
from gateline.compile.resources import SCOPED_ROUTE, Resources
from gateline.dataplane import keys
from gateline.model.gateway import Gateway
from gateline.model.rest_api import Stage
from harness.recording_backend import RecordingBackend
from proofs.running_envoy import RunningEnvoy, bootstrap_of, running_envoy

PROD = Stage(name="prod", origin=ORIGIN)


def project(uri: str = "http://b.test/orders") -> Gateway:
    """Two APIs, one of them with two stages."""
    return gateway(
        api(method("GET", "/a", http_proxy(uri)), stages=(DEV, PROD)),
        api(method("GET", "/a", http_proxy("http://b.test/users")), name="users"),
        port=0,
    )


@pytest.fixture(scope="module")
def backend() -> Iterator[RecordingBackend]:
    with RecordingBackend() as recording:
        yield recording


@pytest.fixture(scope="module")
def envoy(backend: RecordingBackend) -> Iterator[RunningEnvoy]:
    with running_envoy(bootstrap_of(project(), backend.port)) as running:
        yield running


def reached(envoy: RunningEnvoy, backend: RecordingBackend, path: str, *lines: bytes, host: bytes) -> bytes:
    """The path that the backend is asked for."""
    backend.clear()
    assert envoy.get(path, *lines, host=host).status == 200
    [received] = backend.received()
    return received.target


@pytest.mark.envoy
@pytest.mark.parametrize(
    ("host", "path", "target"),
    [
        (b"localhost", "/dev/a", b"/orders"),
        (b"localhost", "/prod/a", b"/orders"),
        (b"ORDERS.localhost:8080", "/dev/a", b"/orders"),
        (b"users.localhost", "/dev/a", b"/users"),
        (b"localhost", "/restapis/users/dev/_user_request_/a", b"/users"),
    ],
)
def test_host_and_path_choose_the_scope(
    envoy: RunningEnvoy, backend: RecordingBackend, host: bytes, path: str, target: bytes
) -> None:
    assert reached(envoy, backend, path, host=host) == target


@pytest.mark.envoy
@pytest.mark.parametrize(
    "name", [keys.SCOPE_HEADER, keys.SCOPE_HEADER.upper(), "x_gl_scope", "x.gl.scope", "x-gl-scope-2"]
)
def test_a_client_cannot_choose_a_scope_and_the_backend_sees_none(
    envoy: RunningEnvoy, backend: RecordingBackend, name: str
) -> None:
    line = f"{name}: users/dev".encode()
    assert reached(envoy, backend, "/dev/a", line, host=b"orders.localhost") == b"/orders"
    [received] = backend.received()
    assert b"users/dev" not in received.raw
    assert keys.SCOPE_HEADER.encode() not in received.raw.lower()


@pytest.mark.envoy
def test_what_has_no_scope_is_forbidden(envoy: RunningEnvoy, backend: RecordingBackend) -> None:
    backend.clear()
    for host, path in (
        (b"nobody.localhost", "/dev/a"),
        (b"localhost", "/none/a"),
        (b"users.localhost", "/prod/a"),
    ):
        answer = envoy.get(path, host=host)
        assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')
        assert answer.one(b"x-amzn-errortype") == b"ForbiddenException"
        assert answer.one(b"x-amzn-requestid")
    assert backend.received() == []


def changed(before: Resources, after: Resources) -> set[str]:
    """The scopes that two versions do not have in common."""
    old, new = (version.by_type[SCOPED_ROUTE] for version in (before, after))
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


def test_a_changed_api_changes_its_own_scopes_and_the_entry_only() -> None:
    assert changed(compiled(project()), compiled(project("http://b.test/changed"))) == {
        keys.ENTRY_SCOPE,
        "orders/dev",
        "orders/prod",
    }


def test_equal_projects_are_equal_byte_for_byte() -> None:
    assert changed(compiled(project()), compiled(project())) == set()


def test_the_entry_scope_stays_small_however_many_routes_there_are() -> None:
    """It is sent anew with every change, so no route may stand in it."""
    few = compiled(gateway(api(method("GET", "/a"))))
    many = compiled(gateway(api(*(method("GET", f"/r{number}") for number in range(500)))))
    sizes = [version.by_type[SCOPED_ROUTE][keys.ENTRY_SCOPE].ByteSize() for version in (few, many)]
    assert sizes[0] == sizes[1]
