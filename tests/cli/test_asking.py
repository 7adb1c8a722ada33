from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.functions import DEFINITION, PROJECT, write_project

from .conftest import Gateline

TELLER = """
import json

def handler(event, context):
    return {
        "principalId": "x",
        "context": {"event": json.dumps(event)},
        "policyDocument": {"Version": "2012-10-17", "Statement": json.loads(STATEMENTS)},
    }
"""


NONE_OF_THIS = [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*/other"}]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_project(tmp_path)


def told(
    gateline: Gateline,
    folder: Path,
    *arguments: str,
    statements: object = NONE_OF_THIS,
    scheme: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What is said of a request whose authorizer tells its event and answers with these statements."""
    (folder / "authorizer.py").write_text(f"STATEMENTS = {json.dumps(statements)!r}\n{TELLER}")
    definition = json.loads(json.dumps(DEFINITION))
    definition["securityDefinitions"]["requests"]["x-amazon-apigateway-authorizer"].update(scheme or {})
    (folder / "api.json").write_text(json.dumps(definition))
    value = json.loads(gateline("authorize", *arguments, "--output", "json").stdout)
    assert isinstance(value, dict)
    return value


ASK = ("PUT", "/prod/orders/7?tenant=a&tag=b&tag=b%20c", "-H", "authorization: t", "-H", "User-Agent: curl/8")


def test_a_request_authorizer_gets_the_event_that_the_gateway_would_send(
    gateline: Gateline, folder: Path
) -> None:
    value = told(gateline, folder, *ASK, "--source-ip", "10.1.2.3")
    event = json.loads(value["context"]["event"])
    assert event["type"] == "REQUEST"
    assert event["methodArn"] == value["method_arn"]
    assert event["pathParameters"] == {"id": "7"}
    assert event["resource"] == "/orders/{id}"
    assert event["multiValueQueryStringParameters"] == {"tenant": ["a"], "tag": ["b", "b c"]}
    assert event["headers"]["Authorization"] == "t"  # as the definition spells it
    assert event["requestContext"]["identity"]["sourceIp"] == "10.1.2.3"
    assert event["requestContext"]["path"] == "/prod/orders/7"
    assert [event["headers"][f"X-Forwarded-{name}"] for name in ("Port", "Proto")] == ["8080", "http"]


@pytest.mark.parametrize(
    ("source", "present"),
    [
        ("method.request.header.AUTHORIZATION", True),
        ("method.request.multivalueheader.Authorization", True),
        ("method.request.multivaluequerystring.tenant", True),
        ("method.request.querystring.Tenant", False),
        ("context.identity.userAgent", True),
        ("context.httpMethod", True),
        ("context.identity.user", False),
        ("stageVariables.none", False),
    ],
)
def test_identity_sources_are_read_from_every_place(
    gateline: Gateline, folder: Path, source: str, *, present: bool
) -> None:
    value = told(gateline, folder, *ASK, scheme={"identitySource": source})
    assert value["identity"] == [{"source": source, "present": present}]
    assert value["called"] is present
    assert value["status"] == (403 if present else 401)


@pytest.mark.parametrize(("paths", "status"), [("strict", 400), ("aws", 403)])
def test_an_identity_that_is_sent_twice_is_refused_as_the_gateway_would(
    gateline: Gateline, folder: Path, paths: str, status: int
) -> None:
    (folder / "gateline.yaml").write_text(f"{PROJECT}gateway: {{paths: {paths}}}\n")
    value = told(gateline, folder, *ASK, scheme={"identitySource": "method.request.querystring.tag"})
    assert value["status"] == status


def test_a_stage_variable_may_identify_a_caller(gateline: Gateline, folder: Path) -> None:
    (folder / "gateline.yaml").write_text(PROJECT.replace("prod: ,", "prod: {variables: {realm: r}},"))
    value = told(gateline, folder, *ASK, scheme={"identitySource": "stageVariables.realm"})
    assert value["identity"] == [{"source": "stageVariables.realm", "present": True}]


def test_no_identity_source_and_no_cache_asks_every_time(gateline: Gateline, folder: Path) -> None:
    scheme = {"identitySource": "", "authorizerResultTtlInSeconds": 0}
    assert told(gateline, folder, "PUT", "/prod/orders/7", scheme=scheme)["called"]


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "192.168.0.0/16"}}, False),
        ({"StringLike": {"aws:UserAgent": "curl/*"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"StringEquals": {"aws:Referer": "x"}}, False),
    ],
)
def test_conditions_are_judged_of_this_request(
    gateline: Gateline, folder: Path, condition: object, *, allowed: bool
) -> None:
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*", "Condition": condition}
    value = told(gateline, folder, *ASK, "--source-ip", "10.1.2.3", statements=[statement])
    assert value["allowed"] is allowed


def test_a_slash_at_the_end_is_another_reading_of_the_path(gateline: Gateline, folder: Path) -> None:
    statements = [
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"},
        {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*/orders/7/"},
    ]
    slash = "PUT", "/prod/orders/7/?tenant=a", "-H", "Authorization: t"
    assert not told(gateline, folder, *slash, statements=statements)["allowed"]
    assert told(gateline, folder, *ASK, statements=statements)["allowed"]
