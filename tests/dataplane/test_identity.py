"""Who a caller is to an authorizer: identity sources, and the keys of decisions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compile.gateways import (
    authorized,
    method,
    mock,
    request_authorizer,
    token_authorizer,
)
from dataplane.asking import (
    GOOD,
    TestHost,
    allow,
    front,
    guarded,
    netstrings,
    policy_reply,
    served,
    split,
)
from dataplane.simulated_envoy import REQUEST_ID, Headers
from gateline.model.gateway import PathMode
from gateline.model.origin import Origin
from gateline.model.rest_api import Stage


def test_a_request_authorizer_is_told_the_headers_and_the_path_parameters() -> None:
    host = TestHost(policy_reply(allow("*")))
    by = request_authorizer("method.request.header.X-Id", "method.request.multivaluequerystring.q")
    envoy = front(served(guarded(by="request"), authorizers=(by,)), host)
    sent = [("x-id", "7"), ("x-two", "a"), ("x-two", "b"), ("x-envoy-secret", "no")]
    assert envoy.request("GET", "/dev/a/7?q=1&q=2", sent).verdict == "orders/dev GET /a/{id}"
    [[_, _, key, _, _, token, _, _, call, count, *headers]] = host.questions
    assert token == ""
    assert key == netstrings("orders/dev", "request", "g1", "1", "7", "2", "1", "2")
    told = split(call)
    assert told[:3] == ["orders/dev", "orders/dev GET /a/{id}", REQUEST_ID]
    assert told[4:14] == [
        "GET", "/dev/a/7", "/a/7", "q=1&q=2", "localhost", "127.0.0.1", "HTTP/1.1", "1", "id", "7",
    ]  # fmt: skip
    assert (count, headers) == ("3", ["x-id", "7", "x-two", "a", "x-two", "b"])


def test_a_request_authorizer_is_told_the_trace_of_what_goes_to_no_backend_too() -> None:
    host = TestHost(policy_reply(allow("*")))
    guarded_mock = method("GET", "/a", mock(), authorization=authorized("request"))
    by = request_authorizer("method.request.header.X-Id")
    front(served(guarded_mock, authorizers=(by,)), host).request("GET", "/dev/a", [("x-id", "7")])
    [question] = host.questions
    assert split(question[8])[3].startswith("Root=1-")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/dev/a/1", [("x-id", "7")]),
        ("/dev/a/1?q=", [("x-id", "7")]),
        ("/dev/a/1?q=1", []),
        ("/dev/a/1?q=1", [("x-id", "")]),
    ],
)
def test_every_identity_source_must_be_there(path: str, headers: Headers) -> None:
    host = TestHost(policy_reply(allow("*")))
    by = request_authorizer("method.request.header.X-Id", "method.request.querystring.q")
    envoy = front(served(guarded(by="request"), authorizers=(by,)), host)
    assert envoy.request("GET", path, headers).verdict == "401 identity_missing"
    assert host.questions == []


def test_stage_variables_and_context_are_identity_sources() -> None:
    host = TestHost(policy_reply(allow("*")))
    sources = ("stageVariables.tenant", "context.httpMethod", "context.resourcePath", "context.apiId")
    stage = Stage(name="dev", variables=(("tenant", "acme"),), origin=Origin("gateline.yaml"))
    by = request_authorizer(*sources)
    envoy = front(served(guarded(by="request"), authorizers=(by,), stage=stage), host)
    assert envoy.request("GET", "/dev/a/1").verdict == "orders/dev GET /a/{id}"
    assert host.questions[0][2] == netstrings(
        "orders/dev", "request", "g1", "1", "acme", "1", "GET", "1", "/a/{id}", "1", "orders"
    )
    without = front(served(guarded(by="request"), authorizers=(by,)), host)
    assert without.request("GET", "/dev/a/1").verdict == "401 identity_missing"


def test_without_identity_sources_every_request_is_asked_about() -> None:
    host = TestHost(policy_reply(allow("*"), expires=0))
    by = request_authorizer(result_ttl=timedelta(0))
    envoy = front(served(guarded(by="request"), authorizers=(by,)), host)
    for _ in range(2):
        assert envoy.request("GET", "/dev/a/1").verdict == "orders/dev GET /a/{id}"
    assert [question[3] for question in host.questions] == ["0", "0"]


def test_authorizers_share_no_decision() -> None:
    host = TestHost(policy_reply(allow("*")))
    both = (token_authorizer("one"), token_authorizer("two"))
    envoy = front(
        served(guarded(path="/one", by="one"), guarded(path="/two", by="two"), authorizers=both), host
    )
    for path in ("/dev/one", "/dev/two", "/dev/one"):
        envoy.request("GET", path, GOOD)
    assert [question[1] for question in host.questions] == ["one", "two"]


def test_no_two_identities_have_the_same_key() -> None:
    host = TestHost(policy_reply(allow("*")))
    by = request_authorizer("method.request.multivalueheader.A", "method.request.multivalueheader.B")
    envoy = front(served(guarded(by="request"), authorizers=(by,)), host)
    callers: list[Headers] = [
        [("a", "x"), ("b", "y,z")],
        [("a", "x,y"), ("b", "z")],
        [("a", "x"), ("b", "y"), ("b", "z")],
        [("a", "x1:y"), ("b", "z")],
        [("a", "x"), ("a", "y"), ("b", "z")],
    ]
    for headers in callers:
        envoy.request("GET", "/dev/a/1", headers)
    assert len({question[2] for question in host.questions}) == len(callers)


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/dev/a/1?q=evil&q=good", [("x-id", "7")]), ("/dev/a/1?q=1", [("x-id", "evil"), ("x-id", "good")])],
)
def test_a_caller_has_one_identity(path: str, headers: Headers) -> None:
    host = TestHost(policy_reply(allow("*")))
    by = request_authorizer("method.request.header.X-Id", "method.request.querystring.q")
    methods = guarded(by="request")
    strict = front(served(methods, authorizers=(by,)), host)
    assert strict.request("GET", path, headers).verdict == "400 two_identities"
    assert host.questions == []
    as_amazon = front(served(methods, authorizers=(by,), paths=PathMode.AWS), host)
    assert as_amazon.request("GET", path, headers).verdict == "orders/dev GET /a/{id}"
