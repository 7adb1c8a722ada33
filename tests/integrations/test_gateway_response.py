"""Gateway responses that the host gives: api-gateway.md section 14."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gateline.integrations.context import Circumstances
from gateline.integrations.gateway_response import answer
from gateline.integrations.proxy_response import ProxyResponse
from gateline.model.gateway_response import RESPONSE_TYPES, Answer, Part, PartKind
from integrations.samples import AT

JSON = "application/json"
INTERNAL = '{"message": "Internal server error"}'


def text(value: str) -> Part:
    return Part(PartKind.TEXT, value)


def customised(answered: Answer) -> Circumstances:
    """A request of a stage that customises one type."""
    return replace(AT, stage=replace(AT.stage, answers=(answered,)))


def said(
    *parts: Part,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    media_type: str = "text/plain",
    message: str | None = None,
    validation_error: str = "",
) -> str:
    """The body of an answer with this template."""
    at = customised(Answer(type="BAD_REQUEST_BODY", templates=((media_type, parts),)))
    found = answer(at, headers, "BAD_REQUEST_BODY", message=message, validation_error=validation_error)
    assert dict(found.headers)["content-type"] == media_type
    return found.body.decode()


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        ("API_CONFIGURATION_ERROR", INTERNAL),
        ("BAD_REQUEST_BODY", '{"message": "Invalid request body"}'),
        ("INTEGRATION_FAILURE", '{"message": "Network error communicating with endpoint"}'),
        ("INTEGRATION_TIMEOUT", '{"message": "Endpoint request timed out"}'),
        ("REQUEST_TOO_LARGE", '{"message": "Request Too Long"}'),
        ("UNSUPPORTED_MEDIA_TYPE", '{"message": "Unsupported Media Type"}'),
    ],
)
def test_what_is_not_customised_has_amazons_words(type_: str, body: str) -> None:
    assert answer(AT, (), type_) == ProxyResponse(
        status=RESPONSE_TYPES[type_].status or 0,
        headers=(("content-type", JSON), ("x-amzn-errortype", RESPONSE_TYPES[type_].error_type)),
        body=body.encode(),
    )


def test_a_failing_function_has_a_status_and_a_message_of_its_own() -> None:
    found = answer(AT, (), "INTEGRATION_FAILURE", status=502, message="Internal server error")
    assert (found.status, found.body.decode()) == (502, INTERNAL)


@pytest.mark.parametrize(("own", "status"), [(0, 502), (418, 418)])
def test_a_customised_status_wins(own: int, status: int) -> None:
    at = customised(Answer(type="INTEGRATION_FAILURE", status=own))
    found = answer(at, (), "INTEGRATION_FAILURE", status=502, message="Internal server error")
    assert (found.status, found.body.decode()) == (status, INTERNAL)


def test_a_status_without_a_body_has_none() -> None:
    assert (
        answer(customised(Answer(type="INTEGRATION_FAILURE", status=204)), (), "INTEGRATION_FAILURE").body
        == b""
    )


def test_headers_are_added_and_may_replace_the_content_type() -> None:
    headers = (("x-tenant", (text("acme"),)), ("content-type", (text("text/x"),)))
    found = answer(customised(Answer(type="INTEGRATION_FAILURE", headers=headers)), (), "INTEGRATION_FAILURE")
    assert dict(found.headers) == {
        "x-tenant": "acme",
        "content-type": "text/x",
        "x-amzn-errortype": "InternalServerErrorException",
    }


def test_a_header_without_a_value_or_with_bytes_that_end_it_is_left_out() -> None:
    query = Part(PartKind.QUERYSTRING, "q")
    at = customised(
        Answer(
            type="INTEGRATION_FAILURE",
            headers=(("a", (Part(PartKind.HEADER, "absent"),)), ("b", (query,)), ("c", (text("ok"),))),
        )
    )
    at = replace(at, call=replace(at.call, query=b"q=x%0D%0Ay"))
    assert {name for name, _ in answer(at, (), "INTEGRATION_FAILURE").headers} == {
        "content-type",
        "x-amzn-errortype",
        "c",
    }


def test_what_a_template_may_say_of_the_request() -> None:
    parts = (
        text("<"),
        Part(PartKind.HEADER, "Origin"),
        Part(PartKind.PATH, "id"),
        Part(PartKind.CONTEXT, "resourcePath"),
        Part(PartKind.CONTEXT, "nothing"),
        text(">"),
    )
    assert said(*parts, headers=((b"origin", b"a"), (b"Origin", b"b"))) == "<b7/orders/{id}>"


def test_what_a_template_may_say_of_the_fault() -> None:
    def of(name: str, **more: str) -> str:
        return said(Part(PartKind.CONTEXT, f"error.{name}"), **more)  # type: ignore[arg-type]

    assert of("message") == "Invalid request body"
    assert of("messageString", message='a "b"') == '"a \\"b\\""'
    assert of("responseType") == "BAD_REQUEST_BODY"
    assert of("validationErrorString", validation_error='[("x")]') == '[("x")]'
    assert of("validationErrorString", validation_error='[("x")]', media_type=JSON) == '[(\\"x\\")]'
    assert of("validationErrorString") == ""


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (b"text/b", "text/b"),
        (b" TEXT/B ;q=1, text/a", "text/b"),
        (b"text/c", JSON),
        (b"", JSON),
        (None, JSON),
    ],
)
def test_the_template_is_chosen_by_what_is_accepted_first(accept: bytes | None, chosen: str) -> None:
    templates = tuple((name, (text(name),)) for name in ("text/a", "text/b", JSON))
    at = customised(Answer(type="INTEGRATION_FAILURE", templates=templates))
    headers = () if accept is None else ((b"accept", accept),)
    found = answer(at, headers, "INTEGRATION_FAILURE")
    assert (dict(found.headers)["content-type"], found.body.decode()) == (chosen, chosen)


def test_without_a_template_for_json_the_first_one_is_the_usual_one() -> None:
    templates = (("text/a", (text("a"),)), ("text/b", (text("b"),)))
    at = customised(Answer(type="INTEGRATION_FAILURE", templates=templates))
    assert answer(at, (), "INTEGRATION_FAILURE").body == b"a"


def test_only_its_own_type_changes() -> None:
    at = customised(Answer(type="INTEGRATION_TIMEOUT", status=418))
    assert answer(at, (), "INTEGRATION_FAILURE").status == 504
    assert json.loads(answer(at, (), "INTEGRATION_TIMEOUT").body) == {"message": "Endpoint request timed out"}
