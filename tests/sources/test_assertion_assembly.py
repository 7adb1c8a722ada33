from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from gateline.model.assertion import Assertion, Binding
from gateline.model.origin import Origin

from .balancers import errors_of, gateway_of
from .conftest import DEFINITION, LoadProject

Json = dict[str, Any]


def project(*stages: Json, **parts: object) -> str:
    """A project whose stages a, b, ... have these assertions."""
    named = {name: {"assertion": said} for name, said in zip("abc", stages, strict=False)}
    return json.dumps({"apis": {"storefront": {"definition": "api.json", "stages": named}}, **parts})


def test_the_assertion_of_a_stage_arrives_whole(load_project: LoadProject) -> None:
    said = {"audience": "orders", "header": "X-Proof", "bind": "request", "integrations": "all"}
    keys = {"rotate_every_seconds": 60, "jwks_path": "/.well-known/keys"}
    gateway = gateway_of(load_project, project(said, {"audience": "bills"}, assertions=keys))
    one, other = gateway.apis[0].stages
    place = ("apis", "storefront", "stages")
    assert one.assertion == Assertion(
        audience="orders",
        header="x-proof",
        binding=Binding.REQUEST,
        everywhere=True,
        origin=Origin("gateline.yaml", (*place, "a", "assertion")),
    )
    assert other.assertion == Assertion(
        audience="bills", origin=Origin("gateline.yaml", (*place, "b", "assertion"))
    )
    assert (gateway.assertion_keys_every, gateway.jwks_path) == (timedelta(seconds=60), "/.well-known/keys")


def test_a_stage_has_none_unless_it_says_so(load_project: LoadProject) -> None:
    gateway = gateway_of(load_project, json.dumps({"apis": {"storefront": {"definition": "api.json"}}}))
    assert [stage.assertion for stage in gateway.apis[0].stages] == [None]
    assert (gateway.assertion_keys_every, gateway.jwks_path) == (timedelta(days=7), "")


@pytest.mark.parametrize(
    "header",
    [
        "X-Api-Key",
        "X-Amzn-Oidc-Data",
        "x-gl",
        "X-GL-Scope",
        "X-Envoy-Foo",
        "X-Forwarded-For",
        "X-Http-Method",
    ],
)
def test_a_header_with_a_meaning_of_its_own_carries_none(load_project: LoadProject, header: str) -> None:
    errors = errors_of(load_project, project({"audience": "orders", "header": header}))
    assert [error.split(" ")[0] for error in errors] == ["GL248"]


def defined(parameters: Json, **parts: object) -> str:
    """The definition with these parameters of its integration."""
    document = json.loads(DEFINITION)
    document["paths"]["/orders"]["get"]["x-amazon-apigateway-integration"]["requestParameters"] = parameters
    return json.dumps(document | parts)


@pytest.mark.parametrize("name", ["X-Gateline-Assertion", "x_gateline_assertion", "xgateline.assertion"])
def test_no_mapping_writes_the_header_in_any_spelling(load_project: LoadProject, name: str) -> None:
    files = {
        "gateline.yaml": project({"audience": "orders"}),
        "api.json": defined({f"integration.request.header.{name}": "'forged'"}),
    }
    report = load_project(files).report
    assert [each.code.name for each in report.diagnostics] == ["GL517"]


def test_no_authorizer_asks_callers_for_it(load_project: LoadProject) -> None:
    authorizer = {
        "type": "apiKey",
        "name": "X-Gateline-Assertion",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
            "type": "token",
            "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
            "arn:aws:lambda:us-east-1:123456789012:function:f/invocations",
        },
    }
    document = json.loads(DEFINITION)
    document["securityDefinitions"] = {"tokens": authorizer}
    document["paths"]["/orders"]["get"]["security"] = [{"tokens": []}]
    files = {
        "gateline.yaml": project({"audience": "orders"}, functions={"f": {"url": "http://127.0.0.1:1/"}}),
        "api.json": json.dumps(document),
    }
    report = load_project(files).report
    assert [each.code.name for each in report.diagnostics] == ["GL517"]


def test_the_header_is_free_where_no_stage_sends_it(load_project: LoadProject) -> None:
    files = {
        "gateline.yaml": project({"audience": "orders", "header": "X-Proof"}),
        "api.json": defined({"integration.request.header.X-Gateline-Assertion": "'mine'"}),
    }
    assert load_project(files).report.diagnostics == ()
