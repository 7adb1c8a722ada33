"""Which method serves a request, over real HTTP: api-gateway.md section 3.

The script alone is tested rule by rule in tests/dataplane; here stands what Envoy has a part in.
"""

from __future__ import annotations

import pytest

from .conftest import Served

HOST = b"routed.localhost"


@pytest.mark.envoy
@pytest.mark.parametrize(
    ("request_line", "resource"),
    [
        (b"GET /prod", b"/"),
        (b"GET /prod/", b"/"),
        (b"GET /prod/orders", b"/orders"),
        (b"POST /prod/orders", b"/orders"),
        (b"GET /prod/orders/new", b"/orders/new"),
        (b"GET /prod/orders/7", b"/orders/{id}"),
        (b"GET /prod/orders/7/lines", b"/orders/{id}/lines"),
        (b"GET /prod/orders/7/x/y", b"/orders/{id}/{rest+}"),
        (b"DELETE /prod/orders/7/lines", b"/orders/{id}/{rest+}"),
        (b"GET /prod/both", b"/both GET"),
        (b"PATCH /prod/both", b"/both"),
        (b"OPTIONS /prod/test", b"/{proxy+}"),  # the resource lacks the verb
        (b"PUT /prod/part1/other", b"/{proxy+}"),  # no such child
        (b"PUT /prod/orders/7", b"/{proxy+}"),
        (b"GET /prod/orders/", b"/orders"),
        (b"GET /prod/orders/7/", b"/orders/{id}"),
        (b"GET //prod/orders", b"/orders"),
        (b"GET /prod//orders", b"/orders"),
        (b"GET /prod/orders?x=/../..", b"/orders"),
        (b"GET /prod/orders/caf%C3%A9", b"/orders/{id}"),
        (b"GET /prod/orders/7/lines%2Fx", b"/orders/{id}/{rest+}"),
    ],
)
def test_the_most_specific_method_serves(served: Served, request_line: bytes, resource: bytes) -> None:
    verb, path = request_line.split(b" ")
    assert served.reaches(verb, path, host=HOST).all(b"x-resource") == [resource]


@pytest.mark.envoy
@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /prod/none",
        b"GET /prod/Orders",
        b"DELETE /prod/orders",
        b"GET /prod/test",
        b"GET /prod/part1/other",
        b"OPTIONS /prod",
        b"HEAD /prod/orders",
        b"GET /prod/echo",
        b"GET /prod/echo/",
    ],
)
def test_no_path_or_verb_is_a_missing_authentication_token(served: Served, request_line: bytes) -> None:
    verb, path = request_line.split(b" ")
    answer = served.send(verb, path, host=HOST)
    assert answer.status == 403
    if verb != b"HEAD":
        assert answer.body == b'{"message":"Missing Authentication Token"}'
    assert answer.one(b"x-amzn-errortype") == b"MissingAuthenticationTokenException"
    assert answer.one(b"content-type") == b"application/json"
    assert answer.one(b"x-amzn-requestid")
    assert answer.one(b"x-amz-apigw-id")
    assert served.backend.received() == []


@pytest.mark.envoy
@pytest.mark.parametrize(
    ("path", "target"),
    [
        (b"/prod/echo/a/b", b"/a/b"),
        (b"/prod/echo/a//b", b"/a//b"),
        (b"/prod/echo/a/b/", b"/a/b"),
        (b"/prod/echo/test%2Balias@x", b"/test%2Balias@x"),
        (b"/prod/echo/foo%2Fbar", b"/foo%2Fbar"),
        (b"/prod/echo/%61;v=1", b"/%61;v=1"),
        (b"/prod/echo/a?q=1&q=%20+&r", b"/a?q=1&q=%20+&r"),
        (b"//prod//echo/a", b"/a"),
        (b"/prod/echo/a!$&'()*+,=:@~_-.b", b"/a!$&'()*+,=:@~_-.b"),
    ],
)
def test_a_path_reaches_the_backend_as_the_bytes_that_were_matched(
    served: Served, path: bytes, target: bytes
) -> None:
    assert served.reaches(b"GET", path, host=HOST).target == target


@pytest.mark.envoy
def test_the_context_path_has_the_stage_and_the_raw_path(served: Served) -> None:
    assert served.reaches(b"GET", b"/prod/echo/a%2Fb?x=1", host=HOST).all(b"x-path") == [b"/prod/echo/a%2Fb"]


@pytest.mark.envoy
@pytest.mark.parametrize(
    ("host", "path"),
    [
        (b"localhost", b"/prod/any"),
        (b"localhost", b"/test/any"),
        (b"127.0.0.1", b"/prod/any"),
        (b"gw.example.com", b"/prod/any"),
        (b"orders.localhost", b"/prod/any"),
        (b"ORDERS.LOCALHOST:8080", b"/prod/any"),
        (b"orders.execute-api.us-east-1.amazonaws.com", b"/prod/any"),
        (b"localhost", b"/restapis/orders/test/_user_request_/any"),
    ],
)
def test_these_addresses_reach_a_stage(served: Served, host: bytes, path: bytes) -> None:
    assert served.reaches(b"GET", path, host=host).target == b"/any"


@pytest.mark.envoy
@pytest.mark.parametrize(
    ("host", "path"),
    [
        (b"localhost", b"/"),
        (b"localhost", b"/none/any"),
        (b"localhost", b"/any"),
        (b"evil.example.com", b"/prod/any"),
        (b"nobody.localhost", b"/prod/any"),
        (b"routed.localhost", b"/test/orders"),
        (b"localhost", b"/restapis/nobody/prod/_user_request_/any"),
    ],
)
def test_any_other_address_is_forbidden(served: Served, host: bytes, path: bytes) -> None:
    answer = served.send(b"GET", path, host=host)
    assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')
    assert answer.one(b"x-amzn-errortype") == b"ForbiddenException"
    assert served.backend.received() == []
