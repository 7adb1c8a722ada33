from pathlib import Path
from typing import Any

import pytest

from gateline.model.diagnostic import Complaints
from gateline.sources.definition import evaluate
from gateline.sources.document import Document
from gateline.sources.json_value import JsonValue
from sources.definitions import context, one, read

KNOWN = {
    "Link": "link-1",
    "Balancer.DNSName": "nlb.internal",
    "shared-export": "exported",
    "Map.eu.name": "mapped",
    "IsProd": "true",
    "IsDev": "False",
    "Subnets": "a,b,c",
}


def evaluated(value: JsonValue, **options: Any) -> tuple[JsonValue, list[str]]:
    """The value under a key that matters, evaluated; and what was said about it."""
    options.setdefault("substitutions", KNOWN)
    complaints = Complaints()
    root: JsonValue = {"paths": {"uri": value}}
    document = Document("api.json", Path("api.json"), "", root)
    result, placeholders, _ = evaluate(document, context(**options), complaints)
    placeholders.report(complaints, lenient=False)
    assert isinstance(result, dict)
    paths = result["paths"]
    assert isinstance(paths, dict)
    return paths.get("uri", "<left out>"), [d.message for d in complaints.report().diagnostics]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Link"}, "link-1"),
        ({"Fn::GetAtt": "Balancer.DNSName"}, "nlb.internal"),
        ({"Fn::GetAtt": ["Balancer", "DNSName"]}, "nlb.internal"),
        ({"Fn::Sub": "http://${Balancer.DNSName}/${Link}"}, "http://nlb.internal/link-1"),
        ({"Fn::Sub": ["'${H}-${Link}'", {"H": {"Ref": "Link"}}]}, "'link-1-link-1'"),
        ({"Fn::Sub": "${!NotThis} ${stageVariables.x}"}, "${NotThis} ${stageVariables.x}"),
        ({"Fn::Join": ["", ["http://", {"Fn::GetAtt": "Balancer.DNSName"}, "/x"]]}, "http://nlb.internal/x"),
        ({"Fn::Join": ["-", ["a", 1, True]]}, "a-1-true"),
        ({"Fn::Join": ["/", {"Ref": "Subnets"}]}, "a/b/c"),
        ({"Fn::Split": [",", {"Ref": "Subnets"}]}, ["a", "b", "c"]),
        ({"Fn::Select": [1, {"Fn::Split": [",", {"Ref": "Subnets"}]}]}, "b"),
        ({"Fn::Select": ["0", ["x", "y"]]}, "x"),
        ({"Fn::If": ["IsProd", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsDev", "yes", {"Ref": "Link"}]}, "link-1"),
        ({"Fn::If": ["IsDev", "yes", {"Ref": "AWS::NoValue"}]}, "<left out>"),
        ({"Fn::ImportValue": {"Fn::Sub": "shared-${E}"}}, "exported"),
        ({"Fn::FindInMap": ["Map", "eu", "name"]}, "mapped"),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::ToJsonString": {"a": {"Ref": "Link"}}}, '{"a": "link-1"}'),
        ("${Link} ${AWS::Region}", "link-1 eu-west-1"),
        (["a", {"Ref": "AWS::NoValue"}, {"Ref": "Link"}], ["a", "link-1"]),
        ({"a": {"b": {"Ref": "Link"}, "c": 1}}, {"a": {"b": "link-1", "c": 1}}),
        ({"${Link}": 1}, {"link-1": 1}),
    ],
)
def test_functions_are_evaluated(value: JsonValue, expected: JsonValue) -> None:
    assert evaluated(value, substitutions={**KNOWN, "E": "export"}) == (expected, [])


@pytest.mark.parametrize(
    ("name", "region", "expected"),
    [
        ("AWS::Region", "eu-west-1", "eu-west-1"),
        ("AWS::AccountId", "eu-west-1", "123456789012"),
        ("AWS::Partition", "eu-west-1", "aws"),
        ("AWS::Partition", "cn-north-1", "aws-cn"),
        ("AWS::Partition", "us-gov-east-1", "aws-us-gov"),
        ("AWS::URLSuffix", "eu-west-1", "amazonaws.com"),
        ("AWS::URLSuffix", "cn-north-1", "amazonaws.com.cn"),
        ("AWS::StackName", "eu-west-1", "storefront"),
        (
            "AWS::StackId",
            "eu-west-1",
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/storefront/a1b2c3",
        ),
    ],
)
def test_pseudo_parameters_come_from_the_project(name: str, region: str, expected: str) -> None:
    assert evaluated({"Ref": name}, region=region) == (expected, [])


def test_a_substitution_wins_over_a_pseudo_parameter() -> None:
    assert evaluated({"Ref": "AWS::StackName"}, substitutions={"AWS::StackName": "mine"}) == ("mine", [])


@pytest.mark.parametrize(
    ("value", "stands_in", "said"),
    [
        ({"Ref": "Nothing"}, "${Nothing}", "the value of 'Nothing' is not known"),
        ({"Fn::Sub": "http://${A.B}/"}, "http://${A.B}/", "the value of 'A.B' is not known"),
        ({"Fn::ImportValue": "x"}, "${x}", "the value of 'x' is not known"),
        ({"Fn::FindInMap": ["M", "a", "b"]}, "${M.a.b}", "the value of 'M.a.b' is not known"),
        ({"Fn::If": ["C", "first", "second"]}, "first", "the condition 'C' is not known"),
        ({"Fn::Select": [2, {"Fn::Split": [",", {"Ref": "L"}]}]}, "${L}", "the value of 'L' is not known"),
    ],
)
def test_what_has_no_value_is_told_by_the_name_to_add(value: JsonValue, stands_in: str, said: str) -> None:
    assert evaluated(value, substitutions={}) == (stands_in, [said])


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::Sub": 5},
        {"Fn::Sub": ["a"]},
        {"Fn::Sub": ["a", "b"]},
        {"Fn::Join": ["", 5]},
        {"Fn::Join": "x"},
        {"Fn::Join": ["", [{"a": 1}]]},
        {"Fn::Select": [7, ["a"]]},
        {"Fn::Select": ["x", ["a"]]},
        {"Fn::Split": ["", "a"]},
        {"Fn::If": ["IsProd"]},
        {"Fn::GetAtt": {"a": 1}},
        {"Fn::GetAZs": ""},
        {"Fn::Equals": ["a", "b"]},
        {"Fn::Cidr": ["a", "b"]},
    ],
)
def test_a_function_whose_arguments_do_not_fit_is_an_error(value: JsonValue) -> None:
    _, said = evaluated(value)
    assert len(said) == 1
    assert said[0].startswith(next(iter(value)) if isinstance(value, dict) else "")


def test_a_function_that_cannot_be_evaluated_is_told_once() -> None:
    result = read(one({"uri": {"Fn::Sub": {"not": "a text"}}, "connectionId": {"Fn::Cidr": []}}))
    assert result.errors == ["GL321", "GL321"]


def test_a_key_named_ref_with_a_mapping_is_no_function() -> None:
    value: JsonValue = {"Ref": {"type": "string"}}
    assert evaluated(value) == (value, [])


def test_text_that_stays_as_it_is_is_not_copied() -> None:
    value: JsonValue = {"a": ["${stageVariables.x}", {"b": "c"}]}
    result, said = evaluated(value)
    assert result is value
    assert said == []


@pytest.mark.parametrize("key", ["description", "credentials", "title", "example", "summary", "externalDocs"])
def test_names_under_keys_that_nothing_served_depends_on_are_warnings(key: str) -> None:
    _, said = evaluated({key: {"Ref": "Nothing"}}, substitutions={})
    assert said == ["the value of 'Nothing' is not known, and nothing that is served depends on it"]


def header(value: JsonValue) -> JsonValue:
    parameters: JsonValue = {"integration.request.header.X-Key": value}
    return {"x-amazon-apigateway-integration": {"requestParameters": parameters}}


@pytest.mark.parametrize(
    "value",
    [
        "${Key}",
        "'${Key}'",
        {"Ref": "Key"},
        {"Fn::Sub": "'${Key}'"},
        {"Fn::Sub": ["'${H}'", {"H": {"Ref": "Key"}}]},
        {"Fn::Join": ["", ["'Bearer ", {"Ref": "Key"}, "'"]]},
    ],
)
def test_a_secret_in_a_header_mapping_stays_a_reference(value: JsonValue) -> None:
    result, said = evaluated(header(value), secrets=("Key",))
    assert said == []
    assert "${Key}" in str(result)


@pytest.mark.parametrize(
    "value",
    [
        {"uri": "http://x/${Key}"},
        {"description": "${Key}"},
        {"uri": {"Ref": "Key"}},
        {"x": {"Fn::Sub": "a${Key}"}},
        {"x-amazon-apigateway-integration": {"requestParameters": {"integration.request.path.p": "${Key}"}}},
        {"requestParameters": {"integration.request.header.X": "${Key}"}},
        {"${Key}": 1},
        ["a", "$${Key}"],
        header({"Fn::Sub": "${Key}"})["x-amazon-apigateway-integration"],  # type: ignore[index,call-overload]
    ],
)
def test_a_secret_anywhere_else_is_an_error(value: JsonValue) -> None:
    _, said = evaluated(value, secrets=("Key",))
    assert set(said) == {"the secret 'Key' may not stand here"}
