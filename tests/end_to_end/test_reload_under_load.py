"""A definition is edited a hundred times while clients send requests: none of them fails, every edit arrives."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest

from harness.gateway_process import running_gateway
from harness.recording_backend import RecordingBackend

EDITS = 100
CLIENTS = 4

pytestmark = pytest.mark.envoy


def definition(backend_port: int, generation: int) -> dict[str, Any]:
    """One path that is always there, and one that only this generation has."""

    def proxied(target: str) -> dict[str, Any]:
        integration = {
            "type": "http_proxy",
            "httpMethod": "GET",
            "uri": f"http://127.0.0.1:{backend_port}{target}",
        }
        return {"get": {"responses": {}, "x-amazon-apigateway-integration": integration}}

    paths = {"/always": proxied("/always"), f"/generation-{generation}": proxied(f"/{generation}")}
    return {"swagger": "2.0", "info": {"title": "edited", "version": "1"}, "paths": paths}


class Clients:
    """Threads that ask for one path over kept connections until they are told to stop."""

    def __init__(self, port: int) -> None:
        self.answers: Counter[int | str] = Counter()
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        seen: Counter[int | str] = Counter()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._stop.is_set():
            try:
                connection.request("GET", "/dev/always")
                answer = connection.getresponse()
                answer.read()
                seen[answer.status] += 1
            except (OSError, http.client.HTTPException) as error:
                seen[type(error).__name__] += 1
                connection.close()
        connection.close()
        self.answers.update(seen)


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def is_served(port: int, path: str) -> bool:
    return status_of(port, path) == 200


def eventually(fact: Callable[[], bool]) -> bool:
    """Whether it becomes so; each look is a request, so that no time needs to be slept away."""
    return any(fact() for _ in range(20_000))


def test_a_hundred_edits_under_load_fail_no_request(tmp_path: Path) -> None:
    document, draft = tmp_path / "edited.json", tmp_path / "draft"
    with RecordingBackend() as backend:
        document.write_text(json.dumps(definition(backend.port, 0)))
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        with running_gateway(document, scratch, {}, "--watch") as gateway, Clients(gateway.port) as clients:
            for generation in range(1, EDITS + 1):
                draft.write_text(json.dumps(definition(backend.port, generation)))
                draft.replace(document)
                path = f"/dev/generation-{generation}"
                assert eventually(partial(is_served, gateway.port, path))
                backend.clear()
            gone = status_of(gateway.port, f"/dev/generation-{EDITS - 1}")
    assert gone == 403
    assert set(clients.answers) == {200}, clients.answers
    assert clients.answers[200] > EDITS
