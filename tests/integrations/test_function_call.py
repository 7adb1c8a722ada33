"""`aws` with a function: api-gateway.md sections 4 to 6."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateline.integrations.event import LARGEST_EVENT
from gateline.integrations.function_call import answered_base64, error_message, function_call
from gateline.integrations.outgoing import FunctionCall, Refusal
from gateline.integrations.parameters import Parameters
from gateline.model.integration import IntegrationKind
from integrations.hosted import LAMBDA, POST, integration, request

OF = integration(IntegrationKind.AWS, uri=LAMBDA)


def called(payload: bytes, **headers: str) -> FunctionCall:
    mapped = {name.replace("_", "-").lower(): (name, value) for name, value in headers.items()}
    return function_call(OF, request(OF, call=POST), Parameters(headers=mapped), payload)


def test_the_payload_is_the_event() -> None:
    assert called(b'{"a": 1}') == FunctionCall(function="orders", payload=b'{"a": 1}')


def test_an_empty_payload_is_an_empty_object() -> None:
    assert called(b"").payload == b"{}"


def test_a_payload_that_is_no_json_is_refused_as_lambda_does() -> None:
    with pytest.raises(Refusal) as refused:
        called(b"name=value")
    assert refused.value.type == "BAD_REQUEST_BODY"
    assert refused.value.message == "Could not parse request body into json"


def test_an_event_over_lambdas_limit_is_413() -> None:
    with pytest.raises(Refusal) as refused:
        called(b'"' + b"a" * LARGEST_EVENT + b'"')
    assert refused.value.type == "REQUEST_TOO_LARGE"


@pytest.mark.parametrize(("kind", "asynchronous"), [("Event", True), ("RequestResponse", False)])
def test_a_header_makes_the_call_asynchronous(kind: str, asynchronous: bool) -> None:
    assert called(b"{}", X_Amz_Invocation_Type=kind).asynchronous is asynchronous


@pytest.mark.parametrize("kind", ["event", "DryRun", "", "'Event'"])
def test_another_invocation_type_is_500(kind: str) -> None:
    with pytest.raises(Refusal) as refused:
        called(b"{}", X_Amz_Invocation_Type=kind)
    assert refused.value.type == "API_CONFIGURATION_ERROR"


@pytest.mark.parametrize("verb", ["GET", "PUT"])
def test_functions_are_invoked_with_post_only(verb: str) -> None:
    other = integration(IntegrationKind.AWS, uri=LAMBDA, verb=verb)
    with pytest.raises(Refusal) as refused:
        function_call(other, request(other), Parameters(), b"{}")
    assert refused.value.type == "API_CONFIGURATION_ERROR"


def test_a_function_that_is_not_declared_is_500() -> None:
    asked = request(OF, call=POST)
    asked.method = replace(asked.method, function="")
    with pytest.raises(Refusal):
        function_call(OF, asked, Parameters(), b"{}")


def test_an_illegal_header_is_500() -> None:
    with pytest.raises(Refusal):
        called(b"{}", Authorization="x")


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'{"errorMessage": "not found", "errorType": "E"}', "not found"),
        (b'{"errorMessage": ""}', ""),
        (b'{"errorMessage": null}', None),
        (b'{"errorType": "E"}', None),
        (b'"errorMessage"', None),
        (b"no json", None),
        (b"[" * 100_000, None),
    ],
)
def test_an_errors_message_is_read(payload: bytes, message: str | None) -> None:
    assert error_message(payload) == message


@pytest.mark.parametrize("payload", [b'"iVBORw=="', b"iVBORw=="])
def test_base64_of_a_function_may_be_a_json_text(payload: bytes) -> None:
    assert answered_base64(payload) == b"\x89PNG"


def test_what_a_function_calls_base64_and_is_none_is_500() -> None:
    with pytest.raises(Refusal):
        answered_base64(b'{"a": 1}')
