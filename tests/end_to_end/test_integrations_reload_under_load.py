"""Integrations change their kind, templates, validators and keys while requests run.

None fails, and none is judged by one configuration and served by another: what a backend gets says which generation
judged it, mapped it and sent it.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from end_to_end.test_reload_under_load import eventually, is_served
from harness.busy_callers import BusyCallers
from harness.gateway_process import running_gateway
from harness.guarded_gateway import request_bytes
from harness.recording_backend import Received, RecordingBackend

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("reload")]

Json = dict[str, Any]
ROUNDS: Final = 2
GOOD: Final = b'{"name": "Rex"}'
BAD: Final = b'{"name": 7}'
MODEL: Final = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
CONSTANT: Final = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200"}},
}
HOSTED_MOCK: Final = {
    **CONSTANT,
    "requestTemplates": {"application/json": '#set($context.seen = $input.json("$"))\n{"statusCode": 200}'},
}


def sends(kind: str, generation: int, backend: int, word: str) -> Json:
    """An integration that tells its backend in three places which generation it is of."""
    to = {
        "type": kind,
        "httpMethod": "POST",
        "uri": f"http://127.0.0.1:{backend}/{generation}/{word}",
        "requestParameters": {"integration.request.header.X-Generation": f"'{generation}'"},
    }
    if kind == "http_proxy":
        return to
    template = f'{{"generation": {generation}, "body": $input.json("$")}}'
    return {
        **to,
        "requestTemplates": {"application/json": template},
        "responses": {"default": {"statusCode": "200"}},
    }


STEPS: Final = (
    ("mock", False),
    ("http_proxy", True),
    ("http", True),
    ("http", False),
    ("hosted mock", False),
    ("http", True),
    ("http_proxy", False),
    ("http", False),
)
"""Kinds of the integration, each with whether bodies are judged."""


def definition(generation: int, backend: int) -> Json:
    """`/pets` as this generation has it; `/closed` asks for a key whenever something stands behind it."""
    kind, judged = STEPS[generation % len(STEPS)]
    word = "judged" if judged else "open"
    integration = {"mock": CONSTANT, "hosted mock": HOSTED_MOCK}.get(kind) or sends(
        kind, generation, backend, word
    )
    pets: Json = {
        "parameters": [
            {"in": "body", "name": "Pet", "required": True, "schema": {"$ref": "#/definitions/Pet"}}
        ],
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": integration,
    }
    if judged:
        pets["x-amazon-apigateway-request-validator"] = "body"
    closed: Json = {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": HOSTED_MOCK,
    }
    if generation % 2:
        closed["x-amazon-apigateway-integration"] = sends("http", generation, backend, "closed")
        closed["security"] = [{"key": []}]
    document: Json = {
        "swagger": "2.0",
        "info": {"title": "edited", "version": "1"},
        "definitions": {"Pet": MODEL},
        "securityDefinitions": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        "x-amazon-apigateway-request-validators": {
            "body": {"validateRequestBody": True, "validateRequestParameters": False}
        },
        "paths": {
            "/pets": {"post": pets},
            "/closed": {"post": closed},
            f"/generation-{generation}": {"get": {"x-amazon-apigateway-integration": CONSTANT}},
        },
    }
    if generation % 3 == 1:
        document["x-amazon-apigateway-minimum-compression-size"] = 0
    if generation % 3 == 2:
        document["x-amazon-apigateway-gateway-responses"] = {
            "BAD_REQUEST_BODY": {
                "responseTemplates": {"application/json": '{"why": $context.error.messageString}'}
            }
        }
    return document


def project(generation: int) -> Json:
    """The project of a generation: some throttle."""
    stage: Json = {}
    if generation % 4 == 3:
        stage["method_settings"] = {"*/*": {"throttle": {"rate_limit": 100000, "burst_limit": 100000}}}
    return {
        "name": "edited",
        "gateway": {"workers": 2, "default_api": "edited"},
        "apis": {"edited": {"definition": "edited.json", "stages": {"dev": stage}}},
        "usage_plans": {
            "plan": {"stages": ["edited/dev"], "keys": [{"name": "ann", "value": {"env": "KEY_ANN"}}]}
        },
    }


def put(folder: Path, name: str, content: Json) -> None:
    """Write a file and move it in place whole."""
    draft = folder / f"{name}~"
    draft.write_text(json.dumps(content))
    draft.replace(folder / name)


def assert_of_one_generation(received: Received) -> None:
    """The uri, the header and the body that a backend got were of one configuration, and it took the body."""
    _, generation, word = received.target.split(b"/")
    assert word != b"closed", "nobody brings a key"
    assert received.all(b"x-generation") == [generation], received.raw
    assert received.all(b"host") == [received.all(b"host")[0]]
    body = json.loads(received.body)
    if "generation" in body:
        assert body["generation"] == int(generation), received.raw
        body = body["body"]
    assert word == b"open" or body == json.loads(GOOD), received.raw


def posted(path: bytes, body: bytes) -> bytes:
    """A request with a JSON body."""
    return request_bytes(b"POST", path, [b"Content-Type: application/json"], body=body)


def test_integrations_change_under_load_and_no_request_is_of_two_configurations(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "project", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    with RecordingBackend() as backend:
        put(folder, "edited.json", definition(0, backend.port))
        put(folder, "gateline.yaml", project(0))
        environ = {"KEY_ANN": "a-key-of-at-least-twenty-letters"}
        with running_gateway(folder, scratch, environ, "--watch") as gateway:
            with (
                BusyCallers(gateway.port, posted(b"/dev/pets", GOOD), count=3) as good,
                BusyCallers(gateway.port, posted(b"/dev/pets", BAD)) as bad,
                BusyCallers(gateway.port, posted(b"/dev/closed", GOOD)) as closed,
            ):
                for generation in range(1, ROUNDS * len(STEPS) + 1):
                    put(folder, "gateline.yaml", project(generation))
                    put(folder, "edited.json", definition(generation, backend.port))
                    assert eventually(partial(is_served, gateway.port, f"/dev/generation-{generation}"))
                    good.go_on_for(20)
                    closed.go_on_for(10)
            told = gateway.output.text
        received = backend.received()
    print(good.answers, bad.answers, closed.answers, len(received))
    assert set(good.answers) == {200}, (good.answers, told)
    assert set(bad.answers) == {200, 400}, (bad.answers, told)
    assert set(closed.answers) == {200, 403}, (closed.answers, told)
    for each in received:
        assert_of_one_generation(each)
    kinds = {(each.target.rpartition(b"/")[2], b"generation" in each.body) for each in received}
    assert kinds == {(b"judged", True), (b"judged", False), (b"open", True), (b"open", False)}
