"""What one reading lends the next: the very APIs whose definition and circumstances are the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateline.model.rest_api import RestApi
from gateline.sources import Loaded, load
from gateline.sources.memory import Memory


def definition(path: str, **extra: Any) -> dict[str, Any]:
    integration = {"type": "http_proxy", "httpMethod": "GET", "uri": "http://b.test/"}
    operation = {"responses": {}, "x-amazon-apigateway-integration": integration}
    return {
        "swagger": "2.0",
        "info": {"title": "t", "version": "1"},
        "paths": {path: {"get": operation}},
        **extra,
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("kept", "edited"):
        (tmp_path / f"{name}.json").write_text(json.dumps(definition(f"/{name}")))
    declared = {name: {"definition": f"{name}.json"} for name in ("kept", "edited")}
    (tmp_path / "gateline.yaml").write_text(
        json.dumps({"apis": declared, "gateway": {"default_api": "kept"}})
    )
    return tmp_path / "gateline.yaml"


def apis(loaded: Loaded) -> dict[str, RestApi]:
    assert loaded.gateway is not None, loaded.report
    return {api.name: api for api in loaded.gateway.apis}


def test_only_an_edited_definition_is_read_again(project: Path) -> None:
    memory = Memory()
    before = apis(load(project, environ={}, memory=memory))
    (project.parent / "edited.json").write_text(json.dumps(definition("/other")))
    after = apis(load(project, environ={}, memory=memory))
    assert after["kept"] is before["kept"]
    assert [method.path.text for method in after["edited"].methods] == ["/other"]


def test_a_definition_is_read_again_when_a_domain_maps_its_api(project: Path) -> None:
    memory = Memory()
    before = apis(load(project, environ={}, memory=memory))
    told = json.loads(project.read_text())
    told["domains"] = {"a.example.com": {"mappings": {"": "kept/dev"}}}
    project.write_text(json.dumps(told))
    after = apis(load(project, environ={}, memory=memory))
    assert (before["kept"].execute_api_endpoint, after["kept"].execute_api_endpoint) == (True, False)
    assert after["edited"] is before["edited"]


def test_a_definition_is_read_again_when_the_project_says_something_else_about_it(project: Path) -> None:
    memory = Memory()
    before = apis(load(project, environ={}, memory=memory))
    told = json.loads(project.read_text())
    told["apis"]["kept"]["id"] = "a1b2c3d4e5"
    project.write_text(json.dumps(told))
    after = apis(load(project, environ={}, memory=memory))
    assert after["kept"].api_id == "a1b2c3d4e5"
    assert after["edited"] is before["edited"]


def test_a_definition_with_a_complaint_complains_every_time(project: Path) -> None:
    odd = definition("/a", **{"x-amazon-apigateway-nonsense": 1})
    (project.parent / "edited.json").write_text(json.dumps(odd))
    memory = Memory()
    reports = [load(project, environ={}, memory=memory).report for _ in range(2)]
    assert reports[0].warning_count == 1
    assert reports[0] == reports[1]


def test_a_definition_that_includes_another_file_is_read_every_time(project: Path) -> None:
    included = project.parent / "paths.yaml"
    included.write_text(json.dumps(definition("/first")))
    include = {"Name": "AWS::Include", "Parameters": {"Location": "./paths.yaml"}}
    (project.parent / "edited.json").write_text(
        json.dumps({"swagger": "2.0", "info": {"title": "t", "version": "1"}, "Fn::Transform": include})
    )
    memory = Memory()
    assert [m.path.text for m in apis(load(project, environ={}, memory=memory))["edited"].methods] == [
        "/first"
    ]
    included.write_text(json.dumps(definition("/second")))
    assert [m.path.text for m in apis(load(project, environ={}, memory=memory))["edited"].methods] == [
        "/second"
    ]
