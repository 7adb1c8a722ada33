"""Parameter mappings: the table of api-gateway.md section 7, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gateline.integrations.outgoing import Refusal
from gateline.integrations.parameters import Parameters, PathValue, map_parameters, response_headers
from gateline.integrations.prepared import Prepared
from gateline.model.integration import LiteralSource
from gateline.model.secret import SecretRef
from integrations.hosted import entry, hosted, integration, mapping, prepared, request
from integrations.samples import AUTHORIZED, CALL, HEADERS

BODY = b'{"name": "Ada", "tags": ["a", "b"], "none": null}'


def mapped(parameters: Mapping[str, str], *, body: bytes = BODY) -> Parameters:
    of = integration(parameters=parameters)
    call = replace(CALL, authorized=AUTHORIZED, path_parameters=(("id", "a%20b"), ("proxy", "x/y%2Fz")))
    return map_parameters(prepared(of), request(of, call=call, headers=HEADERS, body=body))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("method.request.path.id", "a%20b"),
        ("method.request.path.missing", None),
        ("method.request.querystring.color", "blue"),
        ("method.request.querystring.q", "a b+"),
        ("method.request.querystring.missing", None),
        ("method.request.multivaluequerystring.color", "red,blue"),
        ("method.request.header.x-tenant", "acme"),
        ("method.request.header.X-Tenant", "acme"),
        ("method.request.header.x-request", "2"),
        ("method.request.multivalueheader.x-request", "1,2"),
        ("method.request.header.missing", None),
        ("method.request.multivalueheader.missing", None),
        ("method.request.header.Connection", None),
        ("method.request.body", BODY.decode()),
        ("method.request.body.name", "Ada"),
        ("method.request.body.tags", '["a","b"]'),
        ("method.request.body.tags[1]", "b"),
        ("method.request.body.none", None),
        ("method.request.body.missing", None),
        ("stageVariables.url", "internal.storefront"),
        ("stageVariables.missing", None),
        ("context.authorizer.principalId", "user-7"),
        ("context.identity.sourceIp", "203.0.113.9"),
        ("context.identity.user", None),
        ("context.nothing", None),
        ("'literal'", "literal"),
        ("''", ""),
    ],
)
def test_a_header_gets_the_value_of_its_source(expression: str, value: str | None) -> None:
    headers = mapped({"header.X-Out": expression}).headers
    assert headers == ({} if value is None else {"x-out": ("X-Out", value)})


def test_all_values_of_a_query_parameter_are_repeated_in_a_query() -> None:
    parameters = mapped(
        {
            "querystring.all": "method.request.multivaluequerystring.color",
            "querystring.last": "method.request.querystring.color",
            "querystring.headers": "method.request.multivalueheader.x-request",
            "querystring.none": "method.request.querystring.missing",
        }
    )
    assert parameters.query == {"all": ["red", "blue"], "last": ["blue"], "headers": ["1,2"]}


def test_a_path_gets_raw_segments_raw_and_all_else_as_text() -> None:
    parameters = mapped(
        {
            "path.a": "method.request.path.proxy",
            "path.b": "method.request.querystring.q",
            "path.c": "method.request.path.missing",
            "path.d": "method.request.header.missing",
        }
    )
    assert parameters.path == {
        "a": PathValue("x/y%2Fz", is_raw=True),
        "b": PathValue("a b+"),
    }


@pytest.mark.parametrize("body", [b'{"name": ', b"[", b'"', b"'x'"])
@pytest.mark.parametrize("expression", ["method.request.body.name", "method.request.body"])
def test_a_body_that_begins_as_json_and_is_none_is_400(body: bytes, expression: str) -> None:
    with pytest.raises(Refusal) as refused:
        mapped({"header.X": expression}, body=body)
    assert (refused.value.type, refused.value.message) == ("BAD_REQUEST_BODY", "Invalid JSON in request body")


@pytest.mark.parametrize("body", [b"", b"plain text", b"a=b"])
def test_other_bodies_have_no_members(body: bytes) -> None:
    assert mapped({"header.X": "method.request.body.name"}, body=body).headers == {}


def test_a_jsonpath_that_can_not_be_read_finds_nothing() -> None:
    assert mapped({"header.X": "method.request.body.[[["}).headers == {}


def test_a_literal_with_a_secret_is_envoys_to_add() -> None:
    line = replace(mapping("header.X", "'x'"), source=LiteralSource(("Bearer ", SecretRef("token"))))
    of = replace(integration(), request_parameters=(line,))
    assert map_parameters(Prepared(hosted(of)), request(of)).headers == {}


ANSWERED = ((b"X-One", b"1"), (b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"X-Empty", b""))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("integration.response.header.X-One", "1"),
        ("integration.response.header.x-one", "1"),
        ("integration.response.header.Set-Cookie", "b=2"),
        ("integration.response.multivalueheader.Set-Cookie", "a=1,b=2"),
        ("integration.response.header.missing", None),
        ("integration.response.header.X-Empty", None),
        ("integration.response.body", BODY.decode()),
        ("integration.response.body.name", "Ada"),
        ("integration.response.body.none", None),
        ("stageVariables.url", "internal.storefront"),
        ("context.requestId", CALL.request_id),
        ("'*'", "*"),
        ("''", None),
    ],
)
def test_a_response_header_gets_the_value_of_its_source(expression: str, value: str | None) -> None:
    of = integration(responses=[entry(headers={"X-Out": expression})])
    ready = prepared(of)
    headers = response_headers(ready.response_for("200"), ready, request(of), ANSWERED, BODY)
    assert headers == ({} if value is None else {"x-out": ("X-Out", value)})


def test_an_answer_that_begins_as_json_and_is_none_is_500() -> None:
    of = integration(responses=[entry(headers={"X-Out": "integration.response.body.name"})])
    ready = prepared(of)
    with pytest.raises(Refusal) as refused:
        response_headers(ready.response_for("200"), ready, request(of), (), b"{")
    assert refused.value.type == "API_CONFIGURATION_ERROR"
