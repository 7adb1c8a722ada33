"""An injected secret stands in SDS only (docs/decisions/0002-secret-outside-rds.md).

Nothing that Envoy tells shows it. That a rotation is seen without a failed request is shown with the control
plane, in tests/control.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final

import pytest

from compile.gateways import api, compiled, gateway, http_proxy, mapping, method
from gateline.compile.resources import SECRET
from gateline.model.gateway import Gateway
from gateline.model.integration import LiteralSource
from gateline.model.secret import SecretRef
from harness.recording_backend import RecordingBackend
from proofs.running_envoy import RunningEnvoy, bootstrap_of, running_envoy

VALUE: Final = b"PASSTHROUGH"  # what compile.gateways.keyring gives the secret `passthrough`
FORMS: Final = [VALUE.decode(), *(base64.b64encode(b"x" * skip + VALUE).decode()[4:-4] for skip in range(3))]
"""The value as text, and inside base64 at each of the three alignments."""

ADMIN_PATHS: Final = (
    "/config_dump",
    "/config_dump?include_eds",
    "/config_dump?resource=static_listeners",
    "/certs",
    "/clusters?format=json",
    "/contention",
    "/help",
    "/init_dump",
    "/listeners?format=json",
    "/memory",
    "/runtime",
    "/server_info",
    "/stats",
    "/stats/prometheus",
)


def project() -> Gateway:
    """A method with the secret, one with it inside a text, and one without."""
    ref = SecretRef("passthrough")
    return gateway(
        api(
            method(
                "GET", "/with", http_proxy("http://b.test/", mapping("header.X-Pass", LiteralSource((ref,))))
            ),
            method(
                "GET",
                "/inside",
                http_proxy("http://b.test/", mapping("header.X-Pass", LiteralSource(("a 1% ", ref, " z")))),
            ),
            method("GET", "/without"),
        ),
        secrets=("passthrough",),
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


def sent(envoy: RunningEnvoy, backend: RecordingBackend, path: str, *lines: bytes) -> list[bytes]:
    """The values of the secret's header that the backend gets."""
    backend.clear()
    assert envoy.get(path, *lines).status == 200
    [received] = backend.received()
    return received.all(b"x-pass")


@pytest.mark.envoy
def test_the_backend_gets_the_secret_where_it_is_mapped_and_only_there(
    envoy: RunningEnvoy, backend: RecordingBackend
) -> None:
    assert sent(envoy, backend, "/dev/with") == [VALUE]
    assert sent(envoy, backend, "/dev/inside") == [b"a 1% " + VALUE + b" z"]
    assert sent(envoy, backend, "/dev/without") == []


@pytest.mark.envoy
def test_a_clients_copy_never_arrives(envoy: RunningEnvoy, backend: RecordingBackend) -> None:
    forged = (b"X-Pass: forged", b"x-pass: twice", b"Connection: close, x-pass", b"X_Pass: alias")
    assert sent(envoy, backend, "/dev/with", *forged) == [VALUE]
    assert sent(envoy, backend, "/dev/without", *forged) == []
    [received] = backend.received()
    assert b"forged" not in received.raw
    assert b"alias" not in received.raw


@pytest.mark.envoy
@pytest.mark.parametrize("path", ADMIN_PATHS)
def test_the_admin_interface_never_shows_the_value(envoy: RunningEnvoy, path: str) -> None:
    assert envoy.get("/dev/with").status == 200  # it is live
    shown = envoy.admin(path)
    assert shown
    assert not [form for form in FORMS if form in shown]


@pytest.mark.envoy
def test_the_config_dump_names_the_secret_and_redacts_it(envoy: RunningEnvoy) -> None:
    shown = envoy.admin("/config_dump")
    assert "%SECRET(secret/passthrough)%" in shown
    assert base64.b64encode(b"[redacted]").decode() in shown


def test_only_the_secret_resource_holds_the_value() -> None:
    resources = compiled(project())
    for type_url, messages in resources.by_type.items():
        for name, message in messages.items():
            holds = VALUE in message.SerializeToString()
            assert holds == (type_url == SECRET and name == "secret/passthrough"), name
