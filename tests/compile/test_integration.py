"""What becomes of integrations, by their kind: who performs them, and what is refused at run time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from compile.gateways import ORIGIN, api, gateway, http_proxy, keyring, literal, mapping, method, mock
from gateline.compile import compile_gateway
from gateline.compile.resources import RouteRow
from gateline.model.function import Function, FunctionKind
from gateline.model.hosting import HostedMethod
from gateline.model.integration import BodySource, Integration, IntegrationKind, IntegrationResponse
from gateline.model.rest_api import Method, RequestValidator

FUNCTION = "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:1:function:f/invocations"
QUEUE = "arn:aws:apigateway:r:sqs:path/1/orders"
VALIDATOR = RequestValidator(name="v", validate_body=True, validate_parameters=False, origin=ORIGIN)


def integration(kind: IntegrationKind, uri: str = "", **fields: Any) -> Integration:
    fields.setdefault("http_method", "POST")
    return Integration(kind=kind, uri=uri, origin=ORIGIN, **fields)


def done(served: Method) -> tuple[RouteRow, HostedMethod | None]:
    """The row of the only method, and what the host knows of it."""
    function = Function(name="f", kind=FunctionKind.URL, url="http://127.0.0.1:1/", origin=ORIGIN)
    project = gateway(
        api(served, request_validators=(VALIDATOR,), models=(("Order", "{}"),)), functions=(function,)
    )
    result = compile_gateway(project, keyring())
    assert result.resources is not None, result.report
    [row] = result.resources.routes
    hosted = [each for stage in result.hosting.stages for each in stage.methods]
    return row, hosted[0] if hosted else None


@pytest.mark.parametrize(
    ("served", "target"),
    [
        (integration(IntegrationKind.AWS, FUNCTION), "function f"),
        (integration(IntegrationKind.AWS, QUEUE), f"aws {QUEUE}"),
        (integration(IntegrationKind.HTTP, "http://b.test/x"), "http://b.test/x"),
        (mock(templates=(("application/json", '{"statusCode": $input.json("$.s")}'),)), "mock"),
        (mock(templates=()), "mock"),
    ],
    ids=["aws to a function", "aws to a service", "http", "mock that reads", "mock without template"],
)
def test_the_host_performs(served: Integration, target: str) -> None:
    row, hosted = done(method("POST", "/a", served))
    assert row.target == target
    assert hosted is not None
    assert hosted.integration is not None
    assert hosted.integration.kind is served.kind


@pytest.mark.parametrize("served", [mock(), http_proxy("http://b.test/")], ids=["mock", "http_proxy"])
def test_the_host_has_no_part_in(served: Integration) -> None:
    _, hosted = done(method("POST", "/a", served))
    assert hosted is None


def test_a_proxied_body_is_looked_at_when_a_model_or_a_mapping_asks_for_it() -> None:
    models = (("application/json", "Order"),)
    _, hosted = done(
        method("POST", "/a", http_proxy("http://b.test/"), request_validator="v", request_models=models)
    )
    assert hosted is not None
    assert (hosted.models, hosted.integration) == (models, None)
    _, hosted = done(method("POST", "/a", http_proxy("http://b.test/", mapping("header.X", BodySource("a")))))
    assert hosted is not None
    assert (hosted.bodies, hosted.models) == (("a",), ())


def test_a_constant_mock_with_a_model_is_the_hosts_too() -> None:
    """Envoy would answer it without looking at the body."""
    served = method(
        "POST", "/a", mock(), request_validator="v", request_models=(("application/json", "Order"),)
    )
    _, hosted = done(served)
    assert hosted is not None
    assert hosted.models == (("application/json", "Order"),)


@pytest.mark.parametrize("kind", [IntegrationKind.HTTP, IntegrationKind.HTTP_PROXY, IntegrationKind.AWS])
def test_an_illegal_header_is_a_500_at_run_time(kind: IntegrationKind) -> None:
    uri = FUNCTION if kind is IntegrationKind.AWS else "http://b.test/"
    served = integration(kind, uri, request_parameters=(mapping("header.Content-Length", literal("1")),))
    row, _ = done(method("POST", "/a", served))
    assert row.target == "500 Illegal header mapping: Content-Length"


def test_a_mock_takes_any_mapping_and_ignores_it() -> None:
    served = replace(mock(204), request_parameters=(mapping("header.Content-Length", literal("1")),))
    row, _ = done(method("POST", "/a", served))
    assert row.target == "mock 204"


def test_a_mapped_function_is_invoked_with_post_too() -> None:
    served = integration(IntegrationKind.AWS, FUNCTION, http_method="GET")
    row, _ = done(method("GET", "/a", served))
    assert row.target == "500 the httpMethod must be POST"


def test_the_host_gets_uris_with_stage_variables_put_in_and_no_secret() -> None:
    entry = IntegrationResponse(pattern=None, status_code=200, origin=ORIGIN)
    served = integration(IntegrationKind.HTTP, "http://${stageVariables.h}b.test/x/{id}", responses=(entry,))
    _, hosted = done(method("POST", "/a", served))
    assert hosted is not None
    assert hosted.integration is not None
    assert hosted.integration.uri == "http://b.test/x/{id}"
    assert (hosted.egress, hosted.authority) == ("orders/dev POST /a", "b.test")
