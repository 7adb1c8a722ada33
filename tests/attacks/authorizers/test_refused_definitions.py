"""E4, E13, E14: what would let callers in unasked is refused when it is read; no gateway begins to serve it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.commands import ended

AUTHORIZER_URI = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:us-east-1:123456789012:function:authorizer/invocations"
)
SCHEME: dict[str, Any] = {"type": "apiKey", "name": "Authorization", "in": "header"}

SCHEMES: dict[str, tuple[dict[str, Any], str]] = {
    "E4 a cache without identity sources": (
        {"x-amazon-apigateway-authorizer": {"type": "request", "authorizerUri": AUTHORIZER_URI}},
        "GL502",
    ),
    "E4 a cache with an empty identity source": (
        {
            "x-amazon-apigateway-authorizer": {
                "type": "request",
                "authorizerUri": AUTHORIZER_URI,
                "identitySource": " , ",
                "authorizerResultTtlInSeconds": 5,
            }
        },
        "GL502",
    ),
    "E13 tokens that nobody would check": (
        {
            "x-amazon-apigateway-authorizer": {
                "type": "jwt",
                "identitySource": "$request.header.Authorization",
                "jwtConfiguration": {"issuer": "https://id.example.com", "audience": ["a"]},
            }
        },
        "GL505",
    ),
    "a scheme that nobody enforces": ({"type": "basic"}, "GL501"),
}


@pytest.mark.parametrize(("scheme", "code"), SCHEMES.values(), ids=SCHEMES)
def test_a_gateway_does_not_start_and_cannot_be_made_to(
    tmp_path: Path, scheme: dict[str, Any], code: str
) -> None:
    integration = {"type": "http_proxy", "httpMethod": "GET", "uri": "http://127.0.0.1:9/"}
    operation = {"security": [{"scheme": []}], "x-amazon-apigateway-integration": integration}
    definition = {
        "swagger": "2.0",
        "info": {"title": "guarded?", "version": "1"},
        "securityDefinitions": {"scheme": SCHEME | scheme},
        "paths": {"/guarded": {"get": operation}},
    }
    file = tmp_path / "api.json"
    file.write_text(json.dumps(definition))
    ready = tmp_path / "ready.json"
    allowing = ("--allow", code, "--state", tmp_path / "state")
    status, _, said = ended("up", file, "--port", "0", "--ready-file", ready, *allowing)
    assert status != 0
    assert code in said
    assert not ready.exists()
