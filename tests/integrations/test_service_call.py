"""`aws` with other services: the calls that API Gateway makes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateline.integrations.outgoing import Refusal, ServiceCall
from gateline.integrations.parameters import Parameters, PathValue
from gateline.integrations.service_call import service_call
from gateline.model.integration import IntegrationKind
from integrations.hosted import integration, request
from integrations.samples import CALL


def called(
    uri: str, parameters: Parameters | None = None, *, payload: bytes = b"{}", verb: str = "POST"
) -> ServiceCall:
    of = integration(IntegrationKind.AWS, uri=f"arn:aws:apigateway:eu-west-1:{uri}", verb=verb)
    return service_call(of, request(of, call=replace(CALL, verb="POST")), parameters or Parameters(), payload)


@pytest.mark.parametrize(
    ("uri", "service", "subdomain", "path", "query"),
    [
        ("sqs:path/123456789012/queue", "sqs", "", "/123456789012/queue", ""),
        ("sqs:path//", "sqs", "", "/", ""),
        ("s3:path/{bucket}/{key}", "s3", "", "/photos/2024/a%20b.png", ""),
        ("s3:path/{bucket}?list-type=2", "s3", "", "/photos", "list-type=2"),
        ("photos.s3:path/{key}", "s3", "photos", "/2024/a%20b.png", ""),
        ("sns:action/Publish", "sns", "", "/", "Action=Publish"),
        ("sqs:action/SendMessage", "sqs", "", "/", "Action=SendMessage"),
        ("iam:action/GetUser&UserName={bucket}", "iam", "", "/", "Action=GetUser&UserName=photos"),
        ("ssm:action/GetParameter", "ssm", "", "/", "Action=GetParameter"),
        ("dynamodb:action/PutItem", "dynamodb", "", "/", ""),
    ],
)
def test_a_uri_is_a_call(uri: str, service: str, subdomain: str, path: str, query: str) -> None:
    values = {
        "bucket": PathValue("photos", is_raw=True),
        "key": PathValue("2024/a%20b.png", is_raw=True),
    }
    call = called(uri, Parameters(path=values))
    assert (call.service, call.subdomain, call.region) == (service, subdomain, "eu-west-1")
    assert (call.path, call.query) == (path, query)
    assert call.body == b"{}"


@pytest.mark.parametrize(
    ("service", "action", "target", "content_type"),
    [
        ("dynamodb", "PutItem", "DynamoDB_20120810.PutItem", "application/x-amz-json-1.0"),
        ("kinesis", "PutRecord", "Kinesis_20131202.PutRecord", "application/x-amz-json-1.1"),
        ("states", "StartExecution", "AWSStepFunctions.StartExecution", "application/x-amz-json-1.0"),
        ("events", "PutEvents", "AWSEvents.PutEvents", "application/x-amz-json-1.1"),
        ("firehose", "PutRecord", "Firehose_20150804.PutRecord", "application/x-amz-json-1.1"),
    ],
)
def test_an_action_of_a_json_service_is_its_target(
    service: str, action: str, target: str, content_type: str
) -> None:
    call = called(f"{service}:action/{action}")
    headers = dict(call.headers)
    assert headers["X-Amz-Target"] == target
    assert headers["Content-Type"] == content_type
    assert headers["Accept"] == "application/json"
    assert (call.action, call.query) == (action, "")


def test_mapped_headers_win_over_those_of_the_action() -> None:
    mapped = {"x-amz-target": ("x-amz-target", "Mine.Do"), "content-type": ("Content-Type", "a/b")}
    headers = dict(called("kinesis:action/PutRecord", Parameters(headers=mapped)).headers)
    assert headers["x-amz-target"] == "Mine.Do"
    assert headers["Content-Type"] == "a/b"
    assert "X-Amz-Target" not in headers


def test_mapped_query_parameters_follow_the_action() -> None:
    query = {"TopicArn": ["arn:aws:sns:x"], "Message": ["a b"]}
    call = called("sns:action/Publish", Parameters(query=query))
    assert call.query == "Action=Publish&TopicArn=arn%3Aaws%3Asns%3Ax&Message=a%20b"


def test_a_form_is_sent_as_its_template_wrote_it() -> None:
    mapped = {"content-type": ("Content-Type", "application/x-www-form-urlencoded")}
    call = called("sqs:path/1/q", Parameters(headers=mapped), payload=b"Action=SendMessage&MessageBody=a%20b")
    assert dict(call.headers)["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.body == b"Action=SendMessage&MessageBody=a%20b"


def test_a_service_gets_no_id_of_the_api_and_no_host() -> None:
    mapped = {"host": ("Host", "evil.example"), "referer": ("Referer", "x")}
    names = {name.lower() for name, _ in called("s3:path/b", Parameters(headers=mapped)).headers}
    assert names == {"user-agent", "accept", "content-type", "x-amzn-trace-id"}


def test_a_get_has_no_body() -> None:
    assert called("s3:path/b/k", verb="GET").body == b""


@pytest.mark.parametrize("value", ["..", "a\\b"])
def test_a_path_parameter_leaves_no_bucket(value: str) -> None:
    with pytest.raises(Refusal):
        called("s3:path/b/{key}", Parameters(path={"key": PathValue(value)}))


@pytest.mark.parametrize("name", ["authorization", "te", "content-length"])
def test_an_illegal_header_is_500(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        called("s3:path/b", Parameters(headers={name: (name, "x")}))
    assert refused.value.type == "API_CONFIGURATION_ERROR"


@pytest.mark.parametrize("uri", ["", "s3", "s3:bucket/x", "a.b.c.s3/path/"])
def test_a_uri_of_no_service_is_500(uri: str) -> None:
    with pytest.raises(Refusal) as refused:
        called(uri)
    assert refused.value.type == "API_CONFIGURATION_ERROR"
