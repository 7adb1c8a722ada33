"""What this version does not do is refused by name: DESIGN D10. Golden cases show the words."""

from __future__ import annotations

import pytest

from compile.gateways import ORIGIN, api, gateway, keyring, mapping, method
from gateline.compile import compile_gateway
from gateline.model.authorizer import Authorization, AuthorizationType
from gateline.model.integration import Integration, IntegrationKind, LiteralSource
from gateline.model.rest_api import Method, RestApi
from gateline.model.secret import SecretRef

ALL_ALLOWABLE = frozenset({"GL401", "GL407"})


def codes(served: RestApi, allowed: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """What is said about an API: codes and severities."""
    report = compile_gateway(gateway(served), keyring(), allowed=allowed).report
    return [(d.code.name, str(d.severity)) for d in report.diagnostics]


def with_authorization(**fields: object) -> Method:
    """A method that asks for authorization."""
    return method("GET", "/a", authorization=Authorization(origin=ORIGIN, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind", [AuthorizationType.CUSTOM, AuthorizationType.AWS_IAM, AuthorizationType.COGNITO_USER_POOLS]
)
def test_authorization_is_never_let_pass(kind: AuthorizationType) -> None:
    served = api(with_authorization(type=kind))
    assert codes(served, ALL_ALLOWABLE | {"GL511"}) == [("GL511", "error")]


def test_a_resource_policy_is_never_let_pass() -> None:
    assert codes(api(method("GET", "/a"), policy="{}"), ALL_ALLOWABLE | {"GL513"}) == [("GL513", "error")]


def unsupported() -> dict[str, RestApi]:
    """An API for each code that may be allowed."""
    function = Integration(kind=IntegrationKind.AWS_PROXY, uri="arn", http_method="POST", origin=ORIGIN)
    streamed = Integration(
        kind=IntegrationKind.AWS_PROXY,
        uri="arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/f/invocations",
        http_method="POST",
        response_transfer_mode="STREAM",
        origin=ORIGIN,
    )
    return {
        "GL407": api(method("POST", "/a", streamed)),
        "GL401": api(method("POST", "/a", function)),
    }


@pytest.mark.parametrize("which", unsupported())
def test_what_may_be_allowed_is_an_error_and_then_a_warning(which: str) -> None:
    code, served = which[:5], unsupported()[which]
    assert codes(served) == [(code, "error")]
    assert codes(served, frozenset({code})) == [(code, "warning")]
    assert codes(served, ALL_ALLOWABLE - {code}) == [(code, "error")]


def test_a_uri_that_streams_a_function_is_told_as_such() -> None:
    streamed = Integration(
        kind=IntegrationKind.AWS_PROXY,
        uri="arn:aws:apigateway:eu-west-1:lambda:path/2021-11-15/functions/f/response-streaming-invocations",
        http_method="POST",
        origin=ORIGIN,
    )
    assert codes(api(method("POST", "/a", streamed))) == [("GL407", "error")]


def test_no_request_to_an_aws_service_holds_a_secret() -> None:
    queue = Integration(
        kind=IntegrationKind.AWS,
        uri="arn:aws:apigateway:us-east-1:sqs:path/123456789012/orders",
        http_method="POST",
        request_parameters=(mapping("header.X-Secret", LiteralSource((SecretRef("s"),))),),
        origin=ORIGIN,
    )
    assert codes(api(method("POST", "/a", queue))) == [("GL610", "error")]


def test_one_refused_api_stops_the_whole_project() -> None:
    closed = api(with_authorization(type=AuthorizationType.CUSTOM), name="closed")
    result = compile_gateway(gateway(api(method("GET", "/a")), closed), keyring())
    assert result.resources is None


def test_every_fault_is_said_and_not_only_the_first() -> None:
    function = Integration(kind=IntegrationKind.AWS_PROXY, uri="arn", http_method="POST", origin=ORIGIN)
    both = method(
        "GET", "/a", function, authorization=Authorization(type=AuthorizationType.CUSTOM, origin=ORIGIN)
    )
    found = codes(api(both, policy="{}"))
    assert sorted(name for name, _ in found) == ["GL401", "GL511", "GL513"]


@pytest.mark.parametrize(
    "uri",
    [
        "${stageVariables.function}",
        "${unknown_value}",
        "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/f/invocations",
    ],
)
def test_a_function_behind_aws_proxy_is_supported(uri: str) -> None:
    integration = Integration(kind=IntegrationKind.AWS_PROXY, uri=uri, http_method="POST", origin=ORIGIN)
    assert codes(api(method("POST", "/a", integration))) == []
