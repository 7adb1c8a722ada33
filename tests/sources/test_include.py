from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import DEFINITION, LoadProject, said

APIS = "apis: {storefront: {definition: api.json}}\n"


def test_included_files_become_one_project_with_the_one_that_includes_them(load_project: LoadProject) -> None:
    loaded = load_project(
        {
            "gateline.yaml": "include: [services/*.yaml]\ngateway: {port: 1}\n" + APIS,
            "services/a.yaml": "vpc_links: {a: {target: 10.0.0.1:80}}",
            "services/b.yaml": "gateway: {region: eu-west-1}\nvpc_links: {b: {target: 10.0.0.2:80}}",
        },
    )
    assert loaded.gateway is not None
    assert [link.name for link in loaded.gateway.vpc_links] == ["a", "b"]
    assert (loaded.gateway.edge.port, loaded.gateway.edge.region) == (1, "eu-west-1")


def test_paths_of_an_included_file_are_relative_to_that_file(
    load_project: LoadProject, tmp_path: Path
) -> None:
    loaded = load_project(
        {
            "gateline.yaml": "include: [team/apis.yaml]",
            "team/apis.yaml": "apis: {orders: {definition: orders.json}}\nsecrets: {S: {file: s.txt}}",
            "team/orders.json": DEFINITION,
            "team/s.txt": "x",
        },
    )
    assert loaded.gateway is not None
    assert [secret.place for secret in loaded.gateway.secrets] == [str(tmp_path / "team/s.txt")]
    assert loaded.files == {
        tmp_path / name for name in ("gateline.yaml", "team/apis.yaml", "team/orders.json", "team/s.txt")
    }


def test_a_mistake_in_an_included_file_is_said_at_its_place_there(load_project: LoadProject) -> None:
    loaded = load_project(
        {"gateline.yaml": APIS + "include: [more.yaml]", "more.yaml": "# more\ngateway:\n  port: x\n"}
    )
    assert said(loaded) == ["GL204 more.yaml:3:9 gateway.port must be a whole number, not text"]


def test_a_key_that_two_files_set_is_a_complaint_that_names_both_places(load_project: LoadProject) -> None:
    loaded = load_project(
        {
            "gateline.yaml": APIS + "gateway: {port: 1}\ninclude: [more.yaml]",
            "more.yaml": "gateway: {port: 1}",
        }
    )
    assert said(loaded) == ["GL212 more.yaml:1:17 gateway.port is set here and at gateline.yaml:2:17"]


def test_files_that_include_each_other_are_refused(load_project: LoadProject) -> None:
    loaded = load_project(
        {
            "gateline.yaml": APIS + "include: [a.yaml]",
            "a.yaml": "include: [b.yaml]",
            "b.yaml": "include: [a.yaml]",
        }
    )
    assert said(loaded) == ["GL211 b.yaml:1:11 a.yaml is included by itself: a.yaml → b.yaml → a.yaml"]


def test_a_circle_through_a_symbolic_link_is_seen(load_project: LoadProject, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").symlink_to(tmp_path / "gateline.yaml")
    loaded = load_project(APIS + "include: [other.yaml]")
    assert [line[:5] for line in said(loaded)] == ["GL211"]


def test_a_pattern_may_match_the_file_that_it_stands_in(load_project: LoadProject) -> None:
    loaded = load_project({"gateline.yaml": APIS + "include: ['*.yaml']", "more.yaml": "name: x"})
    assert said(loaded) == []


def test_a_file_that_is_named_twice_is_taken_once(load_project: LoadProject) -> None:
    loaded = load_project(
        {
            "gateline.yaml": APIS + "include: [a.yaml, b.yaml, c*.yaml]",
            "a.yaml": "include: [c.yaml]",
            "b.yaml": "include: [c.yaml]",
            "c.yaml": "name: x",
        }
    )
    assert said(loaded) == []
    assert loaded.gateway is not None
    assert loaded.gateway.name == "x"


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        (
            "[nothing.yaml]",
            "GL210 gateline.yaml:2:11 the included file cannot be read: nothing.yaml does not exist",
        ),
        ("['none/*.yaml']", "GL210 gateline.yaml:2:11 no file matches 'none/*.yaml'"),
        ("[folder]", "GL210 gateline.yaml:2:11 the included file cannot be read: folder is not a file"),
        ("more.yaml", "GL204 gateline.yaml:2:10 include must be a list"),
        ("[1]", "GL204 gateline.yaml:2:11 include lists paths, as text"),
        (
            "[api.json]",
            "GL214 gateline.yaml:2:11 api.json is an OpenAPI document, not a part of a project file",
        ),
        ("[list.yaml]", "GL214 list.yaml:1:1 list.yaml holds no map of keys, so it is no project file"),
        ("['${env:WHERE}/a.yaml']", "GL208 gateline.yaml:2:11 the environment variable WHERE is not set"),
    ],
)
def test_an_include_that_cannot_be_followed_is_a_complaint(
    load_project: LoadProject, include: str, expected: str
) -> None:
    loaded = load_project(
        {"gateline.yaml": f"{APIS}include: {include}", "list.yaml": "[1]", "folder/x.yaml": "name: x"}
    )
    assert said(loaded) == [expected]


def test_a_pattern_without_a_match_is_no_error(load_project: LoadProject) -> None:
    loaded = load_project(APIS + "include: ['none/*.yaml']")
    assert loaded.gateway is not None
    assert loaded.report.warning_count == 1


def test_a_pipe_is_not_waited_for(load_project: LoadProject, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    loaded = load_project(APIS + "include: [pipe.yaml]")
    assert [line[:5] for line in said(loaded)] == ["GL210"]


def test_the_path_of_an_include_may_hold_a_variable(load_project: LoadProject) -> None:
    files = {"gateline.yaml": APIS + "include: ['${env:STAGE}.yaml']", "prod.yaml": "name: prod"}
    loaded = load_project(files, environ={"STAGE": "prod"})
    assert loaded.gateway is not None
    assert loaded.gateway.name == "prod"


def test_brackets_in_the_projects_own_folder_are_no_pattern(load_project: LoadProject) -> None:
    loaded = load_project(
        {
            "a[1]/gateline.yaml": "include: ['m*.yaml']",
            "a[1]/more.yaml": "apis: {storefront: {definition: ../api.json}}",
        }
    )
    assert said(loaded) == []
    assert loaded.gateway is not None
