"""A project with functions that decide and answer, for tests of commands that run them."""

from __future__ import annotations

import json
from pathlib import Path

INVOCATION = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:us-east-1:123456789012:function:{}/invocations"
)

AUTHORIZER = """
import os

ALLOWED = {"Sid": "orders", "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*/prod/GET/orders*"}
DENIED = {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*/admin"}

def handler(event, context):
    print("asked by", context.invoked_function_arn)
    token = event.get("authorizationToken") or event["headers"]["Authorization"]
    if token == "Bearer nobody":
        raise Exception("Unauthorized")
    if token == "Bearer bug":
        return {}["key"]
    if token == "Bearer exit":
        os._exit(3)
    if token == "Bearer malformed":
        return {"principalId": "alice"}
    return {
        "principalId": "alice",
        "context": {"tenant": 7, "plan": os.environ["PLAN"]},
        "policyDocument": {"Version": "2012-10-17", "Statement": [ALLOWED, DENIED]},
    }
"""

ECHO = """
def handler(event, context):
    print("one line")
    if "raise" in event:
        raise ValueError(event["raise"])
    return {"event": event}
"""

PROJECT = """
apis:
  shop:
    definition: api.json
    stages: {prod: , test: }
functions:
  authorizer: {handler: authorizer.handler, code: authorizer.py, environment: {PLAN: gold}}
  echo: {handler: echo.handler, code: echo.py}
"""


def _operation(**fields: object) -> dict[str, object]:
    integration = {"type": "http_proxy", "httpMethod": "GET", "uri": "http://127.0.0.1:9/"}
    return {"responses": {}, "x-amazon-apigateway-integration": integration, **fields}


def _scheme(**authorizer: object) -> dict[str, object]:
    uri = INVOCATION.format("authorizer")
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authorizer": {"authorizerUri": uri, **authorizer},
    }


DEFINITION = {
    "swagger": "2.0",
    "info": {"title": "shop", "version": "1"},
    "securityDefinitions": {
        "tokens": _scheme(type="token", identityValidationExpression="Bearer [a-z]+"),
        "requests": _scheme(
            type="request",
            identitySource="method.request.header.Authorization, method.request.querystring.tenant, "
            "context.identity.sourceIp",
        ),
    },
    "paths": {
        "/orders/{id}": {
            "get": _operation(security=[{"tokens": []}]),
            "put": _operation(security=[{"requests": []}]),
            "post": _operation(),
        }
    },
}


def write_project(folder: Path) -> Path:
    """The project in that folder, and its path."""
    (folder / "authorizer.py").write_text(AUTHORIZER, encoding="utf-8")
    (folder / "echo.py").write_text(ECHO, encoding="utf-8")
    (folder / "api.json").write_text(json.dumps(DEFINITION, indent=1), encoding="utf-8")
    (folder / "gateline.yaml").write_text(PROJECT, encoding="utf-8")
    return folder
