import pytest

from gateline.model.rest_api import Segment, SegmentKind
from sources.definitions import Json, one, openapi, operation, read


def at(*paths: str) -> Json:
    return openapi({path: {"get": operation()} for path in paths})


def test_a_path_is_split_into_its_segments() -> None:
    path = read(one(path="/pets/{petId}/{rest+}")).method.path
    assert path.segments == (
        Segment(SegmentKind.STATIC, "pets"),
        Segment(SegmentKind.PARAMETER, "petId"),
        Segment(SegmentKind.GREEDY, "rest"),
    )
    assert path.parameters == ("petId", "rest")


def test_the_root_has_no_segments() -> None:
    path = read(one(path="/")).method.path
    assert (path.text, path.segments) == ("/", ())


@pytest.mark.parametrize(
    ("written", "text"), [("pets", "/pets"), ("/pets/", "/pets"), ("pets/", "/pets"), ("", "/"), ("//", "/")]
)
def test_slashes_are_put_right_with_a_warning(written: str, text: str) -> None:
    result = read(one(path=written))
    assert (result.method.path.text, result.codes, result.errors) == (text, ["GL312"], [])


@pytest.mark.parametrize(
    "path",
    [
        "/a//b",
        "/a b",
        "/a/../b",
        "/./a",
        "/%2e",
        "/a;x=1",
        "/{id}.json",
        "/v{id}",
        "/{id",
        "/id}",
        "/{}",
        "/{+}",
        "/{id++}",
        "/{a}{b}",
        "/*",
        "/é",
        "/a?b",
        "/a#b",
        "/a\\b",
        "/a\0",
        "/{proxy+}/x",
        "/{id}/x/{id}",
    ],
)
def test_what_amazon_would_not_import_is_refused(path: str) -> None:
    result = read(one(path=path))
    assert (result.errors, result.methods) == (["GL311"], ())


@pytest.mark.parametrize(
    "path", ["/.well-known/jwks.json", "/a:b", "/a_b-c.d", "/{a.b-c_d}", "/{path+}", "/{a}/{b}/c/{d+}"]
)
def test_what_amazon_imports_is_accepted(path: str) -> None:
    assert read(one(path=path)).codes == []


def test_the_default_route_belongs_to_http_apis() -> None:
    assert read(one(path="$default")).errors == ["GL309"]


def test_a_path_with_a_placeholder_waits_for_its_value() -> None:
    assert read(one(path="/${stage}/x")).errors == ["GL320"]
    assert read(one(path="/${stage}/x"), substitutions={"stage": "dev"}).method.path.text == "/dev/x"


@pytest.mark.parametrize(
    "paths",
    [
        ("/pets/{id}", "/pets/{petId}"),
        ("/pets/{id}/a", "/pets/{petId}/b"),
        ("/{id}", "/{proxy+}"),
        ("/a/{x}", "/a/{x+}"),
    ],
)
def test_two_variables_beside_each_other_are_refused_in_amazons_words(paths: tuple[str, ...]) -> None:
    result = read(at(*paths))
    assert result.errors == ["GL313"]
    assert (
        "already has a variable path part -- only one unique variable path part is allowed" in result.said[0]
    )


@pytest.mark.parametrize(
    "paths",
    [
        ("/pets/{id}", "/pets/{id}/toys", "/pets/mine", "/pets"),
        ("/a/{x}", "/b/{y}"),
        ("/{a}/{b}", "/{a}/c"),
        ("/{proxy+}", "/x/{id}"),
    ],
)
def test_the_same_variable_and_static_parts_stand_beside_each_other(paths: tuple[str, ...]) -> None:
    assert read(at(*paths)).codes == []


def test_paths_that_are_only_documented_are_in_nobodys_way() -> None:
    document = openapi({"/pets/{id}": {"get": operation()}, "/pets/{petId}": {"get": {"responses": {}}}})
    assert read(document).errors == []


def test_the_same_method_after_normalisation_is_refused() -> None:
    result = read(at("/a", "/a/"))
    assert result.errors == ["GL314"]
    assert "/paths/~1a/get" in result.report.diagnostics[-1].message
    assert len(result.methods) == 1


def test_different_verbs_after_normalisation_are_fine() -> None:
    document = openapi({"/a": {"get": operation()}, "/a/": {"post": operation()}})
    assert read(document).errors == []
