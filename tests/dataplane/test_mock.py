"""Mocks in the script: whether the request's media type has a template (api-gateway.md sections 8 and 19)."""

from __future__ import annotations

import pytest

from compile.gateways import api, compiled, gateway, method, mock
from dataplane.simulated_envoy import SimulatedEnvoy
from gateline.model.integration import PassthroughBehavior

OK = '{"statusCode": 200}'
SERVED = "orders/dev POST /m"


def verdict(
    content_type: str | None, *media_types: str, passthrough: PassthroughBehavior = PassthroughBehavior.NEVER
) -> str:
    """What becomes of a POST with this Content-Type to a mock with templates for these media types."""
    integration = mock(templates=[(name, OK) for name in media_types], passthrough_behavior=passthrough)
    envoy = SimulatedEnvoy(compiled(gateway(api(method("POST", "/m", integration)))))
    headers = [] if content_type is None else [("content-type", content_type)]
    return envoy.request("POST", "/dev/m", headers).verdict


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;x",
        "Application/JSON",
        "application/json ;a",
    ],
)
def test_parameters_and_case_of_the_media_type_do_not_count(content_type: str) -> None:
    assert verdict(content_type, "application/json") == SERVED


def test_a_template_may_be_written_in_capitals() -> None:
    assert verdict("text/xml", "Text/XML") == SERVED


def test_a_request_without_a_content_type_is_json() -> None:
    assert verdict(None, "application/json") == SERVED
    assert verdict(None, "text/xml") == "415 media_type"
    assert verdict(None, "$default") == SERVED


def test_the_default_template_takes_every_media_type() -> None:
    assert verdict("text/html", "application/json", "$default") == SERVED


@pytest.mark.parametrize("passthrough", [PassthroughBehavior.NEVER, PassthroughBehavior.WHEN_NO_TEMPLATES])
def test_a_media_type_without_a_template_is_unsupported(passthrough: PassthroughBehavior) -> None:
    assert verdict("text/html", "application/json", passthrough=passthrough) == "415 media_type"


def test_a_body_that_passes_to_a_mock_has_no_status() -> None:
    found = verdict("text/html", "application/json", passthrough=PassthroughBehavior.WHEN_NO_MATCH)
    assert found == "500 mock_without_status"


def test_the_refusals_are_amazons_own_bytes() -> None:
    integration = mock(passthrough_behavior=PassthroughBehavior.NEVER)
    envoy = SimulatedEnvoy(compiled(gateway(api(method("POST", "/m", integration)))))
    answer = envoy.request("POST", "/dev/m", [("content-type", "text/html")]).answer
    assert answer is not None
    assert (answer.status, answer.body) == (415, '{"message": "Unsupported Media Type"}')
    assert answer.headers["x-amzn-errortype"] == "BadRequestException"


def test_a_mock_leaves_the_request_as_it_is() -> None:
    envoy = SimulatedEnvoy(compiled(gateway(api(method("POST", "/m", mock())))))
    outcome = envoy.request("POST", "/dev/m?x=1")
    assert (outcome.path, outcome.header(":method")) == ("/dev/m?x=1", "POST")
    assert outcome.header("x-amzn-trace-id") is None
