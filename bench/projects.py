"""Projects of any size for the bench, written to a folder."""

from __future__ import annotations

import json
from pathlib import Path

SECRET_VARIABLE, SECRET = "BENCH_SECRET", "bench-secret-value"
FUNCTION = Path(__file__).with_name("function")
PATH = "/prod/orders/"  # of the authorized route, before its parameter


def write_project(folder: Path, routes: int, backend_port: int, *, prefix: str = "", apis: int = 1) -> Path:
    """A project of `apis` APIs with `routes` methods in all, each with the secret header and a path parameter."""
    folder.mkdir(parents=True, exist_ok=True)
    declared = {}
    for number in range(apis):
        name = f"api{number}"
        (folder / f"{name}.json").write_text(json.dumps(definition(routes // apis, prefix)))
        declared[name] = {
            "definition": f"{name}.json",
            "stages": {"prod": {"variables": {"url": f"127.0.0.1:{backend_port}"}}},
        }
    project = {
        "name": "bench",
        "gateway": {"workers": 1, "default_api": "api0"},
        "secrets": {"Passthrough": {"env": SECRET_VARIABLE}},
        "apis": declared,
    }
    (folder / "gateline.yaml").write_text(json.dumps(project))
    return folder


def definition(routes: int, prefix: str = "", marker: str = "") -> dict[str, object]:
    """A swagger document with that many methods; `prefix` such as `/{tenant}` stands before every path."""
    return {
        "swagger": "2.0",
        "info": {"title": "bench", "version": "1"},
        "paths": {f"{prefix}/r{number}/{{id}}": _path(prefix, marker) for number in range(routes)},
    }


def _path(prefix: str, marker: str) -> dict[str, object]:
    parameters = ["id", *([prefix.strip("/{}")] if prefix else [])]
    integration = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": f"http://${{stageVariables.url}}/items/{{id}}{marker}",
        "requestParameters": {
            "integration.request.path.id": "method.request.path.id",
            "integration.request.header.Passthrough": "${Passthrough}",
        },
    }
    return {
        "get": {
            "parameters": [{"name": n, "in": "path", "required": True, "type": "string"} for n in parameters],
            "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": integration,
        }
    }


def write_authorized_project(folder: Path, backend_port: int, calls: Path) -> Path:
    """A project whose one route does the whole job: Lambda TOKEN authorizer, secret, parameter, principal mapped."""
    folder.mkdir(parents=True, exist_ok=True)
    document = definition(0)
    operation = _path("", "")
    method = operation["get"]
    assert isinstance(method, dict)
    method["security"] = [{"caller": []}]
    mapped = method["x-amazon-apigateway-integration"]["requestParameters"]
    mapped["integration.request.header.X-Principal"] = "context.authorizer.principalId"
    document["paths"] = {"/orders/{id}": operation}
    arn = "arn:aws:lambda:us-east-1:123456789012:function:authorizer"
    document["securityDefinitions"] = {
        "caller": {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {
                "type": "token",
                "authorizerUri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
                "authorizerResultTtlInSeconds": 3600,
            },
        }
    }
    (folder / "api.json").write_text(json.dumps(document))
    project = {
        "name": "bench",
        "gateway": {"workers": 1, "default_api": "api"},
        "secrets": {"Passthrough": {"env": SECRET_VARIABLE}},
        "functions": {
            "authorizer": {
                "handler": "authorizer.handler",
                "code": str(FUNCTION),
                "runtime": "python3",
                "environment": {"CALLS": str(calls)},
            }
        },
        "apis": {
            "api": {
                "definition": "api.json",
                "stages": {"prod": {"variables": {"url": f"127.0.0.1:{backend_port}"}}},
            }
        },
    }
    (folder / "gateline.yaml").write_text(json.dumps(project))
    return folder
