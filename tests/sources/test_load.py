"""The front door: `gateline.sources.load` and `find_project`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateline.errors import FileUnreadable
from gateline.sources import find_project, load

from .conftest import DEFINITION, LoadProject, said
from .test_project import DESIGNED

APIS = "apis: {storefront: {definition: api.json}}\n"


def test_a_project_becomes_a_gateway(load_project: LoadProject, tmp_path: Path) -> None:
    loaded = load_project("name: shop\n" + APIS)
    assert said(loaded) == []
    assert not loaded.bare
    assert loaded.gateway is not None
    assert loaded.gateway.name == "shop"
    assert [api.name for api in loaded.gateway.apis] == ["storefront"]
    assert loaded.files == {tmp_path / "gateline.yaml", tmp_path / "api.json"}


def test_a_bare_document_is_a_project_of_one_api_with_the_stage_dev(load_project: LoadProject) -> None:
    loaded = load_project({"My Store_v2.json": DEFINITION})
    assert said(loaded) == []
    assert loaded.bare
    assert loaded.gateway is not None
    (api,) = loaded.gateway.apis
    assert (api.name, api.api_id) == ("my-store-v2", "my-store-v2")
    assert [stage.name for stage in api.stages] == ["dev"]
    assert loaded.gateway.edge.default_api == "my-store-v2"


def test_a_document_whose_name_fits_no_host_is_called_api(load_project: LoadProject) -> None:
    loaded = load_project({"___.yaml": DEFINITION})
    assert loaded.gateway is not None
    assert [api.name for api in loaded.gateway.apis] == ["api"]


def unresolved(**integration: object) -> str:
    document = json.loads(DEFINITION)
    document["paths"]["/orders"]["get"]["x-amazon-apigateway-integration"] |= integration
    return json.dumps(document)


BARE = unresolved(
    uri="http://${stageVariables.url}/x",
    connectionType="VPC_LINK",
    connectionId="storefront-link",
    requestParameters={"integration.request.header.S": "${Secret}"},
)


def test_what_a_bare_document_leaves_open_is_a_warning_for_check(load_project: LoadProject) -> None:
    loaded = load_project({"api.json": BARE}, checking=True)
    assert [line[:5] for line in said(loaded)] == ["GL323", "GL219", "GL220"]
    assert loaded.report.error_count == 0
    assert loaded.gateway is not None


def test_what_a_bare_document_leaves_open_is_an_error_for_up(load_project: LoadProject) -> None:
    loaded = load_project({"api.json": BARE})
    assert loaded.report.error_count == 3
    assert loaded.gateway is None


def test_an_overlay_can_give_a_bare_document_what_it_lacks(load_project: LoadProject) -> None:
    overlay = """
        apis: {api: {stages: {dev: {variables: {url: orders.internal}}}}}
        vpc_links: {storefront-link: {target: 10.0.0.1:80}}
        secrets: {Secret: {generate: true}}
    """
    loaded = load_project({"api.json": BARE, "prod.yaml": overlay}, overlays=["prod.yaml"])
    assert said(loaded) == []
    assert loaded.gateway is not None


def test_overlays_are_laid_over_in_their_order(load_project: LoadProject) -> None:
    loaded = load_project(
        {
            "gateline.yaml": APIS + "gateway: {port: 1, region: eu-west-1, tls: {self_signed: true}}",
            "prod.yaml": "gateway: {port: 2, tls: null}",
            "local.yaml": "gateway: {port: 3}",
        },
        overlays=["prod.yaml", "local.yaml"],
    )
    assert said(loaded) == []
    assert loaded.gateway is not None
    edge = loaded.gateway.edge
    assert (edge.port, edge.region, edge.tls) == (3, "eu-west-1", None)


def test_a_mistake_in_an_overlay_is_said_at_its_place_there(load_project: LoadProject) -> None:
    loaded = load_project(
        {"gateline.yaml": APIS, "prod.yaml": "gateway:\n  prt: 1\n"}, overlays=["prod.yaml"]
    )
    assert said(loaded) == ["GL201 prod.yaml:2:8 unknown key 'prt' in gateway"]


def test_a_value_that_an_overlay_replaces_needs_no_variable(load_project: LoadProject) -> None:
    loaded = load_project(
        {"gateline.yaml": APIS + "gateway: {port: '${env:PORT}'}", "prod.yaml": "gateway: {port: 2}"},
        overlays=["prod.yaml"],
    )
    assert said(loaded) == []


def test_paths_of_an_overlay_are_relative_to_the_overlay(load_project: LoadProject, tmp_path: Path) -> None:
    loaded = load_project(
        {
            "gateline.yaml": APIS,
            "deploy/prod.yaml": "apis: {storefront: {definition: prod.json}}",
            "deploy/prod.json": DEFINITION,
        },
        overlays=["deploy/prod.yaml"],
    )
    assert tmp_path / "deploy/prod.json" in loaded.files
    assert loaded.gateway is not None
    assert loaded.gateway.apis[0].origin.file == "deploy/prod.json"


def test_mistakes_of_the_project_and_of_its_definitions_are_told_together(load_project: LoadProject) -> None:
    document = json.loads(DEFINITION)
    document["paths"]["/orders"]["get"]["x-amazon-apigateway-integration"]["type"] = "htp"
    loaded = load_project({"gateline.yaml": APIS + "gateway: {prt: 1}", "api.json": json.dumps(document)})
    assert [line[:5] for line in said(loaded)] == ["GL201", "GL330"]
    assert loaded.gateway is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [", "GL101"),
        ("x: 1", "GL214"),
        ("AWSTemplateFormatVersion: 2010-09-09\nResources: {}", "GL214"),
        ("- a", "GL214"),
        ("", "GL203"),
        ("gateway: {}", "GL203"),
    ],
)
def test_a_file_that_is_no_project_gets_one_clear_complaint(
    load_project: LoadProject, text: str, expected: str
) -> None:
    loaded = load_project(text)
    assert loaded.gateway is None
    assert [line[:5] for line in said(loaded)] == [expected]


def test_a_template_is_called_by_its_name(load_project: LoadProject) -> None:
    loaded = load_project({"t.yaml": "Resources: {}"})
    assert said(loaded) == [
        "GL214 t.yaml:1:1 t.yaml is a CloudFormation or SAM template, which this version does not read"
    ]


def test_a_missing_project_or_overlay_ends_the_command(load_project: LoadProject) -> None:
    with pytest.raises(FileUnreadable, match=r"none.yaml does not exist"):
        load(Path("none.yaml"), environ={})
    with pytest.raises(FileUnreadable, match=r"prod.yaml does not exist"):
        load_project(APIS, overlays=["prod.yaml"])


def test_a_file_or_folder_is_the_project(tmp_path: Path) -> None:
    (tmp_path / "gateline.yaml").touch()
    assert find_project(tmp_path) == tmp_path / "gateline.yaml"
    assert find_project(tmp_path / "gateline.yaml") == tmp_path / "gateline.yaml"


def test_without_a_name_the_nearest_project_upward_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "gateline.yaml").touch()
    monkeypatch.chdir(deep)
    assert find_project() == Path("../../gateline.yaml")
    (deep / "gateline.yaml").touch()
    assert find_project() == Path("gateline.yaml")


def test_a_project_that_is_not_there_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileUnreadable, match=r"there is no gateline.yaml here or in a folder above"):
        find_project()
    with pytest.raises(FileUnreadable, match=r"gateline.yaml does not exist"):
        find_project(tmp_path)


def test_a_path_that_cannot_be_looked_at_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileUnreadable, match=r"file/x cannot be read: Not a directory"):
        find_project(tmp_path / "file" / "x")
    with pytest.raises(FileUnreadable, match=r"cannot be read: File name too long"):
        find_project(tmp_path / ("x" * 300))


@pytest.mark.parametrize(
    "written",
    [
        'include: ["a\\0b"]',
        'include: [""]',
        "include: ['~nobody-has-this-name/x.yaml']",
        "secrets: {A: {file: ~nobody-has-this-name/x}}",
        f"secrets: {{A: {{file: {'x' * 300}}}}}",
        "secrets: {A: {file: gateline.yaml/x}}",
        f"include: [{'x' * 300}]",
        "include: ['**/*']",
        "include: ['[']",
    ],
)
def test_strange_paths_are_complaints(load_project: LoadProject, written: str) -> None:
    assert load_project(APIS + written).report.diagnostics != ()


KEYS = (
    *(
        "include",
        "swagger",
        "handler",
        "[key]",
        "a",
        "~",
        "/",
        "env",
        "file",
        "generate",
        "value_from",
        "target",
    ),
    *(
        "tunnel",
        "self_signed",
        "certificate",
        "private_key",
        "name",
        "gateway",
        "apis",
        "secrets",
        "vpc_links",
    ),
    *("functions", "address", "port", "workers", "tls", "hosts", "default_api", "paths", "trusted_hops"),
    *(
        "account_id",
        "region",
        "definition",
        "id",
        "basepath",
        "execute_api_endpoint",
        "substitutions",
        "stages",
    ),
    *("variables", "throttle"),
)
NUMBERS = (0, -1, 8080, 10**30, 1.5, float("inf"))
TEXTS = (
    *(
        "",
        "auto",
        "api.json",
        "gateline.yaml",
        "h:1",
        "[::1]:80",
        "127.0.0.1",
        "true",
        "é",
        "*",
        "\0",
        "\ud83d",
    ),
    *("${env:A}", "${env:B}", "${env:", "a" * 600),
)
SCALARS = st.sampled_from([None, True, False, *NUMBERS, *TEXTS])
TREES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS), below, max_size=4),
    max_leaves=20,
)


def pointers(value: object, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where something stands in a document."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [here, *(found for key, below in entries for found in pointers(below, (*here, key)))]


def damaged(pointer: tuple[str | int, ...], by: object) -> dict[str, Any]:
    """The designed project file with another value at one place."""
    project: Any = {"": yaml.safe_load(DESIGNED)}
    *way, last = ("", *pointer)
    within = project
    for key in way:
        within = within[key]
    within[last] = by
    return {"": project[""]}


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pointer=st.sampled_from(pointers(yaml.safe_load(DESIGNED))), by=TREES, checking=st.booleans())
def test_no_project_file_is_a_fault_of_gateline(
    load_project: LoadProject, pointer: tuple[str | int, ...], by: object, checking: bool
) -> None:
    text = json.dumps(damaged(pointer, by)[""])
    loaded = load_project(
        {"gateline.yaml": text, "swagger.json": DEFINITION}, environ={"A": "1"}, checking=checking
    )
    assert (loaded.gateway is None) == (loaded.report.error_count > 0)
    for diagnostic in loaded.report.diagnostics:
        assert loaded.locate(diagnostic.origin).line >= 1
