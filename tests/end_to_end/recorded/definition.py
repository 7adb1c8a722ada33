"""The project that the cases are asked of: an OpenAPI definition of each file in `cases/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from end_to_end.recorded.case import Json, api_names, document

VARIABLES: Final = {
    "backend": "${env:BACKEND}",
    "closed": "${env:CLOSED}",
    "silent": "${env:SILENT}",
    "part": "a-value",
    "version": "1.0",
    "query": "qs_key=qs_value",
}
FUNCTIONS: Final = "arn:aws:lambda:us-east-1:123456789012:function"
INVOKED: Final = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTIONS}"
_SHORT: Final = {"backend": "http://${stageVariables.backend}"}


def write_project(folder: Path) -> None:
    """Write the project file and its definitions; BACKEND, CLOSED, SILENT and FUNCTION are in the environment."""
    apis: Json = {}
    plans: list[str] = []
    for api in api_names():
        content = document(api)
        (folder / f"{api}.json").write_text(json.dumps(_definition(content)), encoding="utf-8")
        apis[api] = {"definition": f"{api}.json", "stages": {"prod": {"variables": VARIABLES}, "bare": {}}}
        plans.append(f"{api}/prod")
    functions = {
        name: {"handler": f"recorded.{name}", "code": "${env:FUNCTION}", "timeout": 10}
        for name in ("said", "told", "echoed", "authorized")
    }
    project: Json = {
        "name": "recorded",
        "gateway": {"workers": 1, "default_api": "http"},
        "apis": apis,
        "functions": functions,
        "usage_plans": {"all": {"stages": plans, "keys": [{"name": "ann", "value": {"env": "KEY"}}]}},
    }
    (folder / "gateline.yaml").write_text(json.dumps(project), encoding="utf-8")


def _definition(content: Json) -> Json:
    """Paths of integrations become paths of operations; a file's `more` is laid over the document."""
    paths: Json = {}
    for path, methods in content["paths"].items():
        paths[path] = {verb: _operation(found) for verb, found in methods.items()}
        if "any" in paths[path]:
            paths[path]["x-amazon-apigateway-any-method"] = paths[path].pop("any")
    return {
        "openapi": "3.0.1",
        "info": {"title": "Recorded", "version": "1"},
        "paths": paths,
        **content.get("more", {}),
    }


def _operation(found: Json) -> Json:
    """An operation of an integration; its `operation` holds what else the operation has."""
    integration = dict(found)
    operation: Json = integration.pop("operation", {})
    uri: Any = integration.get("uri")
    if isinstance(uri, str):
        kind, _, rest = uri.partition(":")
        if kind == "backend":
            integration["uri"] = _SHORT["backend"] + rest
        elif kind == "function":
            integration["uri"] = f"{INVOKED}:{rest}/invocations"
    for key, response in integration.get("responses", {}).items():
        response.setdefault("statusCode", "200" if key == "default" else key)
    declared = {
        name.removeprefix("method.response.header."): {"schema": {"type": "string"}}
        for response in integration.get("responses", {}).values()
        for name in response.get("responseParameters", {})
    }
    return {
        "responses": {"200": {"description": "", "headers": declared}},
        **operation,
        "x-amazon-apigateway-integration": integration,
    }
