import json
from pathlib import Path
from typing import Any

import pytest

from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin
from gateline.sources import transform
from gateline.sources.document import Document, read_document
from gateline.sources.openapi import read_rest_api
from sources.definitions import Json, Read, context, one, openapi, operation


def include(location: Any) -> Json:
    return {"Name": "AWS::Include", "Parameters": {"Location": location}}


def read_at(tmp_path: Path, root: Json, files: dict[str, Any], **options: Any) -> Read:
    for name, value in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value))
    complaints = Complaints()
    document = Document("api/api.json", tmp_path / "api" / "api.json", json.dumps(root), root)
    (tmp_path / "api").mkdir(exist_ok=True)
    return Read(read_rest_api(document, context(**options), complaints), complaints.report())


NEVER_CREATED: Json = {
    **openapi({"/never-created": {"options": {}}}),
    "Fn::Transform": include("./public.yaml"),
}


def test_the_paths_of_an_included_file_replace_those_beside_it(tmp_path: Path) -> None:
    result = read_at(tmp_path, NEVER_CREATED, {"api/public.yaml": one()})
    assert [method.path.text for method in result.methods] == ["/x"]
    assert result.codes == []


def test_never_created_alone_is_neither_an_error_nor_served(tmp_path: Path) -> None:
    result = read_at(tmp_path, openapi({"/never-created": {"options": {}}}), {})
    assert (result.methods, result.errors, result.codes) == ((), [], ["GL308"])


def test_complaints_about_an_included_file_name_that_file(tmp_path: Path) -> None:
    bad = "openapi: 3.0.1\npaths:\n  /x:\n    get:\n      x-amazon-apigateway-integration: {type: nothing}\n"
    result = read_at(tmp_path, NEVER_CREATED, {"api/public.yaml": bad})
    (diagnostic,) = result.report.diagnostics
    assert diagnostic.origin == Origin(
        "api/public.yaml", ("paths", "/x", "get", "x-amazon-apigateway-integration", "type")
    )


def test_functions_inside_of_an_included_file_are_evaluated(tmp_path: Path) -> None:
    text = "uri: !Sub 'http://${Host}/'\ntype: http_proxy\nhttpMethod: GET\n"
    root = openapi({"/x": {"get": {"x-amazon-apigateway-integration": {"Fn::Transform": include("i.yaml")}}}})
    result = read_at(tmp_path, root, {"api/i.yaml": text}, substitutions={"Host": "h.internal"})
    assert result.integration.uri == "http://h.internal/"
    assert result.integration.origin.file == "api/api.json"


def test_an_included_file_may_include_others_relative_to_itself(tmp_path: Path) -> None:
    files = {
        "api/parts/paths.json": {"Fn::Transform": include("deeper/x.json")},
        "api/parts/deeper/x.json": {"/x": {"get": operation()}},
    }
    root = {**openapi({}), "paths": {"Fn::Transform": include("parts/paths.json")}}
    assert [method.path.text for method in read_at(tmp_path, root, files).methods] == ["/x"]


def test_a_location_may_be_made_by_a_function(tmp_path: Path) -> None:
    root = {**openapi({}), "Fn::Transform": include({"Fn::Sub": "${Stage}.json"})}
    result = read_at(tmp_path, root, {"api/dev.json": one()}, substitutions={"Stage": "dev"})
    assert len(result.methods) == 1


def test_several_transforms_are_applied_in_order(tmp_path: Path) -> None:
    root = {**openapi({}), "Fn::Transform": [include("a.json"), include("b.json")]}
    result = read_at(tmp_path, root, {"api/a.json": one(path="/a"), "api/b.json": one(path="/b")})
    assert [method.path.text for method in result.methods] == ["/b"]


def test_a_secret_in_an_included_header_mapping_is_allowed(tmp_path: Path) -> None:
    integration = one({"requestParameters": {"Fn::Transform": include("headers.json")}})
    files = {"api/headers.json": {"integration.request.header.X-Key": "${Key}"}}
    result = read_at(tmp_path, integration, files, secrets=("Key",))
    assert result.codes == []
    assert len(result.integration.request_parameters) == 1


@pytest.mark.parametrize(
    "location",
    [
        "../../outside.json",
        "/etc/passwd",
        "s3://bucket/api.yaml",
        "https://h/x",
        "missing.json",
        ".",
        "a\0b",
        5,
    ],
)
def test_what_lies_elsewhere_is_not_read(tmp_path: Path, location: Any) -> None:
    (tmp_path.parent / "outside.json").write_text("{}")
    result = read_at(tmp_path, {**one(), "Fn::Transform": include(location)}, {})
    assert result.codes == ["GL322"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(one()))
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "inside.json").symlink_to(outside)
    result = read_at(tmp_path, {**one(), "Fn::Transform": include("inside.json")}, {})
    assert result.codes == ["GL322"]
    assert "lies outside" in result.said[0]


def test_the_project_folder_widens_what_may_be_included(tmp_path: Path) -> None:
    root = {**openapi({}), "Fn::Transform": include("../shared/x.json")}
    result = read_at(tmp_path, root, {"shared/x.json": one()}, project_folder=tmp_path)
    assert len(result.methods) == 1


def test_the_project_may_read_the_file_itself(tmp_path: Path) -> None:
    asked: list[Path] = []
    (tmp_path / "p.json").write_text(json.dumps(one()))
    root = {**openapi({}), "Fn::Transform": include("p.json")}

    def read_file(path: Path) -> Document | None:
        asked.append(path)
        return read_document(path, "p", Complaints())

    made = context()
    chosen = type(made)(
        **{name: getattr(made, name) for name in made.__slots__ if name != "read_file"}, read_file=read_file
    )
    document = Document("api.json", tmp_path / "api.json", "", root)
    api = read_rest_api(document, chosen, Complaints())
    assert asked == [tmp_path / "p.json"]
    assert api is not None
    assert len(api.methods) == 1


def test_files_that_include_each_other_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "MAX_INCLUDES", 20)
    both = {"a": {"Fn::Transform": include("loop.json")}, "b": {"Fn::Transform": include("loop.json")}}
    result = read_at(tmp_path, {**one(), "Fn::Transform": include("loop.json")}, {"api/loop.json": both})
    assert set(result.codes) == {"GL322"}


def test_another_transform_is_refused(tmp_path: Path) -> None:
    result = read_at(tmp_path, {**one(), "Fn::Transform": {"Name": "MyMacro"}}, {})
    assert result.codes == ["GL322"]


def test_a_list_cannot_be_included_beside_keys(tmp_path: Path) -> None:
    result = read_at(tmp_path, {**one(), "Fn::Transform": include("l.json")}, {"api/l.json": [1]})
    assert result.codes == ["GL322"]


def test_a_list_can_be_included_alone(tmp_path: Path) -> None:
    parameters = [{"name": "q", "in": "query"}]
    root = one(parameters={"Fn::Transform": include("l.json")})
    result = read_at(tmp_path, root, {"api/l.json": parameters})
    assert [p.name for p in result.method.parameters] == ["q"]


def test_a_broken_included_file_is_told_with_its_place(tmp_path: Path) -> None:
    result = read_at(tmp_path, {**one(), "Fn::Transform": include("b.json")}, {"api/b.json": "{"})
    (diagnostic,) = result.report.diagnostics
    assert (diagnostic.code.name, diagnostic.origin.file) == ("GL101", "api/b.json")
