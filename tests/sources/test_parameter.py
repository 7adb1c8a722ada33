from typing import Any

import pytest

from gateline.model.integration import Location
from gateline.model.rest_api import MethodParameter
from sources.definitions import Json, Read, openapi, operation, read, swagger


def parameters(own: Any, shared: Any = None, path: str = "/x", **root: Any) -> Read:
    item: Json = {"get": operation(parameters=own)}
    return read(openapi({path: {**({"parameters": shared} if shared else {}), **item}}, **root))


def test_parameters_of_all_places_are_read() -> None:
    own = [
        {"name": "id", "in": "path", "required": True},
        {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "X-A", "in": "header"},
    ]
    result = parameters(own, path="/x/{id}")
    assert result.method.parameters == (
        MethodParameter(location=Location.PATH, name="id", required=True),
        MethodParameter(location=Location.QUERYSTRING, name="q", required=True),
        MethodParameter(location=Location.HEADER, name="X-A", required=False),
    )
    assert result.codes == []


def test_an_operations_parameter_wins_over_its_paths() -> None:
    shared = [{"name": "q", "in": "query", "required": True}, {"name": "p", "in": "query"}]
    result = parameters([{"name": "q", "in": "query"}], shared)
    assert [(p.name, p.required) for p in result.method.parameters] == [("q", False), ("p", False)]


def test_a_path_parameter_need_not_be_declared() -> None:
    result = parameters([], path="/x/{id}/{rest+}")
    assert [(p.name, p.location, p.required) for p in result.method.parameters] == [
        ("id", Location.PATH, True),
        ("rest", Location.PATH, True),
    ]
    assert result.codes == []


def test_a_greedy_parameter_may_be_declared_with_its_plus() -> None:
    result = parameters([{"name": "proxy+", "in": "path", "required": True}], path="/{proxy+}")
    assert [p.name for p in result.method.parameters] == ["proxy"]


def test_references_are_followed() -> None:
    shared = {"Q": {"name": "q", "in": "query"}}
    result = parameters([{"$ref": "#/components/parameters/Q"}], components={"parameters": shared})
    assert [p.name for p in result.method.parameters] == ["q"]


def test_a_reference_that_leads_nowhere_is_told() -> None:
    assert parameters([{"$ref": "#/components/parameters/Q"}]).errors == ["GL306"]


@pytest.mark.parametrize("where", ["cookie", "formData"])
def test_places_that_api_gateway_lacks_are_passed_over(where: str) -> None:
    result = parameters([{"name": "c", "in": where}])
    assert (result.method.parameters, result.codes) == ((), [])


def test_names_must_be_unique_across_places() -> None:
    result = parameters([{"name": "id", "in": "query"}, {"name": "id", "in": "header"}])
    assert result.errors == ["GL316"]
    assert "must be unique across querystring, header and path" in result.said[0]


@pytest.mark.parametrize(
    "own", [[{"name": "q"}], [{"in": "query"}], [{"name": "", "in": "query"}], [{"name": "q", "in": "uri"}]]
)
def test_a_parameter_without_name_or_place_is_refused(own: Any) -> None:
    assert parameters(own).errors == ["GL316"]


@pytest.mark.parametrize("own", ["x", ["x"], [{"name": "q", "in": "query", "required": "maybe"}]])
def test_parameters_of_the_wrong_type_are_told(own: Any) -> None:
    assert parameters(own).errors == ["GL303"]


def test_a_name_that_cannot_be_mapped_is_a_warning() -> None:
    result = parameters([{"name": "filter[]", "in": "query"}])
    assert (result.codes, result.errors) == (["GL316"], [])


def test_a_swagger_body_becomes_a_model_of_every_media_type_it_consumes() -> None:
    body = [{"name": "b", "in": "body", "schema": {"$ref": "#/definitions/Pet"}}]
    document = swagger(
        {
            "/x": {"post": operation(parameters=body, consumes=["application/json", "text/json"])},
            "/y": {"post": operation(parameters=body)},
        },
        definitions={"Pet": {"type": "object"}},
        consumes=["a/b"],
    )
    assert [method.request_models for method in read(document).methods] == [
        (("application/json", "Pet"), ("text/json", "Pet")),
        (("a/b", "Pet"),),
    ]
