"""`x-amazon-apigateway-gateway-responses` as it is read."""

from typing import Any

import pytest

from gateline.model.gateway_response import RESPONSE_TYPES, Part, PartKind
from gateline.model.rest_api import GatewayResponse
from sources.definitions import Read, openapi, read


def responses(written: Any) -> Read:
    return read(openapi({}, **{"x-amazon-apigateway-gateway-responses": written}))


def one(**fields: Any) -> tuple[GatewayResponse, Read]:
    result = responses({"UNAUTHORIZED": fields})
    assert result.api is not None
    (found,) = result.api.gateway_responses
    return found, result


def text(value: str) -> Part:
    return Part(PartKind.TEXT, value)


def test_a_response_is_read_with_status_headers_and_templates() -> None:
    found, result = one(
        statusCode=401,
        responseParameters={"gatewayresponse.header.WWW-Authenticate": "'Basic'"},
        responseTemplates={"application/json": "{}"},
    )
    assert found == GatewayResponse(
        type="UNAUTHORIZED",
        status_code=401,
        headers=(("www-authenticate", text("Basic")),),
        templates=(("application/json", (text("{}"),)),),
        origin=found.origin,
    )
    assert result.codes == []


def test_a_status_may_be_text_and_everything_may_be_absent() -> None:
    assert one(statusCode="404")[0].status_code == 404
    found, result = one()
    assert (found.status_code, found.headers, found.templates, result.codes) == (None, (), (), [])


@pytest.mark.parametrize("name", RESPONSE_TYPES)
def test_every_type_of_amazons_is_taken(name: str) -> None:
    result = responses({name: {"responseTemplates": {"application/json": "{}"}}})
    assert result.api is not None
    assert ([found.type for found in result.api.gateway_responses], result.codes) == ([name], [])


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ("'*'", text("*")),
        ("''", text("")),
        ("method.request.header.Origin", Part(PartKind.HEADER, "Origin")),
        ("method.request.querystring.a.b", Part(PartKind.QUERYSTRING, "a.b")),
        ("method.request.path.id", Part(PartKind.PATH, "id")),
        ("stageVariables.origin", Part(PartKind.STAGE_VARIABLE, "origin")),
        ("context.error.message", Part(PartKind.CONTEXT, "error.message")),
        ("context.authorizer.claims.sub", Part(PartKind.CONTEXT, "authorizer.claims.sub")),
    ],
)
def test_a_header_has_one_of_these_sources(expression: str, part: Part) -> None:
    found, result = one(responseParameters={"gatewayresponse.header.X": expression})
    assert (found.headers, result.codes) == ((("x", part),), [])


@pytest.mark.parametrize(
    ("template", "parts"),
    [
        (
            '{"message":$context.error.messageString}',
            (text('{"message":'), Part(PartKind.CONTEXT, "error.messageString"), text("}")),
        ),
        ("$context.requestId.", (Part(PartKind.CONTEXT, "requestId"), text("."))),
        ("${context.requestId}x", (Part(PartKind.CONTEXT, "requestId"), text("x"))),
        ("$stageVariables.a", (Part(PartKind.STAGE_VARIABLE, "a"),)),
        (
            "$method.request.header.X-Id,${method.request.querystring.q}$method.request.path.id",
            (
                Part(PartKind.HEADER, "X-Id"),
                text(","),
                Part(PartKind.QUERYSTRING, "q"),
                Part(PartKind.PATH, "id"),
            ),
        ),
        ("costs $5 or 100%, #1", (text("costs $5 or 100%, #1"),)),
        ("", ()),
    ],
)
def test_a_template_is_text_with_references(template: str, parts: tuple[Part, ...]) -> None:
    found, result = one(responseTemplates={"text/plain": template})
    assert (found.templates, result.codes) == ((("text/plain", parts),), [])


@pytest.mark.parametrize(
    "template",
    ["$input.body", "$!context.requestId", "#if($x)", "#set ( $a = 1)", "$util.escapeJavaScript(1)"],
)
def test_what_only_vtl_knows_stays_and_is_told(template: str) -> None:
    found, result = one(responseTemplates={"text/plain": template})
    assert found.templates == (("text/plain", (text(template),)),)
    assert (result.codes, result.errors) == (["GL343"], [])


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({"NOT_FOUND": {}}, "GL318"),
        ({"UNAUTHORIZED": {"statusCode": 7}}, "GL339"),
        ({"UNAUTHORIZED": {"statusCode": 100}}, "GL318"),
        ({"UNAUTHORIZED": {"responseParameters": {"method.response.header.X": "'x'"}}}, "GL341"),
        ({"UNAUTHORIZED": {"responseParameters": {"gatewayresponse.header.A b": "'x'"}}}, "GL341"),
        (
            {
                "UNAUTHORIZED": {
                    "responseParameters": {
                        "gatewayresponse.header.X": "'x'",
                        "gatewayresponse.header.x": "'y'",
                    }
                }
            },
            "GL341",
        ),
        ({"UNAUTHORIZED": {"responseParameters": {"gatewayresponse.header.X": "static"}}}, "GL340"),
        ({"UNAUTHORIZED": {"responseParameters": {"gatewayresponse.header.X": 5}}}, "GL340"),
        ({"UNAUTHORIZED": {"responseParameters": {"gatewayresponse.header.X": "'a\nb'"}}}, "GL345"),
        (
            {
                "UNAUTHORIZED": {
                    "responseParameters": {"gatewayresponse.header.X": "integration.response.header.Y"}
                }
            },
            "GL340",
        ),
        (
            {"UNAUTHORIZED": {"responseParameters": {"gatewayresponse.header.X": "method.request.body"}}},
            "GL340",
        ),
        (
            {
                "UNAUTHORIZED": {
                    "responseParameters": {"gatewayresponse.header.X": "method.request.multivalueheader.Y"}
                }
            },
            "GL340",
        ),
        ({"UNAUTHORIZED": {"responseTemplates": {"text/plain\n": "x"}}}, "GL345"),
        ({"UNAUTHORIZED": 5}, "GL303"),
        ([], "GL303"),
    ],
)
def test_what_amazon_does_not_take_is_refused(written: Any, code: str) -> None:
    assert responses(written).errors == [code]


@pytest.mark.parametrize(
    "fields",
    [
        {"responseParameters": {"gatewayresponse.header.X": "context.eror.message"}},
        {"responseTemplates": {"text/plain": "$context.eror.message"}},
        {"responseParameters": {"gatewayresponse.header.Content-Length": "'5'"}},
        {"responseParameters": {"gatewayresponse.header.x-amzn-RequestId": "'5'"}},
    ],
)
def test_what_has_no_effect_is_told(fields: Any) -> None:
    _, result = one(**fields)
    assert (result.codes, result.errors) == (["GL343"], [])
