"""Requests that are refused, one for each way, with Amazon's own answers: api-gateway.md section 14."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from harness.guarded_gateway import authorization

from .conftest import KEY

INTERNAL: Final = b'{"message": "Internal server error"}'
JSON: Final = b"Content-Type: application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request that is refused, and Amazon's own answer to it."""

    type: str
    verb: bytes = b"GET"
    path: bytes = b""
    lines: tuple[bytes, ...] = ()
    content: bytes | None = None
    status: int
    body: bytes
    error_type: bytes
    resource: str = ""

    def message(self) -> str | None:
        """What `$context.error.message` is."""
        found = json.loads(self.body)
        message: str | None = found.get("message", found.get("Message"))
        return message


BAD: Final = b"BadRequestException"
BROKEN: Final = b"InternalServerErrorException"
REFUSALS: Final = {
    "unknown path": Refusal(
        type="MISSING_AUTHENTICATION_TOKEN",
        path=b"/nothing",
        status=403,
        body=b'{"message":"Missing Authentication Token"}',
        error_type=b"MissingAuthenticationTokenException",
    ),
    "no token": Refusal(
        type="UNAUTHORIZED",
        path=b"/guarded",
        status=401,
        body=b'{"message":"Unauthorized"}',
        error_type=b"UnauthorizedException",
        resource="/guarded",
    ),
    "denied": Refusal(
        type="ACCESS_DENIED",
        path=b"/guarded",
        lines=(b"Authorization: Bearer x",),
        status=403,
        body=b'{"Message":"User is not authorized to access this resource with an explicit deny"}',
        error_type=b"AccessDeniedException",
        resource="/guarded",
    ),
    "authorizer fails": Refusal(
        type="AUTHORIZER_CONFIGURATION_ERROR",
        path=b"/guarded",
        lines=(authorization(**{"raise": "boom"}),),
        status=500,
        body=b'{"message":null}',
        error_type=b"AuthorizerConfigurationException",
        resource="/guarded",
    ),
    "no endpoint": Refusal(
        type="API_CONFIGURATION_ERROR",
        path=b"/no-host",
        status=500,
        body=INTERNAL,
        error_type=BROKEN,
        resource="/no-host",
    ),
    "no address": Refusal(
        type="API_CONFIGURATION_ERROR",
        path=b"/unresolved",
        status=500,
        body=INTERNAL,
        error_type=BROKEN,
        resource="/unresolved",
    ),
    "timeout": Refusal(
        type="INTEGRATION_TIMEOUT",
        path=b"/silent/7",
        status=504,
        body=b'{"message": "Endpoint request timed out"}',
        error_type=BROKEN,
        resource="/silent/{id}",
    ),
    "refused connection": Refusal(
        type="INTEGRATION_FAILURE",
        path=b"/closed",
        status=504,
        body=b'{"message": "Network error communicating with endpoint"}',
        error_type=BROKEN,
        resource="/closed",
    ),
    "timeout of a mapped request": Refusal(
        type="INTEGRATION_TIMEOUT",
        path=b"/silent/mapped",
        status=504,
        body=b'{"message": "Endpoint request timed out"}',
        error_type=BROKEN,
        resource="/silent/mapped",
    ),
    "timeout behind the host": Refusal(
        type="INTEGRATION_TIMEOUT",
        path=b"/http/silent",
        status=504,
        body=b'{"message": "Endpoint request timed out"}',
        error_type=BROKEN,
        resource="/http/silent",
    ),
    "refused connection behind the host": Refusal(
        type="INTEGRATION_FAILURE",
        path=b"/http/closed",
        status=504,
        body=b'{"message": "Network error communicating with endpoint"}',
        error_type=BROKEN,
        resource="/http/closed",
    ),
    "no address behind the host": Refusal(
        type="API_CONFIGURATION_ERROR",
        path=b"/http/unresolved",
        status=500,
        body=INTERNAL,
        error_type=BROKEN,
        resource="/http/unresolved",
    ),
    "no response fits": Refusal(
        type="API_CONFIGURATION_ERROR",
        path=b"/http/unmatched",
        status=500,
        body=INTERNAL,
        error_type=BROKEN,
        resource="/http/unmatched",
    ),
    "function not asked by POST": Refusal(
        type="INTEGRATION_FAILURE",
        verb=b"POST",
        path=b"/function/get",
        content=b"{}",
        status=500,
        body=INTERNAL,
        error_type=BROKEN,
        resource="/function/get",
    ),
    "function answers nonsense": Refusal(
        type="INTEGRATION_FAILURE",
        verb=b"POST",
        path=b"/function",
        lines=(JSON,),
        content=b"{}",
        status=502,
        body=INTERNAL,
        error_type=BROKEN,
        resource="/function",
    ),
    "event too large": Refusal(
        type="REQUEST_TOO_LARGE",
        verb=b"POST",
        path=b"/function",
        content=b"x" * 6_300_000,
        status=413,
        body=b'{"message": "Request Too Long"}',
        error_type=BAD,
        resource="/function",
    ),
    "media type": Refusal(
        type="UNSUPPORTED_MEDIA_TYPE",
        verb=b"POST",
        path=b"/media",
        lines=(b"Content-Type: text/csv",),
        content=b"a,b",
        status=415,
        body=b'{"message": "Unsupported Media Type"}',
        error_type=BAD,
        resource="/media",
    ),
    "parameter": Refusal(
        type="BAD_REQUEST_PARAMETERS",
        verb=b"POST",
        path=b"/checked",
        lines=(JSON,),
        content=b"{}",
        status=400,
        body=b'{"message": "Missing required request parameters: [page]"}',
        error_type=BAD,
        resource="/checked",
    ),
    "body": Refusal(
        type="BAD_REQUEST_BODY",
        verb=b"POST",
        path=b"/checked?page=1",
        lines=(JSON,),
        content=b"{}",
        status=400,
        body=b'{"message": "Invalid request body"}',
        error_type=BAD,
        resource="/checked",
    ),
    "no key": Refusal(
        type="INVALID_API_KEY",
        path=b"/keyed",
        status=403,
        body=b'{"message":"Forbidden"}',
        error_type=b"ForbiddenException",
        resource="/keyed",
    ),
    "quota": Refusal(
        type="QUOTA_EXCEEDED",
        path=b"/keyed",
        lines=(b"x-api-key: " + KEY.encode(),),
        status=429,
        body=b'{"message":"Limit Exceeded"}',
        error_type=b"LimitExceededException",
        resource="/keyed",
    ),
    "throttle": Refusal(
        type="THROTTLED",
        path=b"/throttled",
        status=429,
        body=b'{"message":"Too Many Requests"}',
        error_type=b"TooManyRequestsException",
        resource="/throttled",
    ),
}
