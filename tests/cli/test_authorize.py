from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.functions import write_project

from .conftest import Gateline

TOKEN = ("-H", "Authorization: Bearer alice")


@pytest.fixture(autouse=True)
def _in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_project(tmp_path))


def told(gateline: Gateline, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = gateline("authorize", *arguments, "--output", "json")
    value = json.loads(result.stdout)
    assert isinstance(value, dict)
    return result.exit_code, value


def test_an_allowed_request_is_explained_statement_by_statement(gateline: Gateline) -> None:
    result = gateline("authorize", "GET", "/prod/orders/7", *TOKEN)
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if not line.startswith("answer")]
    assert lines == [
        "request     GET /prod/orders/7 of shop  (GET /orders/{id})",
        "authorizer  tokens (TOKEN, function authorizer)",
        "method ARN  arn:aws:execute-api:us-east-1:123456789012:shop/prod/GET/orders/7",
        "identity    method.request.header.Authorization: Bearer alice",
        "principal   alice",
        "context     tenant: 7",
        "context     plan: gold",
        "statement   1 'orders' Allow applies: Resource '*/prod/GET/orders*' matches",
        "statement   2 Deny does not apply: no Resource matches",
        "verdict     allowed: a statement allows it and none denies it",
        "client gets what the http_proxy integration answers",
    ]
    assert "asked by arn:aws:lambda:us-east-1:123456789012:function:authorizer" in result.stderr.splitlines()


def test_a_long_token_is_not_shown_whole(gateline: Gateline) -> None:
    result = gateline("authorize", "GET", "/prod/orders/7", "-H", f"Authorization: Bearer {'s' * 80}")
    assert "Bearer sssss… (87 characters)" in result.stdout
    assert "s" * 20 not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "called", "why"),
    [
        (("GET", "/prod/orders/7", *TOKEN), 200, True, "a statement allows it and none denies it"),
        (("GET", "/prod/orders/admin", *TOKEN), 403, True, "a statement denies it"),
        (("GET", "/prod/orders/%61dmin", *TOKEN), 403, True, "a statement denies it"),
        (("GET", "/test/orders/7", *TOKEN), 403, True, "no statement allows it"),
        (("GET", "/orders/7", "--stage", "test", *TOKEN), 403, True, "no statement allows it"),
        (("GET", "/prod/none", *TOKEN), 403, False, "no path and verb of the stage fit"),
        (("POST", "/prod/orders/7"), 200, False, "the method asks for no authorization"),
        (
            ("GET", "/prod/orders/7"),
            401,
            False,
            "the request has no method.request.header.Authorization, so the function is not called",
        ),
        (
            ("GET", "/prod/orders/7", "-H", "Authorization: Basic x"),
            401,
            False,
            "the token does not fit Bearer [a-z]+",
        ),
        (
            ("GET", "/prod/orders/7", "-H", "Authorization: Bearer nobody"),
            401,
            True,
            "the function raised 'Unauthorized'",
        ),
        (
            ("GET", "/prod/orders/7", "-H", "Authorization: Bearer bug"),
            500,
            True,
            "the function raised KeyError: 'key'",
        ),
        (
            ("GET", "/prod/orders/7", "-H", "Authorization: Bearer malformed"),
            500,
            True,
            "the function's answer is malformed: the answer: expected policyDocument",
        ),
        (
            ("PUT", "/prod/orders/7", *TOKEN),
            401,
            False,
            "the request has no method.request.querystring.tenant, so the function is not called",
        ),
        (("PUT", "/prod/orders/7?tenant=a", *TOKEN), 403, True, "no statement allows it"),
    ],
)
def test_what_the_client_would_get_and_why(
    gateline: Gateline, arguments: tuple[str, ...], status: int, *, called: bool, why: str
) -> None:
    code, value = told(gateline, *arguments)
    assert (value["status"], value["called"], value["why"]) == (status, called, why)
    assert code == (0 if status == 200 else 1)
    assert value["allowed"] is (status == 200)


def test_a_function_that_does_not_answer_is_500(gateline: Gateline) -> None:
    _, value = told(gateline, "GET", "/prod/orders/7", "-H", "Authorization: Bearer exit")
    assert (value["status"], value["body"]) == (500, '{"message":null}')
    assert value["why"].startswith("the function did not answer (crashed)")


def test_the_body_of_a_refusal_is_amazons(gateline: Gateline) -> None:
    _, value = told(gateline, "GET", "/prod/orders/admin", *TOKEN)
    assert json.loads(value["body"]) == {
        "Message": "User is not authorized to access this resource with an explicit deny"
    }


def test_programs_are_told_no_token(gateline: Gateline) -> None:
    _, value = told(gateline, "GET", "/prod/orders/7", *TOKEN)
    assert value["identity"] == [{"source": "method.request.header.Authorization", "present": True}]
    assert "Bearer" not in json.dumps(value)
    assert value["decided_by"] == 0
    assert value["context"] == {"tenant": "7", "plan": "gold"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-H", "Authorization"), "write 'Name: value'"),
        (("--source-ip", "here"), "is not an IP address"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_a_fault_of_usage(
    gateline: Gateline, arguments: tuple[str, ...], said: str
) -> None:
    result = gateline("authorize", "GET", "/prod/orders/7", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_a_project_with_errors_asks_nobody(gateline: Gateline, tmp_path: Path) -> None:
    text = (tmp_path / "gateline.yaml").read_text().replace("authorizer: {", "another: {")
    (tmp_path / "gateline.yaml").write_text(text)
    result = gateline("authorize", "GET", "/prod/orders/7", *TOKEN)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error[GL224]" in result.stderr
