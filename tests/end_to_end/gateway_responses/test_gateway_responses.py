"""Every gateway response that a gateway can give, provoked over HTTP: as it is, and customised in every part.

api-gateway.md section 14. The defaults' bytes stand in `REFUSALS`; conftest.py says what each API customises.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import pytest

from harness.guarded_gateway import Guarded, authorization
from harness.raw_client import Answer

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
