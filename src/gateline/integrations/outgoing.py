"""What an integration sends, what comes back, and how it refuses: the seam between `exchange` and the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Headers = tuple[tuple[str, str], ...]
"""Names and values in order. Names are ASCII, values can be written as UTF-8, and neither can end its header."""

RawHeaders = tuple[tuple[bytes, bytes], ...]
"""Names and values as they arrived, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What the backend of an `http` integration gets, complete but for secrets, which Envoy adds."""

    verb: str
    target: str  # path and query, percent-encoded; begins with a slash
    authority: str  # the Host header
    headers: Headers  # neither Host nor what frames the body
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """What the function of an `aws` integration gets. Who is asynchronous is answered by `ACCEPTED` at once."""

    function: str  # a Function's name
    payload: bytes
    asynchronous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCall:
    """A call of an AWS service, complete but for Host and signature, which depend on its endpoint."""

    service: str  # as the uri names it: "sqs", "dynamodb", "s3", "states", ...
    region: str
    subdomain: str  # "" but for uris of the form `{subdomain}.{service}`
    verb: str
    path: str  # percent-encoded; begins with a slash
    query: str  # percent-encoded, without the question mark
    headers: Headers
    body: bytes
    action: str = ""  # of uris of the form `action/{Action}`; stands in query or headers already


@dataclass(frozen=True, slots=True, kw_only=True)
class MockStatus:
    """The status that the request template of a mock gave: nothing is sent, and this is what comes back."""

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendAnswer:
    """What a backend or a service answered. `body` has its transfer coding removed, not its content coding."""

    status: int
    headers: RawHeaders
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionAnswer:
    """What a function returned, or its error object (`errorMessage`, `errorType`, ...) when `is_error`."""

    payload: bytes
    is_error: bool = False


ACCEPTED: Final = FunctionAnswer(payload=b"")
"""What comes back for an asynchronous call, before it has run."""

Outgoing = HttpRequest | FunctionCall | ServiceCall | MockStatus
Received = BackendAnswer | FunctionAnswer | MockStatus


class Refusal(Exception):
    """The client gets a gateway response in place of the integration's.

    Args:
        kind: the type of the gateway response, of `model.gateway_response.RESPONSE_TYPES`.
        message: what it says in place of that type's own message.
        validation_error: `$context.error.validationErrorString`.
        reason: for the operator; holds no value of the request.

    """

    def __init__(
        self, kind: str, *, message: str | None = None, validation_error: str = "", reason: str = ""
    ) -> None:
        super().__init__(reason or kind)
        self.type = kind
        self.message = message
        self.validation_error = validation_error
        self.reason = reason


def configuration_error(reason: str) -> Refusal:
    """500 `Internal server error`: what the definition asks for can't be done with this request or answer.

    API_CONFIGURATION_ERROR is what API Gateway calls an invalid endpoint, base64 that is none, and an integration
    response that nothing matches.
    """
    return Refusal("API_CONFIGURATION_ERROR", reason=reason)
