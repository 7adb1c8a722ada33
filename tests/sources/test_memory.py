"""What one reading lends the next: the very APIs whose definition and circumstances are the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateline.model.rest_api import Method, RestApi
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


def _paths(**items: Any) -> dict[str, Any]:
    """A definition of these paths, `a` being `/a`."""
    whole = definition("/first")
    whole["paths"] = {f"/{name}": item for name, item in items.items()}
    return whole


def _item(**more: Any) -> dict[str, Any]:
    integration = {"type": "http_proxy", "httpMethod": "GET", "uri": "http://b.test/"}
    return {"get": {"responses": {}, "x-amazon-apigateway-integration": integration | more}}


_MODEL = {"parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/definitions/Nowhere"}}]}
_SHARED = {"parameters": [{"$ref": "#/paths/~1a/x-shared"}]}
_ODD = _item(passthroughBehavior="odd")
_EDITS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a path of three": (
        _paths(a=_item(), b=_item(), c=_item()),
        _paths(a=_item(), b=_item(timeoutInMillis=900), c=_item()),
    ),
    "the order of paths": (_paths(a=_item(), b=_item()), _paths(b=_item(), a=_item())),
    "the security of all": (_paths(a=_item()), _paths(a=_item()) | {"security": [{"nobody": []}]}),
    "the base path": (_paths(a=_item()), _paths(a=_item()) | {"basePath": "/v1"}),
    "a path beside one that complains": (_paths(a=_ODD, b=_item()), _paths(a=_ODD, b=_item(), c=_item())),
    "the first of two paths with one complaint": (
        _paths(a=_item(uri="http://${b}/"), b=_item(uri="http://${b}/")),
        _paths(a=_item(), b=_item(uri="http://${b}/")),
    ),
    "a path that another one refers to": (
        _paths(a=_item() | {"x-shared": {"in": "query", "name": "q"}}, b=_item() | _SHARED),
        _paths(a=_item() | {"x-shared": {"in": "header", "name": "q"}}, b=_item() | _SHARED),
    ),
    "a second variable beside one": (
        _paths(**{"x/{id}": _item()}),
        _paths(**{"x/{id}": _item(), "x/{name}": _item()}),
    ),
    "a path to a second spelling of one": (_paths(a=_item()), _paths(a=_item(), **{"a/": _item()})),
    "the first of two paths with a broken model": (
        _paths(a=_item() | _MODEL, b=_item() | _MODEL),
        _paths(a=_item(), b=_item() | _MODEL),
    ),
    "a number to its text": (_paths(a=_item(timeoutInMillis=900)), _paths(a=_item(timeoutInMillis="900"))),
}


@pytest.mark.parametrize("edit", _EDITS)
def test_an_edited_definition_reads_as_if_nothing_were_remembered(project: Path, edit: str) -> None:
    memory = Memory()
    for content in (*_EDITS[edit], *_EDITS[edit]):
        (project.parent / "edited.json").write_text(json.dumps(content))
        with_memory, without = load(project, environ={}, memory=memory), load(project, environ={})
        assert with_memory.report == without.report
        assert with_memory.gateway == without.gateway


def test_only_the_edited_path_of_a_definition_is_read_again(project: Path) -> None:
    memory = Memory()
    before, after = (_read(project, memory, content) for content in _EDITS["a path of three"])
    assert [new is old for new, old in zip(after, before, strict=True)] == [True, False, True]


def _read(project: Path, memory: Memory, content: dict[str, Any]) -> tuple[Method, ...]:
    (project.parent / "edited.json").write_text(json.dumps(content))
    return apis(load(project, environ={}, memory=memory))["edited"].methods
