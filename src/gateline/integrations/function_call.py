"""`aws` with a function: the template's output is the event, and an error's message selects the response."""

from __future__ import annotations

import json
from typing import Final

from gateline.integrations.binary import decoded
from gateline.integrations.client_request import ClientRequest
from gateline.integrations.event import LARGEST_EVENT
from gateline.integrations.outgoing import FunctionCall, Refusal, configuration_error
from gateline.integrations.parameters import Parameters
from gateline.integrations.request_headers import check_legal
from gateline.model.integration import Integration

_INVOCATION_TYPE: Final = "x-amz-invocation-type"


def function_call(
    integration: Integration, request: ClientRequest, parameters: Parameters, payload: bytes
) -> FunctionCall:
    """The call of an `aws` integration with a function. An empty body is the event `{}`.

    Raises:
        Refusal: no such function, or the event is none that Lambda takes.

    """
    check_legal(parameters.headers, is_aws=True)
    verb = request.call.verb if integration.http_method == "ANY" else integration.http_method
    if not request.method.function or verb != "POST":
        raise configuration_error("functions are invoked with POST, and this one is not declared")
    payload = payload or b"{}"
    if len(payload) > LARGEST_EVENT:
        raise Refusal("REQUEST_TOO_LARGE")
    if not _is_json(payload):
        message = "Could not parse request body into json"  # how Lambda's own answer begins
        raise Refusal("BAD_REQUEST_BODY", message=message, reason="the event of the function is no JSON")
    _, kind = parameters.headers.get(_INVOCATION_TYPE, ("", "RequestResponse"))
    if kind not in ("RequestResponse", "Event"):
        raise configuration_error("X-Amz-Invocation-Type is neither RequestResponse nor Event")
    return FunctionCall(function=request.method.function, payload=payload, asynchronous=kind == "Event")


def error_message(payload: bytes) -> str | None:
    """The `errorMessage` of a function's error object; None when it has none that is text."""
    try:
        error = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    message = error.get("errorMessage") if isinstance(error, dict) else None
    return message if isinstance(message, str) else None


def answered_base64(payload: bytes) -> bytes:
    """The bytes that a function returned as base64: the content of a JSON text, or the payload as it is.

    Raises:
        Refusal: it is not base64.

    """
    is_text = len(payload) >= 2 and payload[:1] == payload[-1:] == b'"'
    return decoded(payload[1:-1] if is_text else payload)


def _is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return False
    return True
