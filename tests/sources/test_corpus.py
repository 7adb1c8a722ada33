"""Real definitions of other people: each is read, or refused for a reason that its author would accept.

The table holds, for every document of the shared corpus, what is said about it when it is checked on its own:
the code and how often, errors with a `!`. A change here is a change that users see.
"""

from __future__ import annotations

import copy
import csv
import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateline.model.diagnostic import Complaints, Severity
from gateline.model.origin import Position
from gateline.sources import load
from gateline.sources.document import Document, JsonValue, locate, read_document
from gateline.sources.function_use import used_functions
from gateline.sources.openapi import read_rest_api
from sources.definitions import CORPUS, context

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the shared corpus does not lie beside this repository"
)

OPENAPI = {
    "MyCryptoHQ__parity-ecs__api-gateway.yaml": {"GL302!": 1},
    "aws-samples__api-gateway-secure-pet-store__swagger.yaml": {"GL305": 1},
    "aws-samples__serverless-patterns__api.yaml": {"GL320": 3},
    "aws-samples__serverless-patterns__apigw-ddb-openapi-crud-api.yaml": {"GL320": 2},
    "aws-samples__serverless-patterns__apigw-rest-apigw-rest-api.yaml": {"GL320": 2, "GL323": 1},
    "aws-samples__serverless-patterns__template.yaml": {"GL302!": 1},
    "aws-samples__serverless-samples__api-gateway-config.yaml": {"GL320": 2},
    "aws-samples__serverless-samples__api-swagger.yaml": {"GL224": 4, "GL320": 1},
    "aws-samples__serverless-samples__swagger.yaml": {"GL224": 1, "GL320": 7, "GL342": 14},
    "aws__serverless-application-model__api_with_auth_all_maximum.json": {"GL302!": 1},
    "aws__serverless-application-model__explicit_http_api.yaml": {"GL302!": 1},
    "awslabs__aws-api-gateway-developer-portal__PestStore-prod-swagger-apigateway.json": {},
    "awslabs__aws-apigateway-importer__apigateway.json": {"GL348": 2},
    "getmoto__moto__test_api_integration.yaml": {"GL348": 16},
    "govuk-one-login__authentication-api__openapi.yaml": {"GL320": 7},
    "govuk-one-login__ipv-cri-address-api__public-api.yaml": {"GL224": 1, "GL320": 4},
    "localstack__localstack__openapi.spec.global-auth.json": {"GL320": 1},
    # an HTTP API with its own CORS: its author would miss the preflight answers
    "localstack__localstack__openapi.spec.json": {"GL309!": 1, "GL343": 1},
    "localstack__localstack__openapi.spec.stage-variables.json": {},
    "localstack__localstack__petstore-authorizer.swagger.json": {"GL320": 1},
    "ministryofjustice__opg-data-lpa__lpa-openapi.yml": {"GL320": 2},
}

METHODS = {
    "aws-samples__api-gateway-secure-pet-store__swagger.yaml": 9,
    "aws-samples__serverless-patterns__api.yaml": 1,
    "aws-samples__serverless-samples__swagger.yaml": 16,
    "awslabs__aws-api-gateway-developer-portal__PestStore-prod-swagger-apigateway.json": 7,
    "awslabs__aws-apigateway-importer__apigateway.json": 2,
    "localstack__localstack__petstore-authorizer.swagger.json": 6,
    "ministryofjustice__opg-data-lpa__lpa-openapi.yml": 4,
}


def manifest() -> dict[str, str]:
    """The kind of every file of the corpus."""
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["kind"] for row in csv.DictReader(file, delimiter="\t")}


def checked(name: str) -> tuple[int, dict[str, int]]:
    complaints = Complaints()
    document = read_document(CORPUS / name, name, complaints)
    assert document is not None
    api = read_rest_api(document, context(), complaints, bare=True)
    found = Counter(
        f"{d.code.name}{'!' if d.severity is Severity.ERROR else ''}" for d in complaints.report().diagnostics
    )
    assert all(
        locate(document, d.origin.pointer) != Position(1, 1)
        for d in complaints.report().diagnostics
        if d.origin.pointer[1:]
    )
    return len(api.methods) if api is not None else 0, dict(found)


@pytest.mark.parametrize("name", OPENAPI)
def test_a_real_definition_is_read_or_refused_for_the_listed_reasons(name: str) -> None:
    methods, said = checked(name)
    assert said == OPENAPI[name]
    assert methods == METHODS.get(name, methods)
    assert methods > 0 or "GL302!" in said


def test_every_definition_of_the_corpus_is_listed() -> None:
    assert set(OPENAPI) == {name for name, kind in manifest().items() if "openapi" in kind}


def test_templates_without_a_definition_get_the_clear_word_too() -> None:
    for name in (name for name, kind in manifest().items() if kind == "cfn"):
        assert checked(name) == (0, {"GL302!": 1})


def test_real_definitions_are_read_whole_once_their_values_are_given() -> None:
    known = {
        "LocationsServiceLoadBalancer.DNSName": "locations.internal",
        "ResourcesServiceLoadBalancer.DNSName": "resources.internal",
        "BookingsServiceLoadBalancer.DNSName": "bookings.internal",
        "LocationsServiceVPCLink": "locations",
        "ResourcesServiceVPCLink": "resources",
        "BookingsServiceVPCLink": "bookings",
        "AuthorizerFunction.Arn": "arn:aws:lambda:eu-west-1:1:function:authorizer",
        "AuthorizerFunctionExecutionRole.Arn": "arn:aws:iam::1:role/x",
    }
    name = "aws-samples__serverless-samples__swagger.yaml"
    complaints = Complaints()
    document = read_document(CORPUS / name, name, complaints)
    assert document is not None
    api = read_rest_api(document, context(substitutions=known), complaints)
    assert {d.code.name for d in complaints.report().diagnostics} == {"GL342"}
    assert api is not None
    assert api.title == "storefront-API"
    assert api.methods[0].integration.uri == "http://locations.internal/locations"
    assert api.methods[0].integration.connection_id == "locations"


ASKED = {
    "aws-samples__serverless-samples__api-swagger.yaml": (
        {"AuthorizerFunctionExecutionRole.Arn": "arn:aws:iam::1:role/x"},
        {"LocationsFunction", "ResourcesFunction", "BookingsFunction", "AuthorizerFunction"},
    ),
    "govuk-one-login__authentication-api__openapi.yaml": (
        {
            "authorizer_uri": "authorizer",
            "authorizer_credentials": "",
            **{
                f"endpoint_modules.{name}.integration_uri": name
                for name in (
                    "authenticate",
                    "update-password",
                    "update-email",
                    "delete-account",
                    "send-otp-notification",
                    "update-phone-number",
                )
            },
        },
        {
            "authorizer",
            "authenticate",
            "update-password",
            "update-email",
            "delete-account",
            "send-otp-notification",
            "update-phone-number",
        },
    ),
    "govuk-one-login__ipv-cri-address-api__public-api.yaml": (
        {
            "CommonStackName": "common",
            "IsNotDevEnvironment": "true",
            "IsLocalDevEnvironment": "false",
            "Environment": "dev",
        },
        {"common-AccessTokenFunctionTS", "IssueCredentialFunction:live"},
    ),
    "localstack__localstack__openapi.spec.global-auth.json": (
        {"authorizer_lambda_invocation_arn": "authorizer"},
        {"authorizer"},
    ),
    "localstack__localstack__petstore-authorizer.swagger.json": (
        {"uri": "http://petstore.internal/pets"},
        {"function-name"},
    ),
    "ministryofjustice__opg-data-lpa__lpa-openapi.yml": (
        {"region": "eu-west-1", "account_id": "123456789012", "environment": "dev", "allowed_roles": ""},
        {"flask"},
    ),
}
"""Definitions whose authorizers or integrations are functions: what gives them values, and whom they ask."""


@pytest.mark.parametrize("name", ASKED)
def test_real_definitions_find_the_functions_that_they_ask(name: str, tmp_path: Path) -> None:
    substitutions, functions = ASKED[name]
    project = {
        "apis": {
            "one": {
                "definition": str(CORPUS / name),
                "substitutions": substitutions,
                "stages": {"dev": {"variables": {"flask_app_name": "flask"}}},
            }
        },
        "functions": {name: {"url": "http://127.0.0.1:9001/"} for name in functions},
    }
    path = tmp_path / "gateline.json"
    path.write_text(json.dumps(project), encoding="utf-8")
    loaded = load(path, environ={})
    said = {f"{d.code.name} {d.message}" for d in loaded.report.diagnostics}
    assert loaded.report.error_count == 0, said
    assert loaded.gateway is not None
    assert used_functions(loaded.gateway.apis[0], functions) == functions
    assert not any("no definition and no target group uses the function" in line for line in said)


@cache
def values() -> list[JsonValue]:
    complaints = Complaints()
    documents = [
        read_document(CORPUS / name, name, complaints) for name in OPENAPI if "GL302!" not in OPENAPI[name]
    ]
    return [document.value for document in documents if document is not None]


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        [
            {"$ref": "#"},
            {"$ref": "#/paths"},
            {"$ref": 5},
            {"Ref": "X"},
            {"Fn::Sub": "${X}"},
            {"Fn::Join": ["", [{"Ref": "AWS::NoValue"}]]},
            {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "no.yaml"}}},
            "${Key}",
            "'${Key}'",
            "http://{x}/",
            "http://${stageVariables.a}/",
            [],
            {},
            [[]],
            {"": ""},
        ]
    ),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(st.data())
def test_no_mangled_definition_is_a_fault_of_gateline(data: st.DataObject) -> None:
    root = json.loads(json.dumps(data.draw(st.sampled_from(values()), label="document")))
    for _ in range(data.draw(st.integers(1, 4), label="times")):
        mangle(root, data)
    document = Document("mangled.json", Path("mangled.json"), json.dumps(root), root)
    complaints = Complaints()
    read_rest_api(
        document,
        context(secrets=("Key",), stages={"dev": {"a": "h"}}),
        complaints,
        bare=data.draw(st.booleans()),
    )
    for diagnostic in complaints.report().diagnostics:
        assert diagnostic.message
        locate(document, diagnostic.origin.pointer)


def mangle(value: JsonValue, data: st.DataObject) -> None:
    """Put something odd somewhere into a value."""
    while isinstance(value, (dict, list)) and value:
        key = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        below: JsonValue = value[key]  # type: ignore[call-overload,index]
        if not (isinstance(below, (dict, list)) and below) or data.draw(st.integers(0, 5)) == 0:
            if isinstance(value, dict) and data.draw(st.booleans()):
                value[data.draw(st.text(max_size=6))] = value.pop(str(key))
            else:
                value[key] = copy.deepcopy(data.draw(ODD))  # type: ignore[call-overload,index]
            return
        value = below


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(OPENAPI)), st.integers(0, 10_000), st.integers(0, 200), st.binary(max_size=12))
def test_no_bytes_are_a_fault_of_gateline(
    tmp_path_factory: pytest.TempPathFactory, name: str, start: int, length: int, inserted: bytes
) -> None:
    raw = (CORPUS / name).read_bytes()
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(raw[:start] + inserted + raw[start + length :])
    complaints = Complaints()
    document = read_document(path, name, complaints)
    assert document is not None or complaints.report().error_count > 0
    if document is not None:
        read_rest_api(document, context(), complaints)
