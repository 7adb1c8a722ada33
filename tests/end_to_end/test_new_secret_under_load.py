"""A route that newly names a secret never sends a request without it, however busy the gateway is."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.gateway_process import running_gateway
from harness.recording_backend import RecordingBackend

SECRETS = 8
CLIENTS = 4

pytestmark = pytest.mark.envoy


def definition(backend_port: int, secret: int) -> dict[str, Any]:
    integration = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": f"http://127.0.0.1:{backend_port}/",
        "requestParameters": {"integration.request.header.X-Pass": f"${{S{secret}}}"},
    }
    operation = {"responses": {}, "x-amazon-apigateway-integration": integration}
    return {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": operation}}}


@contextmanager
def busy(port: int) -> Iterator[None]:
    """Clients that send requests all the while."""
    stop = threading.Event()

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while not stop.is_set():
            connection.request("GET", "/dev/a")
            connection.getresponse().read()
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_no_request_goes_without_a_secret_that_its_route_newly_names(tmp_path: Path) -> None:
    with RecordingBackend() as backend:
        document, draft, scratch = tmp_path / "api.json", tmp_path / "draft", tmp_path / "scratch"
        scratch.mkdir()
        document.write_text(json.dumps(definition(backend.port, 0)))
        secrets = {f"S{number}": {"env": f"VALUE_{number}"} for number in range(SECRETS)}
        project = {"apis": {"api": {"definition": "api.json", "stages": {"dev": {}}}}, "secrets": secrets}
        (tmp_path / "gateline.yaml").write_text(json.dumps(project))
        environ = {f"VALUE_{number}": f"value-{number}" for number in range(SECRETS)}
        seen: set[bytes] = set()
        with (
            running_gateway(tmp_path / "gateline.yaml", scratch, environ, "--watch") as gateway,
            busy(gateway.port),
        ):
            for number in range(1, SECRETS):
                draft.write_text(json.dumps(definition(backend.port, number)))
                draft.replace(document)
                value = f"value-{number}".encode()
                while value not in seen:
                    received = backend.received()
                    backend.clear()
                    assert all(request.all(b"x-pass") for request in received if not request.faults)
                    seen.update(each for request in received for each in request.all(b"x-pass"))
    assert {f"value-{number}".encode() for number in range(1, SECRETS)} <= seen
