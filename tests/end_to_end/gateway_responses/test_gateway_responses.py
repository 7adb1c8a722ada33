"""Every gateway response that a gateway can give, provoked over HTTP: as it is, and customised in every part.

api-gateway.md section 14. The defaults' bytes stand in refusals.py; conftest.py says what each API customises.
"""

from __future__ import annotations

import json

import pytest

from harness.guarded_gateway import Guarded
from harness.raw_client import Answer

from .refusals import REFUSALS, Refusal

each_refusal = pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)


def provoke(customised: Guarded, api: str, refusal: Refusal, *lines: bytes, query: bytes = b"") -> Answer:
    """Send a refused request to an API."""
    separator = b"&" if b"?" in refusal.path else b"?"
    answer = customised.send(
        refusal.verb,
        b"/prod" + refusal.path + (separator + query if query else b""),
        *lines,
        *(refusal.lines),
        *((b"told: eyJzYXkiOjV9",) if refusal.type == "INTEGRATION_FAILURE" else ()),  # {"say":5}
        host=f"{api}.localhost".encode(),
        body=refusal.content,
    )
    assert len(answer.one(b"x-amzn-requestid")) == 36
    assert answer.one(b"x-amz-apigw-id").endswith(b"=")
    assert answer.one(b"x-amzn-errortype") == refusal.error_type
    assert not answer.all(b"x-amzn-trace-id")
    return answer


@pytest.mark.envoy
@each_refusal
def test_what_is_not_customised_has_amazons_bytes(customised: Guarded, refusal: Refusal) -> None:
    answer = provoke(customised, "plain", refusal)
    assert (answer.status, answer.body) == (refusal.status, refusal.body)
    assert answer.one(b"content-type") == b"application/json"


@pytest.mark.envoy
@each_refusal
def test_headers_of_a_default_type_stand_on_all_answers_of_its_class(
    customised: Guarded, refusal: Refusal
) -> None:
    answer = provoke(customised, "cors", refusal)
    assert answer.one(b"access-control-allow-origin") == b"*"
    assert answer.one(b"access-control-allow-headers") == b"Content-Type,Authorization"
    assert (answer.status, answer.body) == (refusal.status, refusal.body)
    assert answer.one(b"content-type") == b"application/json"


@pytest.mark.envoy
@each_refusal
def test_a_status_of_a_default_type_changes_all_of_its_class(customised: Guarded, refusal: Refusal) -> None:
    answer = provoke(customised, "status", refusal)
    assert (answer.status, answer.body) == (418 if refusal.status < 500 else 599, refusal.body)


@pytest.mark.envoy
@each_refusal
def test_a_status_that_has_no_body_has_none(customised: Guarded, refusal: Refusal) -> None:
    answer = provoke(customised, "nothing", refusal)
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.envoy
@each_refusal
def test_an_empty_template_is_an_empty_body(customised: Guarded, refusal: Refusal) -> None:
    answer = provoke(customised, "blank", refusal)
    assert (answer.status, answer.body) == (refusal.status, b"")


@pytest.mark.envoy
@each_refusal
def test_a_content_type_may_be_customised_like_any_header(customised: Guarded, refusal: Refusal) -> None:
    answer = provoke(customised, "typed", refusal)
    assert (answer.status, answer.body) == (refusal.status, refusal.body)
    assert answer.one(b"content-type") == b"application/problem+json"


@pytest.mark.envoy
@each_refusal
def test_a_type_of_its_own_takes_nothing_from_the_default(customised: Guarded, refusal: Refusal) -> None:
    answer = provoke(customised, "own", refusal)
    assert (answer.status, answer.body) == (422, b"own " + refusal.type.encode())
    assert answer.one(b"content-type") == b"text/plain"
    assert answer.one(b"www-authenticate") == b'Basic realm="x"'
    assert not answer.all(b"access-control-allow-origin")


@pytest.mark.envoy
@each_refusal
def test_what_an_answer_says_of_the_request_and_the_fault(customised: Guarded, refusal: Refusal) -> None:
    answer = provoke(
        customised, "asking", refusal, b"Origin: https://a.test", b"User-Agent: probe/1", query=b"q=%3D+%25"
    )
    message = refusal.message()
    assert answer.status == refusal.status
    assert answer.one(b"content-type") == b"application/json"
    assert answer.one(b"access-control-allow-origin") == b"https://a.test"
    assert answer.one(b"x-query") == b"= %"
    assert answer.one(b"x-tenant") == b"acme"
    assert not answer.all(b"x-absent")
    assert answer.all(b"x-message") == ([] if message is None else [message.encode()])
    assert json.loads(answer.body) == {
        "type": refusal.type,
        "message": message,
        "id": answer.one(b"x-amzn-requestid").decode(),
        "verb": refusal.verb.decode(),
        "path": "/prod" + refusal.path.decode().partition("?")[0],
        "api": "asking",
        "stage": "prod",
        "account": "123456789012",
        "resource": refusal.resource,
        "tenant": "acme",
        "query": "= %",
        "agent": "probe/1",
        "absent": "",
        "why": (
            '[object has missing required properties (["name"])]'
            if refusal.type == "BAD_REQUEST_BODY"
            else ""
        ),
        "percent": "%REQ(x)% 100%",
    }


@pytest.mark.envoy
@each_refusal
def test_what_the_request_lacks_is_left_out(customised: Guarded, refusal: Refusal) -> None:
    answer = provoke(customised, "asking", refusal, query=b"q=a%0D%0AX-Injected:%201")
    assert not answer.all(b"access-control-allow-origin")
    assert not answer.all(b"x-injected")
    assert not answer.all(b"x-query")
    assert b'"agent":""' in answer.body


@pytest.mark.envoy
@each_refusal
@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (b"text/html", b"text/html"),
        (b"Text/HTML;q=0.5, application/json", b"text/html"),
        (b"application/json, text/html", b"application/json"),
        (b"image/png", b"application/json"),
        (b"*/*", b"application/json"),
    ],
)
def test_the_template_is_chosen_by_the_media_type_that_is_accepted_first(
    customised: Guarded, refusal: Refusal, accept: bytes, chosen: bytes
) -> None:
    answer = provoke(customised, "asking", refusal, b"Accept: " + accept)
    assert answer.one(b"content-type") == chosen
    if chosen == b"text/html":
        message = refusal.message() or "null"
        path = refusal.path.decode().partition("?")[0]
        assert answer.body.decode() == f"<p>100% {message} at /prod{path}</p>"


@pytest.mark.envoy
@pytest.mark.parametrize("api", ["plain", "cors", "asking", "status", "own"])
@pytest.mark.parametrize("status", [b"403 Forbidden", b"500 Oops", b"503 Later", b"504 Gateway Timeout"])
def test_a_backends_own_answer_is_never_replaced(customised: Guarded, api: str, status: bytes) -> None:
    customised.backend.answers[b"/any"] = (
        b"HTTP/1.1 " + status + b"\r\nContent-Type: text/x\r\nContent-Length: 4\r\n\r\nmine"
    )
    answer = customised.send(b"GET", b"/prod/backend", host=f"{api}.localhost".encode())
    del customised.backend.answers[b"/any"]
    assert (answer.status, answer.body) == (int(status[:3]), b"mine")
    assert answer.one(b"content-type") == b"text/x"
    assert not answer.all(b"x-amzn-errortype")
    assert not answer.all(b"access-control-allow-origin")


@pytest.mark.envoy
def test_what_amazon_has_no_answer_for_has_the_headers_of_the_default_type_and_its_own_status(
    customised: Guarded,
) -> None:
    path = b"/prod/mapped?x=.."
    plain = customised.send(b"GET", path, host=b"plain.localhost")
    assert (plain.status, plain.body) == (400, b'{"message":"Bad Request"}')
    cors = customised.send(b"GET", path, host=b"cors.localhost")
    assert (cors.status, cors.body) == (400, plain.body)
    assert cors.one(b"access-control-allow-origin") == b"*"
    assert customised.send(b"GET", path, host=b"status.localhost").status == 400
    asking = json.loads(customised.send(b"GET", path, host=b"asking.localhost").body)
    assert (asking["type"], asking["message"]) == ("DEFAULT_4XX", "Bad Request")


@pytest.mark.envoy
@pytest.mark.parametrize("api", ["plain", "cors", "asking", "status", "own"])
def test_a_body_over_the_limit_is_not_customised(customised: Guarded, api: str) -> None:
    answer = customised.send(
        b"POST", b"/prod/checked?page=1", b"Content-Length: 10485761", host=f"{api}.localhost".encode()
    )
    assert (answer.status, answer.body) == (413, b"HTTP content length exceeded 10485760 bytes.")
    assert answer.one(b"content-type") == b"text; charset=utf-8"
