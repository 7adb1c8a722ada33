from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from .conftest import DEFINITION, LoadProject, said


def definition(*integrations: Mapping[str, object], **root: object) -> str:
    """A document with one GET for each integration, on one line each."""
    paths = {}
    for index, integration in enumerate(integrations):
        proxy = {"type": "http_proxy", "httpMethod": "GET", "uri": "http://10.0.0.1/", **integration}
        paths[f"/p{index}"] = {"get": {"responses": {}, "x-amazon-apigateway-integration": proxy}}
    document = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": paths, **root}
    return json.dumps(document, indent=1)


def messages(load_project: LoadProject, project: str, text: str = DEFINITION) -> list[str]:
    """What is said about a project whose only definition is `text`: code and message."""
    loaded = load_project({"gateline.yaml": project, "api.json": text}, environ={"A": "x"})
    return [f"{d.code.name} {d.severity.value}: {d.message}" for d in loaded.report.diagnostics]


TWO = "apis: {one: {definition: api.json}, two: {definition: api.json}}\n"
ONE = "apis: {one: {definition: api.json}}\n"


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        (
            TWO + "gateway: {default_api: tow}",
            ["GL215 error: gateway.default_api names 'tow', but there is no such API"],
        ),
        (
            TWO + "gateway: {hosts: [a.example.com]}",
            [
                (
                    "GL215 error: gateway.hosts reach the default API, but there are several"
                    " APIs and none is named"
                )
            ],
        ),
        (TWO + "gateway: {hosts: [a.example.com], default_api: two}", []),
        (ONE + "gateway: {hosts: [a.example.com]}", []),
        (
            ONE + "gateway: {hosts: [a.example.com, b.example.com, A.example.com.]}",
            ["GL216 error: the host 'a.example.com' is written twice"],
        ),
        (
            TWO + "gateway: {hosts: [one.localhost], default_api: two}",
            ["GL216 error: the host 'one.localhost' belongs to the API 'one', not to the default API"],
        ),
        (
            TWO + "gateway: {hosts: [one.execute-api.eu-west-1.amazonaws.com], default_api: two}",
            [
                (
                    "GL216 error: the host 'one.execute-api.eu-west-1.amazonaws.com'"
                    " belongs to the API 'one',"
                    " not to the default API"
                )
            ],
        ),
        (TWO + "gateway: {hosts: [two.localhost, one.example.com], default_api: two}", []),
        (
            "apis: {one: {definition: api.json, id: two}, two: {definition: api.json}}\ngateway: {default_api: two}",
            ["GL217 error: the APIs 'one' and 'two' have the same id 'two'"],
        ),
        (
            "apis: {one: {definition: api.json, substitutions: {S: x}}}\nsecrets: {S: {env: A}}",
            [
                "GL218 error: 'S' is a substitution of 'one' and a secret; ${S} could mean either",
                "GL221 warning: no definition uses the secret 'S'",
                "GL221 warning: the definition of 'one' does not use the substitution 'S'",
            ],
        ),
    ],
)
def test_what_a_project_says_about_itself_must_fit(
    load_project: LoadProject, project: str, expected: list[str]
) -> None:
    assert messages(load_project, project) == expected


def test_a_misspelled_default_api_gets_the_right_one(load_project: LoadProject) -> None:
    loaded = load_project(TWO + "gateway: {default_api: tow}")
    assert loaded.report.diagnostics[0].help == "did you mean 'two'?"


USES = definition(
    {"uri": "http://${stageVariables.url}/a"},
    {
        "uri": "http://${stageVariables.url}:${stageVariables.port}/b",
        "credentials": "arn:aws:iam::123456789012:role/${stageVariables.role}",
        "requestParameters": {"integration.request.header.X": "stageVariables.mapped"},
    },
    {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": $stageVariables.status}'}},
    {
        "type": "mock",
        "requestTemplates": {"application/json": "$stageVariables.get('got') ${stageVariables['it']}"},
    },
)


def test_an_undefined_stage_variable_is_one_warning_that_names_the_stages(load_project: LoadProject) -> None:
    project = "apis: {one: {definition: api.json, stages: {a: , b: {variables: {url: x, role: x}}, c: }}}"
    found = [line for line in messages(load_project, project, USES) if line.startswith("GL219")]
    assert found == [
        (
            "GL219 warning: the stage variable 'url' is used (2 places) but not defined in"
            " stages 'a', 'c' of 'one'"
        ),
        "GL219 warning: the stage variable 'port' is used but not defined in stages 'a', 'b', 'c' of 'one'",
        "GL219 warning: the stage variable 'role' is used but not defined in stages 'a', 'c' of 'one'",
        "GL219 warning: the stage variable 'mapped' is used but not defined in stages 'a', 'b', 'c' of 'one'",
        "GL219 warning: the stage variable 'status' is used but not defined in stages 'a', 'b', 'c' of 'one'",
        "GL219 warning: the stage variable 'got' is used but not defined in stages 'a', 'b', 'c' of 'one'",
        "GL219 warning: the stage variable 'it' is used but not defined in stages 'a', 'b', 'c' of 'one'",
    ]


def test_a_stage_variable_that_only_a_response_reads_is_told_too(load_project: LoadProject) -> None:
    response = {
        "statusCode": "200",
        "responseParameters": {"method.response.header.X": "stageVariables.mapped"},
        "responseTemplates": {"application/json": "${stageVariables.put}"},
    }
    mock = {"type": "mock", "responses": {"default": response}}
    proxy = {
        "responses": {"default": {**response, "responseTemplates": {"text/plain": "$stageVariables.not"}}}
    }
    found = messages(load_project, ONE, definition(mock, proxy))
    assert [line.split("'")[1] for line in found if line.startswith("GL219")] == ["mapped", "put"]


def test_an_undefined_stage_variable_is_said_where_it_is_used_first(load_project: LoadProject) -> None:
    loaded = load_project(
        {"gateline.yaml": ONE, "api.json": definition({"uri": "http://${stageVariables.u}/"})}
    )
    assert said(loaded) == [
        "GL219 api.json:14:13 the stage variable 'u' is used but not defined in stage 'dev' of 'one'"
    ]
    assert loaded.gateway is not None


def test_stage_variables_of_authorizers_count(load_project: LoadProject) -> None:
    function = "arn:aws:lambda:us-east-1:123456789012:function:${stageVariables.fn}"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    scheme = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
            "type": "request",
            "identitySource": "method.request.header.Authorization, stageVariables.tenant",
            "authorizerUri": uri,
        },
    }
    found = messages(load_project, ONE, definition({}, securityDefinitions={"tokens": scheme}))
    assert [line.split("'")[1] for line in found if line.startswith("GL219")] == ["fn", "tenant"]


LINKED = {"connectionType": "VPC_LINK", "connectionId": "storefront-link"}
BY_STAGE = {"connectionType": "VPC_LINK", "connectionId": "${stageVariables.link}"}


def test_a_declared_link_is_found_by_its_name(load_project: LoadProject) -> None:
    project = ONE + "vpc_links: {storefront-link: {target: 10.0.0.1:80}}"
    assert messages(load_project, project, definition(LINKED)) == []


def test_a_link_that_is_not_declared_is_an_error_once(load_project: LoadProject) -> None:
    project = ONE + "vpc_links: {storefrnt-link: {target: 10.0.0.1:80}}"
    assert messages(load_project, project, definition(LINKED, LINKED)) == [
        "GL220 error: the VPC link 'storefront-link' is not declared",
        "GL221 warning: no definition uses the VPC link 'storefrnt-link'",
    ]


def test_a_link_named_by_a_stage_variable_is_looked_up_for_each_stage(load_project: LoadProject) -> None:
    project = """
apis:
  one:
    definition: api.json
    stages: {prod: {variables: {link: l}}, test: {variables: {link: m}}, dev: }
vpc_links: {l: {target: 10.0.0.1:80}}
"""
    assert messages(load_project, project, definition(BY_STAGE)) == [
        "GL219 warning: the stage variable 'link' is used but not defined in stage 'dev' of 'one'",
        "GL220 error: the VPC link 'm' is not declared (${stageVariables.link} in stage 'test')",
        "GL220 error: the VPC link is empty: ${stageVariables.link} has no value in stage 'dev'",
    ]


def test_a_link_whose_declaration_is_wrong_does_not_count_as_missing(load_project: LoadProject) -> None:
    project = ONE + "vpc_links: {storefront-link: {target: 'nonsense:x'}}"
    assert [line[:5] for line in messages(load_project, project, definition(LINKED))] == ["GL205"]


def test_what_nobody_uses_is_a_warning(load_project: LoadProject) -> None:
    project = """
apis: {one: {definition: api.json, substitutions: {host: a.example.com, hots: b}}}
secrets: {Used: {env: A}, Unused: {env: A}}
vpc_links: {l: {target: 10.0.0.1:80}}
"""
    text = definition(
        {"uri": "http://${host}/", "requestParameters": {"integration.request.header.S": "'Bearer ${Used}'"}}
    )
    assert messages(load_project, project, text) == [
        "GL221 warning: no definition uses the secret 'Unused'",
        "GL221 warning: no definition uses the VPC link 'l'",
        "GL221 warning: the definition of 'one' does not use the substitution 'hots'",
    ]


def test_nothing_counts_as_unused_while_a_definition_cannot_be_read(load_project: LoadProject) -> None:
    project = "apis: {one: {definition: api.json}, two: {definition: none.json}}\nsecrets: {S: {env: A}}\n"
    project += "gateway: {default_api: one}"
    assert [line[:5] for line in messages(load_project, project)] == ["GL213"]


def test_a_substitution_that_an_intrinsic_writes_in_two_parts_is_used(load_project: LoadProject) -> None:
    uri = {"Fn::Join": ["", ["http://", {"Fn::GetAtt": ["Balancer", "DNSName"]}, "/"]]}
    project = "apis: {one: {definition: api.json, substitutions: {Balancer.DNSName: a.example.com, Other.Arn: x}}}\n"
    assert messages(load_project, project, definition({"uri": uri})) == [
        "GL221 warning: the definition of 'one' does not use the substitution 'Other.Arn'"
    ]
