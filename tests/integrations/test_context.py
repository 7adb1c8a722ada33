"""`$context`: api-gateway.md section 18."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateline.integrations.context import context_value, remembered, template_context
from integrations.samples import AT, AUTHORIZED, CALL, REQUEST_ID

CONTEXT = template_context(replace(AT, call=replace(CALL, authorized=AUTHORIZED)), "curl/8.5.0")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("accountId", "123456789012"),
        ("apiId", "1234567890"),
        ("authorizer.principalId", "user-7"),
        ("authorizer.tenant", "acme"),
        ("authorizer.integrationLatency", "12"),
        ("domainName", "storefront.localhost"),
        ("domainPrefix", "storefront"),
        ("extendedRequestId", "c6af9ac6-7b61-1="),
        ("httpMethod", "GET"),
        ("identity.sourceIp", "203.0.113.9"),
        ("identity.userAgent", "curl/8.5.0"),
        ("operationName", "GetOrder"),
        ("path", "/prod/orders/7"),
        ("protocol", "HTTP/1.1"),
        ("requestId", REQUEST_ID),
        ("requestTime", "09/Apr/2015:12:34:56 +0000"),
        ("requestTimeEpoch", "1428582896789"),
        ("resourceId", "a1b2c3"),
        ("resourcePath", "/orders/{id}"),
        ("stage", "prod"),
        ("xrayTraceId", CALL.trace_id),
    ],
)
def test_variables_of_a_request_have_their_values(path: str, value: str) -> None:
    assert context_value(CONTEXT, path) == value


@pytest.mark.parametrize(
    "path",
    [
        "identity.user",
        "identity.apiKey",
        "identity",
        "authorizer",
        "authorizer.claims.sub",
        "error.message",
        "requestId.more",
        "nothing",
        "requestOverride.header.x",
        "",
    ],
)
def test_what_is_unknown_or_no_text_has_no_value(path: str) -> None:
    assert context_value(CONTEXT, path) is None


def test_dots_behind_authorizer_are_part_of_the_name() -> None:
    authorized = replace(AUTHORIZED, context=(("a.b", "dotted"),))
    context = template_context(replace(AT, call=replace(CALL, authorized=authorized)), None)
    assert context_value(context, "authorizer.a.b") == "dotted"


def test_a_key_is_told_where_the_method_needs_one() -> None:
    call = replace(CALL, api_key="k" * 20, api_key_id="key7")
    context = template_context(replace(AT, call=call), None)
    assert context_value(context, "identity.apiKey") == "k" * 20
    assert context_value(context, "identity.apiKeyId") == "key7"


def test_booleans_are_json_literals() -> None:
    assert context_value({"isCanaryRequest": False}, "isCanaryRequest") == "false"


def test_what_was_written_into_a_remembered_context_is_taken_back() -> None:
    inner: list[object] = ["a"]
    context: dict[str, object] = {"list": inner, "map": {"of": inner}}
    inner.append(context)  # templates may put a map into itself
    put_back = remembered(context)
    inner.insert(0, "b")
    context["map"] = None
    context["more"] = 1
    put_back()
    assert context.keys() == {"list", "map"}
    assert context["list"] is inner
    assert inner == ["a", context]
    assert context["map"] == {"of": inner}


def test_each_request_has_overrides_of_its_own() -> None:
    first, second = template_context(AT, None), template_context(AT, None)
    assert first["requestOverride"] is not second["requestOverride"]
    assert first["responseOverride"] == {"header": {}}


def test_templates_find_the_keys_in_amazons_order() -> None:
    context = template_context(AT, None)
    assert list(context) == [
        "resourceId", "resourcePath", "operationName", "httpMethod", "extendedRequestId", "requestTime", "path",
        "accountId", "protocol", "requestOverride", "stage", "domainPrefix", "requestTimeEpoch", "requestId",
        "identity", "domainName", "deploymentId", "responseOverride", "apiId",
    ]  # fmt: skip
