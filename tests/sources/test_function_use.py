from __future__ import annotations

import json
from typing import Any

import pytest

from gateline.model.diagnostic import Severity
from gateline.sources import Loaded
from gateline.sources.function_use import used_functions
from sources.definitions import openapi, operation

from .conftest import LoadProject

ONE = "apis: {one: {definition: api.json}}\n"
INVOCATION = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{}/invocations"
LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:"
DECLARED = "functions: {auth: {url: 'http://127.0.0.1:9001/'}, orders: {url: 'http://127.0.0.1:9002/'}}\n"


def document(authorizer_uri: object, *, proxy: object = None) -> str:
    """A definition whose operation asks an authorizer, and whose second one is a function if `proxy` is given."""
    paths: dict[str, Any] = {"/a": {"get": operation(security=[{"tokens": []}])}}
    if proxy is not None:
        paths["/f"] = {"get": operation({"type": "aws_proxy", "httpMethod": "POST", "uri": proxy})}
    scheme = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": authorizer_uri},
    }
    return json.dumps(openapi(paths, components={"securitySchemes": {"tokens": scheme}}), indent=1)


def messages(loaded: Loaded) -> list[str]:
    return [
        f"{d.code.name} {d.severity.value} {d.origin.json_pointer.rsplit('/', 1)[1]}: {d.message}"
        for d in loaded.report.diagnostics
        if d.code.name != "GL221"
    ]


@pytest.mark.parametrize(
    "uri",
    [
        INVOCATION.format(LAMBDA + "auth"),
        INVOCATION.format(LAMBDA + "auth:live"),
        INVOCATION.format("auth"),
        {"Fn::Sub": INVOCATION.format("${auth.Arn}")},
        {"Fn::Sub": INVOCATION.format("${auth.Arn}:live")},
        {"Fn::Sub": INVOCATION.format("${auth.Alias}")},
        {"Fn::Sub": INVOCATION.format(LAMBDA + "${auth}")},
        {"Fn::Sub": [INVOCATION.format("${Arn}"), {"Arn": {"Fn::GetAtt": ["auth", "Arn"]}}]},
        {"Fn::Join": ["", [INVOCATION.partition("{}")[0], {"Fn::GetAtt": "auth.Arn"}, "/invocations"]]},
        {
            "Fn::Join": [
                "/",
                [
                    "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions",
                    {"Ref": "auth"},
                    "invocations",
                ],
            ]
        },
        INVOCATION.format("${auth.Arn}"),
        "${authorizer_uri}",
        INVOCATION.format(LAMBDA + "${stageVariables.fn}"),
    ],
)
def test_every_form_of_a_uri_finds_its_function(load_project: LoadProject, uri: object) -> None:
    project = f"""
apis:
  one:
    definition: api.json
    substitutions: {{authorizer_uri: auth}}
    stages: {{prod: {{variables: {{fn: auth}}}}}}
{DECLARED}"""
    loaded = load_project({"gateline.yaml": project, "api.json": document(uri, proxy=uri)})
    assert messages(loaded) == []
    assert loaded.gateway is not None
    assert used_functions(loaded.gateway.apis[0], {"auth", "orders"}) == {"auth"}


def test_what_substitutions_say_comes_before_the_function_of_that_name(load_project: LoadProject) -> None:
    project = f"""
apis: {{one: {{definition: api.json, substitutions: {{auth.Arn: '{LAMBDA}orders'}}}}}}
{DECLARED}"""
    text = document({"Fn::Sub": INVOCATION.format("${auth.Arn}")})
    loaded = load_project({"gateline.yaml": project, "api.json": text})
    assert loaded.gateway is not None
    assert used_functions(loaded.gateway.apis[0], {"auth", "orders"}) == {"orders"}


def test_a_function_that_is_not_declared_is_told_with_a_declaration_to_copy(
    load_project: LoadProject,
) -> None:
    text = document(INVOCATION.format(LAMBDA + "checker:live"))
    loaded = load_project({"gateline.yaml": ONE + DECLARED, "api.json": text})
    assert messages(loaded) == ["GL224 error authorizerUri: the function 'checker:live' is not declared"]
    assert loaded.gateway is None
    (told,) = (d for d in loaded.report.diagnostics if d.code.name == "GL224")
    assert told.help == (
        "declare it in the project file: "
        "functions: {checker: {handler: checker.handler, code: functions/checker}}; "
        "declared are auth, orders"
    )


def test_a_function_that_was_nearly_declared_is_suggested(load_project: LoadProject) -> None:
    text = document(INVOCATION.format(LAMBDA + "auhth"), proxy=INVOCATION.format(LAMBDA + "order"))
    loaded = load_project({"gateline.yaml": ONE + DECLARED, "api.json": text})
    helps = [d.help for d in loaded.report.diagnostics if d.code.name == "GL224"]
    assert helps == [
        (
            "did you mean 'auth'? Otherwise declare it in the project file: "
            "functions: {auhth: {handler: auhth.handler, code: functions/auhth}}"
        ),
        (
            "did you mean 'orders'? Otherwise declare it in the project file: "
            "functions: {order: {handler: order.handler, code: functions/order}}"
        ),
    ]


def test_a_function_named_by_a_stage_variable_is_looked_up_for_each_stage(load_project: LoadProject) -> None:
    project = f"""
apis:
  one:
    definition: api.json
    stages: {{prod: {{variables: {{fn: auth}}}}, test: {{variables: {{fn: beta}}}}, dev: }}
{DECLARED}"""
    uri = INVOCATION.format(LAMBDA + "${stageVariables.fn}")
    loaded = load_project({"gateline.yaml": project, "api.json": document(uri)})
    assert messages(loaded)[1:] == [
        "GL224 error authorizerUri: the function 'beta' is not declared (${stageVariables.fn} in stage 'test')",
        "GL224 error authorizerUri: this is not the uri of a function (${stageVariables.fn} in stage 'dev')",
    ]


def test_a_cloudformation_name_that_is_not_declared_is_a_function_not_a_value(
    load_project: LoadProject,
) -> None:
    uri = {"Fn::Sub": INVOCATION.format("${Checker.Arn}")}
    loaded = load_project({"gateline.yaml": ONE, "api.json": document(uri, proxy=uri)})
    assert messages(loaded) == [
        "GL224 error Fn::Sub: the function 'Checker' is not declared (and in 1 more place)"
    ]


def test_one_function_in_many_places_is_told_once(load_project: LoadProject) -> None:
    uri = INVOCATION.format(LAMBDA + "checker")
    loaded = load_project({"gateline.yaml": ONE, "api.json": document(uri, proxy=uri)})
    assert messages(loaded) == [
        "GL224 error authorizerUri: the function 'checker' is not declared (in 2 places)"
    ]


def test_a_function_with_mappings_of_its_own_is_asked_too(load_project: LoadProject) -> None:
    uri = INVOCATION.format(LAMBDA + "orders")
    paths = {"/f": {"get": operation({"type": "aws", "httpMethod": "POST", "uri": uri})}}
    loaded = load_project({"gateline.yaml": ONE, "api.json": json.dumps(openapi(paths))})
    assert messages(loaded) == ["GL224 error uri: the function 'orders' is not declared"]


def test_another_service_behind_aws_proxy_is_no_function(load_project: LoadProject) -> None:
    text = document(INVOCATION.format("auth"), proxy="arn:aws:apigateway:eu-west-1:firehose:action/PutRecord")
    assert messages(load_project({"gateline.yaml": ONE + DECLARED, "api.json": text})) == []


@pytest.mark.parametrize(("checking", "severity"), [(True, Severity.WARNING), (False, Severity.ERROR)])
@pytest.mark.parametrize("uri", [INVOCATION.format("checker"), {"Fn::Sub": INVOCATION.format("${Ch.Arn}")}])
def test_a_bare_document_that_is_checked_may_name_any_function(
    load_project: LoadProject, uri: object, *, checking: bool, severity: Severity
) -> None:
    loaded = load_project({"api.json": document(uri)}, checking=checking)
    assert {d.severity for d in loaded.report.diagnostics if d.code.name == "GL224"} == {severity}


def test_a_function_whose_declaration_is_wrong_does_not_count_as_missing(load_project: LoadProject) -> None:
    text = document(INVOCATION.format("auth"))
    loaded = load_project({"gateline.yaml": ONE + "functions: {auth: {timeout: 0}}", "api.json": text})
    assert {d.code.name for d in loaded.report.diagnostics} == {"GL205"}


def test_a_function_that_nobody_asks_is_a_warning(load_project: LoadProject) -> None:
    text = document(INVOCATION.format("auth"))
    loaded = load_project({"gateline.yaml": ONE + DECLARED, "api.json": text})
    [told] = loaded.report.diagnostics
    assert told.message == "no definition and no target group uses the function 'orders'"


def test_an_authorizer_that_no_method_asks_is_a_warning(load_project: LoadProject) -> None:
    value = json.loads(document(INVOCATION.format("auth")))
    del value["paths"]["/a"]["get"]["security"]
    loaded = load_project({"gateline.yaml": ONE + DECLARED, "api.json": json.dumps(value)})
    assert "GL510 warning x-amazon-apigateway-authorizer: no method asks the authorizer 'tokens'" in messages(
        loaded
    )
