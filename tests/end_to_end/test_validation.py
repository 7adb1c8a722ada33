"""Request validation over HTTP: required parameters, models, and mappings that read a body on its way (http_proxy)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from gateline.schemas.model import UNREADABLE
from harness.gateway_process import running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import RecordingBackend

pytestmark = pytest.mark.envoy

Json = dict[str, Any]

INVALID: Final = b'{"message": "Invalid request body"}'
MISSING: Final = 'object has missing required properties (["name"])'
BIG: Final = 2 * 1024 * 1024
PET: Final[Json] = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "child": {"$ref": "#/components/schemas/Pet"}},
}
MODEL: Final[Json] = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
}


def proxied(path: str, mappings: dict[str, str] | None = None, **more: Any) -> Json:
    integration = {
        "type": "http_proxy",
        "httpMethod": "ANY",
        "uri": f"http://${{stageVariables.backend}}{path}",
        "requestParameters": {f"integration.request.{name}": said for name, said in (mappings or {}).items()},
    }
    return {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": integration,
        **more,
    }


def parameter(where: str, name: str) -> Json:
    return {"in": where, "name": name, "required": True, "schema": {"type": "string"}}


def mocked(**more: Any) -> Json:
    integration: Json = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}', "text/plain": '{"statusCode": 200}'},
        "responses": {
            "default": {"statusCode": "200", "responseTemplates": {"application/json": "$context.stage"}}
        },
    }
    return {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": integration,
        **more,
    }


def definition(*, told: bool) -> Json:
    asked = [
        parameter(*each) for each in (("query", "b"), ("header", "X-Z"), ("query", "a"), ("header", "X-A"))
    ]
    bodies = {"header.X-Name": "method.request.body.name", "querystring.whole": "method.request.body"}
    unchecked: Json = {"x-amazon-apigateway-request-validator": "none"}
    made: Json = {
        "openapi": "3.0.1",
        "info": {"title": "pets", "version": "1"},
        "x-amazon-apigateway-request-validators": {
            "all": {"validateRequestBody": True, "validateRequestParameters": True},
            "none": {"validateRequestBody": False, "validateRequestParameters": False},
        },
        "x-amazon-apigateway-request-validator": "all",
        "paths": {
            "/pets": {"x-amazon-apigateway-any-method": proxied("/pets", requestBody=MODEL)},
            "/unchecked": {"post": proxied("/unchecked", requestBody=MODEL, **unchecked)},
            "/mapped": {"post": proxied("/mapped", {"header.X-Name": bodies["header.X-Name"]})},
            "/whole": {"post": proxied("/whole", {"querystring.whole": bodies["querystring.whole"]})},
            "/asked/{id}": {"parameters": [parameter("path", "id"), *asked], "get": proxied("/asked")},
            "/mock": {"post": mocked(requestBody=MODEL)},
        },
        "components": {"schemas": {"Pet": PET}},
    }
    if told:
        template = '{"why":"$context.error.validationErrorString","message":$context.error.messageString}'
        response = {"statusCode": 422, "responseTemplates": {"application/json": template}}
        made["x-amazon-apigateway-gateway-responses"] = {"BAD_REQUEST_BODY": response}
    return made


@dataclass(frozen=True, slots=True)
class Served:
    """The gateway and its backend."""

    port: int
    backend: RecordingBackend

    def post(self, path: str, body: bytes, *lines: str, verb: str = "POST") -> Answer:
        """The answer to a JSON body, or to what the header lines say it is."""
        lines = lines or ("Content-Type: application/json",)
        head = [f"{verb} {path} HTTP/1.1", "Host: localhost", *lines]
        if not any(line.startswith("Transfer-Encoding") for line in lines):
            head.append(f"Content-Length: {len(body)}")
        [answer] = exchange(self.port, "\r\n".join(head).encode() + b"\r\n\r\n" + body)
        return answer


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("validation")
    for name in ("plain", "told"):
        (folder / f"{name}.json").write_text(json.dumps(definition(told=name == "told")))
    with RecordingBackend() as backend:
        stage = {"prod": {"variables": {"backend": f"127.0.0.1:{backend.port}"}}}
        apis = {name: {"definition": f"{name}.json", "stages": stage} for name in ("plain", "told")}
        project = {"name": "validation", "gateway": {"default_api": "plain"}, "apis": apis}
        (folder / "gateline.yaml").write_text(json.dumps(project))
        with running_gateway(folder, tmp_path_factory.mktemp("scratch"), {}) as gateway:
            yield Served(gateway.port, backend)


@pytest.fixture
def served(shared: Served) -> Served:
    shared.backend.clear()
    return shared


def test_a_body_that_fits_reaches_the_backend_as_it_came(served: Served) -> None:
    body = b' {"name" : "Rex", "child": {"name": "\\u00e9"}} '
    assert served.post("/prod/pets", body).status == 200
    [received] = served.backend.received()
    assert (received.body, received.faults) == (body, ())


@pytest.mark.parametrize("verb", ["POST", "GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "body", [b"{}", b"", b"{", b'{"name":1}', b'{"name":"a","child":{}}', b'{"name":"a","name":"a"}']
)
def test_a_body_that_does_not_fit_never_reaches_the_backend(served: Served, verb: str, body: bytes) -> None:
    answer = served.post("/prod/pets", body, verb=verb)
    assert (answer.status, answer.body) == (400, INVALID)
    assert answer.all(b"x-amzn-errortype") == [b"BadRequestException"]
    assert served.backend.received() == []


@pytest.mark.parametrize("path", ["/prod/pets", "/prod/mock"])
@pytest.mark.parametrize(
    "lines",
    [
        ("Accept: */*",),
        ("Content-Type: APPLICATION/JSON",),
        ("Content-Type: application/json ;charset=utf-8",),
        ("Content-Type: application/json,text/plain",),
        ("Content-Type: text/plain", "Content-Type: application/json"),
        ("Content-Type: json",),
    ],
)
def test_an_odd_content_type_gets_nobody_past_the_model(
    served: Served, path: str, lines: tuple[str, ...]
) -> None:
    answer = served.post(path, b"{}", *lines)
    assert (answer.status, answer.body) == (400, INVALID)


def test_a_clearly_different_type_is_not_checked_as_at_amazon(served: Served) -> None:
    assert served.post("/prod/pets", b"hello", "Content-Type: text/plain").status == 200
    [received] = served.backend.received()
    assert received.body == b"hello"


def test_without_a_validator_nothing_is_checked(served: Served) -> None:
    assert served.post("/prod/unchecked", b"{").status == 200


def test_a_large_body_is_judged_and_sent_on_whole(served: Served) -> None:
    body = b'{"name":"' + b"x" * BIG + b'"}'
    assert served.post("/prod/pets", body).status == 200
    [received] = served.backend.received()
    assert received.body == body
    assert served.post("/prod/pets", body[:-2]).status == 400
    assert served.post("/prod/pets", b'{"other":"' + b"x" * BIG + b'"}').status == 400


def test_a_body_in_chunks_is_judged_too(served: Served) -> None:
    chunked = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    assert served.post("/prod/pets", b'5\r\n{"nam\r\n9\r\ne":"Rex"}\r\n0\r\n\r\n', *chunked).status == 200
    assert served.post("/prod/pets", b"2\r\n{}\r\n0\r\n\r\n", *chunked).body == INVALID
    [received] = served.backend.received()
    assert (received.body, received.faults) == (b'{"name":"Rex"}', ())


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"{}", f"[{MISSING}]"), (b"", f"[{MISSING}]"), (b"{", UNREADABLE)],
)
@pytest.mark.parametrize("path", ["/prod/pets", "/prod/mock"])
def test_a_customised_response_tells_what_does_not_fit(
    served: Served, path: str, body: bytes, why: str
) -> None:
    head = ("Content-Type: application/json", "Host: told.localhost")
    data = "\r\n".join([f"POST {path} HTTP/1.1", *head, f"Content-Length: {len(body)}"]).encode()
    [answer] = exchange(served.port, data + b"\r\n\r\n" + body)
    assert answer.status == 422
    assert json.loads(answer.body) == {"why": why, "message": "Invalid request body"}


@pytest.mark.parametrize(
    ("query", "headers", "missing"),
    [
        ("", (), "X-A, X-Z, a, b"),
        ("?a=1", ("X-A: 1",), "X-Z, b"),
        ("?a=&b=%20", ("X-A: 1", "X-Z: 1"), "a, b"),
        ("?a=1&b=1", ("x-a:  ", "X-Z: 1"), "X-A"),
    ],
)
def test_missing_parameters_are_named_in_amazons_order(
    served: Served, query: str, headers: tuple[str, ...], missing: str
) -> None:
    answer = served.post(f"/prod/asked/1{query}", b"", "Accept: */*", *headers, verb="GET")
    said = f'{{"message": "Missing required request parameters: [{missing}]"}}'
    assert (answer.status, answer.body.decode()) == (400, said)
    assert served.backend.received() == []


def test_a_value_of_the_body_is_mapped(served: Served) -> None:
    assert served.post("/prod/mapped", b'{"name":"Rex"}').status == 200
    assert served.post("/prod/mapped", b"text").status == 200
    one, other = served.backend.received()
    assert (one.all(b"x-name"), one.body) == ([b"Rex"], b'{"name":"Rex"}')
    assert (other.all(b"x-name"), other.body) == ([], b"text")


@pytest.mark.parametrize("body", [b"{", b'["a"', b"'a'", b'"a'])
def test_a_body_that_begins_as_json_and_is_none_cannot_be_mapped(served: Served, body: bytes) -> None:
    answer = served.post("/prod/mapped", body)
    assert (answer.status, answer.body) == (400, b'{"message": "Invalid JSON in request body"}')
    assert served.backend.received() == []


def test_a_value_of_the_body_makes_no_header_of_its_own(served: Served) -> None:
    served.post("/prod/mapped", b'{"name":"a\\r\\nX-Evil: 1"}')
    assert [received.all(b"x-evil") for received in served.backend.received()] in ([], [[]])


def test_the_whole_body_is_mapped(served: Served) -> None:
    assert served.post("/prod/whole", b"a b&c").status == 200
    [received] = served.backend.received()
    assert received.target.startswith(b"/whole?whole=a")
    assert b"&c" not in received.target
