"""Small projects on disk, for tests that read, watch and serve them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from gateline.runtime.settings import Settings

MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200"}},
}
SECRET = "hunter2-not-to-be-seen"


def proxy(uri: str) -> dict[str, Any]:
    """An integration that injects the secret header."""
    return {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": uri,
        "requestParameters": {
            "integration.request.header.ApiGatewayPassthroughHeader": "${PassthroughSecret}"
        },
    }


def write_swagger(folder: Path, paths: Mapping[str, Mapping[str, Any]], name: str = "swagger.json") -> None:
    """A swagger document with a GET for each path, put in place whole."""
    text = json.dumps(
        {
            "swagger": "2.0",
            "info": {"title": "orders", "version": "1"},
            "paths": {
                path: {
                    "get": {
                        "responses": {"200": {"description": "ok"}},
                        "x-amazon-apigateway-integration": integration,
                    }
                }
                for path, integration in paths.items()
            },
        }
    )
    whole = folder / f"{name}~"
    whole.write_text(text)
    whole.replace(folder / name)


def write_project(
    folder: Path, paths: Mapping[str, Mapping[str, Any]], *, gateway: Mapping[str, Any] | None = None
) -> Settings:
    """A project of one API, `orders`, with one stage, `prod`; and how it is to be run: on a free port."""
    write_swagger(folder, paths)
    project: dict[str, Any] = {
        "name": "shop",
        "gateway": {"workers": 1, **(gateway or {})},
        "apis": {"orders": {"definition": "swagger.json", "stages": {"prod": {}}}},
    }
    if any("requestParameters" in integration for integration in paths.values()):
        project["secrets"] = {"PassthroughSecret": {"env": "PASSTHROUGH_SECRET"}}
    (folder / "gateline.yaml").write_text(yaml.safe_dump(project))
    return Settings(
        project=folder / "gateline.yaml",
        environ={"PASSTHROUGH_SECRET": SECRET, "PATH": "/usr/bin:/bin"},
        port=0,
    )


API_KEY = "kJx4Qm8Zt2Vw6Rb9Ln3P"


def write_keyed_project(folder: Path, paths: Mapping[str, Mapping[str, Any]]) -> Settings:
    """A project whose methods all ask for an API key, with a usage plan, `gold`, and a key of it, `acme`."""
    settings = write_project(folder, paths)
    definition = json.loads((folder / "swagger.json").read_text())
    definition["securityDefinitions"] = {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}
    definition["security"] = [{"key": []}]
    (folder / "swagger.json").write_text(json.dumps(definition))
    project = yaml.safe_load(settings.project.read_text())
    keys = [{"name": "acme", "value": {"env": "ACME_KEY"}}]
    quota = {"limit": 1000, "period": "MONTH"}
    project["usage_plans"] = {"gold": {"stages": ["orders/prod"], "quota": quota, "keys": keys}}
    settings.project.write_text(yaml.safe_dump(project))
    return replace(settings, environ={**settings.environ, "ACME_KEY": API_KEY})
