"""What the script answers by itself: words, headers, reason codes; and that it leaves nothing behind."""

from __future__ import annotations

import pytest

from compile.gateways import api, compiled, gateway, http_proxy, literal, mapping, method, mock
from dataplane.simulated_envoy import REQUEST_ID, Outcome, SimulatedEnvoy
from gateline.dataplane import keys
from gateline.model.integration import Integration, IntegrationKind


@pytest.fixture(scope="module")
def envoy() -> SimulatedEnvoy:
    function = Integration(
        kind=IntegrationKind.AWS_PROXY, uri="arn:f", http_method="POST", origin=http_proxy().origin
    )
    return SimulatedEnvoy(
        compiled(
            gateway(
                api(
                    method("GET", "/a"),
                    method("GET", "/function", function),
                    method("GET", "/nowhere", http_proxy("http://${stageVariables.none}/")),
                    method(
                        "GET",
                        "/illegal",
                        http_proxy("http://b.test/", mapping("header.Content-Length", literal("1"))),
                    ),
                    method("GET", "/mock", mock(templates=(("application/json", "{}"),))),
                )
            ),
            allowed=["GL401"],
        )
    )


REFUSALS = [
    ("TRACE", "/dev/a", 405, '{"message":"Method Not Allowed"}', "BadRequestException", "trace"),
    ("GET", "*", 400, '{"message":"Bad Request"}', "BadRequestException", "request_target"),
    (
        "GET",
        "/dev/a?" + "x" * keys.URL_LIMIT,
        414,
        '{"message":"Request URI too long"}',
        "BadRequestException",
        "url_length",
    ),
    ("GET", "/dev/%", 400, '{"message":"Bad Request"}', "BadRequestException", "path_percent"),
    ("GET", "/none/a", 403, '{"message":"Forbidden"}', "ForbiddenException", "stage"),
    (
        "GET",
        "/dev/none",
        403,
        '{"message":"Missing Authentication Token"}',
        "MissingAuthenticationTokenException",
        "no_method",
    ),
    (
        "GET",
        "/dev/function",
        501,
        '{"message":"Not Implemented"}',
        "NotImplementedException",
        "not_supported",
    ),
    (
        "GET",
        "/dev/nowhere",
        500,
        '{"message": "Internal server error"}',
        "InternalServerErrorException",
        "invalid_endpoint",
    ),
    (
        "GET",
        "/dev/illegal",
        500,
        '{"message": "Internal server error"}',
        "InternalServerErrorException",
        "illegal_header",
    ),
    (
        "GET",
        "/dev/mock",
        500,
        '{"message": "Internal server error"}',
        "InternalServerErrorException",
        "mock_without_status",
    ),
]


@pytest.mark.parametrize(
    ("verb", "path", "status", "body", "error_type", "why"), REFUSALS, ids=[line[-1] for line in REFUSALS]
)
def test_a_refusal_has_amazons_words_its_headers_and_a_reason(
    envoy: SimulatedEnvoy, verb: str, path: str, status: int, body: str, error_type: str, why: str
) -> None:
    outcome = envoy.request(verb, path)
    assert outcome.answer is not None
    assert (outcome.answer.status, outcome.answer.body, outcome.why) == (status, body, why)
    assert outcome.answer.headers == {
        "content-type": "application/json",
        "x-amzn-requestid": REQUEST_ID,
        "x-amz-apigw-id": REQUEST_ID[:15] + "=",
        "x-amzn-errortype": error_type,
    }


def test_a_refused_request_is_never_sealed(envoy: SimulatedEnvoy) -> None:
    for verb, path, *_ in REFUSALS:
        outcome = envoy.request(verb, path)
        assert not outcome.sealed
        assert outcome.logged == ()


def test_the_budgets_hook_never_outlives_a_request(envoy: SimulatedEnvoy) -> None:
    assert not envoy.request("GET", "/dev/a").hooked
    for verb, path, *_ in REFUSALS:
        assert not envoy.request(verb, path).hooked, path


def test_a_body_over_the_limit_is_refused_before_anything_is_read(envoy: SimulatedEnvoy) -> None:
    outcome = envoy.request("GET", "/dev/a", [("content-length", str(keys.BODY_LIMIT + 1))])
    assert outcome.verdict == "413 body_length"
    assert outcome.answer is not None
    assert outcome.answer.body == "HTTP content length exceeded 10485760 bytes."
    assert outcome.answer.headers == {"content-type": "text; charset=utf-8"}


@pytest.mark.parametrize("length", ["0", "9999999", "10000000", str(keys.BODY_LIMIT), "0000010485760"])
def test_a_body_within_the_limit_passes(envoy: SimulatedEnvoy, length: str) -> None:
    assert envoy.request("GET", "/dev/a", [("content-length", length)]).sealed


@pytest.mark.parametrize("length", ["99999999", "18446744073709551616", "9" * 400])
def test_lengths_that_no_number_holds_are_over_the_limit(envoy: SimulatedEnvoy, length: str) -> None:
    assert envoy.request("GET", "/dev/a", [("content-length", length)]).verdict == "413 body_length"


def test_a_url_of_exactly_the_limit_passes(envoy: SimulatedEnvoy) -> None:
    path = "/dev/a?".ljust(keys.URL_LIMIT, "x")
    assert envoy.request("GET", path).sealed
    assert envoy.request("GET", path + "x").verdict == "414 url_length"


def passed(logged: bool) -> Outcome:
    served = gateway(api(method("GET", "/a/{id}", http_proxy("http://b.test/x"))))
    log = "/dev/null" if logged else None
    return SimulatedEnvoy(compiled(served, request_log=log)).request("GET", "/dev/a/7?q=1")


def test_a_passed_request_names_its_route_and_carries_its_id() -> None:
    outcome = passed(logged=False)
    assert outcome.state[keys.ROUTE_STATE] == "orders/dev GET /a/{id}"
    assert outcome.state[keys.REQUEST_ID_STATE] == REQUEST_ID
    assert outcome.metadata == {}


def test_the_request_line_is_kept_for_the_log_only_while_there_is_one() -> None:
    assert passed(logged=True).metadata == {keys.REQUEST: "GET /dev/a/7"}


def test_the_route_is_chosen_anew_at_least_once_after_the_mark_is_set() -> None:
    assert passed(logged=False).clears >= 1
