"""A project whose one method is guarded by a Lambda authorizer of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from gateline.runtime.settings import Settings
from runtime.projects import MOCK

ARN = "arn:aws:lambda:us-east-1:123456789012:function:authorizer"
CODE = """
import os

def handler(event, context):
    print("asked about", event["authorizationToken"])
    with open({calls!r}, "a") as calls:
        calls.write("x")
    token = event["authorizationToken"]
    if token == "crash":
        os._exit(3)
    if token != {good!r}:
        raise Exception("Unauthorized")
    allow = {{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}}
    return {{"principalId": "ann", "policyDocument": {{"Version": "2012-10-17", "Statement": [allow]}}}}
"""


def write_code(folder: Path, *, good: str = "good") -> None:
    """The authorizer: it lets this token pass, and counts its calls in `calls`."""
    code = folder / "code"
    code.mkdir(exist_ok=True)
    whole = folder / "auth.py~"
    whole.write_text(CODE.format(calls=str(folder / "calls"), good=good))
    whole.replace(code / "auth.py")


def calls(folder: Path) -> int:
    """How often the function was called."""
    place = folder / "calls"
    return len(place.read_text()) if place.exists() else 0


def definition(*, path: str = "/orders", validation: str = "", ttl: int = 300) -> dict[str, Any]:
    """A swagger document with a guarded GET."""
    authorizer: dict[str, Any] = {
        "type": "token",
        "authorizerUri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations",
        "authorizerResultTtlInSeconds": ttl,
    }
    if validation:
        authorizer["identityValidationExpression"] = validation
    return {
        "swagger": "2.0",
        "info": {"title": "orders", "version": "1"},
        "securityDefinitions": {
            "tokens": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "custom",
                "x-amazon-apigateway-authorizer": authorizer,
            }
        },
        "paths": {
            path: {
                "get": {
                    "security": [{"tokens": []}],
                    "responses": {"200": {"description": "ok"}},
                    "x-amazon-apigateway-integration": MOCK,
                }
            }
        },
    }


def write_definition(folder: Path, document: dict[str, Any]) -> None:
    """Put the definition in place, whole."""
    whole = folder / "swagger.json~"
    whole.write_text(json.dumps(document))
    whole.replace(folder / "swagger.json")


def write_authorized_project(folder: Path) -> Settings:
    """The project `shop` with API `orders`, stage `prod`; and how it is to be run: on a free port."""
    write_code(folder)
    write_definition(folder, definition())
    project = {
        "name": "shop",
        "gateway": {"workers": 2},
        "apis": {"orders": {"definition": "swagger.json", "stages": {"prod": {}}}},
        "functions": {"authorizer": {"handler": "auth.handler", "code": "code", "runtime": "python3"}},
    }
    (folder / "gateline.yaml").write_text(yaml.safe_dump(project))
    return Settings(project=folder / "gateline.yaml", environ={"PATH": "/usr/bin:/bin"}, port=0)
