from typing import Any

import pytest

from gateline.sources.extensions import PREFIX
from sources.definitions import Json, Read, one, openapi, operation, read


def test_every_verb_becomes_a_method() -> None:
    verbs = ["get", "put", "post", "delete", "options", "head", "patch"]
    item = {verb: operation() for verb in verbs} | {f"{PREFIX}any-method": operation()}
    result = read(openapi({"/x": item}))
    assert [method.http_method for method in result.methods] == [*(verb.upper() for verb in verbs), "ANY"]
    assert result.codes == []


def test_a_method_knows_its_operation() -> None:
    responses: Json = {
        "200": {"headers": {"X-A": {}, "X-B": {}}},
        "404": {},
        "default": {"headers": {"X": {}}},
        "5XX": {},
    }
    method = read(one(operationId="listPets", responses=responses)).method
    assert method.operation_name == "listPets"
    assert method.response_headers == ((200, ("X-A", "X-B")), (404, ()))
    assert method.origin.pointer == ("paths", "/x", "get")


def test_a_response_may_be_a_reference() -> None:
    document = openapi(
        {"/x": {"get": operation(responses={"200": {"$ref": "#/components/responses/R"}})}},
        components={"responses": {"R": {"headers": {"X-A": {}}}}},
    )
    assert read(document).method.response_headers == ((200, ("X-A",)),)


@pytest.mark.parametrize("responses", [{}, None])
def test_responses_may_be_missing(responses: Any) -> None:
    result = read(one(responses=responses))
    assert (result.method.response_headers, result.codes) == ((), [])


@pytest.mark.parametrize("responses", [[], {"200": "ok"}, {"200": {"headers": []}}])
def test_responses_of_the_wrong_type_are_told(responses: Any) -> None:
    assert read(one(responses=responses)).errors == ["GL303"]


@pytest.mark.parametrize("value", [{}, None, {"responses": {}}])
def test_an_operation_without_integration_is_not_served(value: Any) -> None:
    result = read(openapi({"/x": {"get": value, "post": operation()}}))
    assert [method.http_method for method in result.methods] == ["POST"]
    assert (result.codes, result.errors) == (["GL308"], [])


@pytest.mark.parametrize(
    ("key", "word"),
    [("trace", "TRACE"), ("GET", "lower case"), ("gett", "neither a verb"), ("x_y", "neither a verb")],
)
def test_what_is_no_verb_is_told_and_not_served(key: str, word: str) -> None:
    result = read(openapi({"/x": {key: operation()}}))
    assert (result.codes, result.methods) == (["GL315"], ())
    assert word in result.said[0] + result.helps[0]


def test_other_keys_of_a_path_are_passed_over() -> None:
    item = {"summary": "s", "description": "d", "servers": [], "x-y": 1, "get": operation()}
    assert read(openapi({"/x": item})).codes == []


def test_a_path_may_be_a_reference() -> None:
    document = openapi(
        {"/x": {"$ref": "#/components/pathItems/P"}}, components={"pathItems": {"P": {"get": operation()}}}
    )
    assert read(document).method.path.text == "/x"


@pytest.mark.parametrize(
    ("item", "code"),
    [(5, "GL303"), ([], "GL303"), ({"get": "x"}, "GL303"), ({"$ref": "other.yaml"}, "GL307")],
)
def test_a_path_that_is_none_is_told(item: Any, code: str) -> None:
    assert read(openapi({"/x": item})).errors == [code]


def test_vendors_keys_among_the_paths_are_passed_over() -> None:
    assert read(openapi({"x-vendor": 5})).codes == []


def declared(headers: Json, mapped: str) -> Read:
    mock = {
        "type": "mock",
        "responses": {"default": {"responseParameters": {f"method.response.header.{mapped}": "'x'"}}},
    }
    return read(one(mock, responses={"200": {"description": "", "headers": headers}}))


def test_a_mapped_header_that_the_method_response_lacks_is_a_warning() -> None:
    result = declared({"X-Kind": {}}, "X-Kin")
    assert (result.codes, result.errors) == (["GL348"], [])
    assert result.helps == ["did you mean X-Kind?"]


def test_a_mapped_header_is_declared_in_any_case_of_letters() -> None:
    assert declared({"x-kind": {}}, "X-Kind").codes == []


def test_a_status_without_a_method_response_declares_nothing_and_refuses_nothing() -> None:
    mock = {
        "type": "mock",
        "responses": {"default": {"responseParameters": {"method.response.header.X": "'x'"}}},
    }
    assert read(one(mock, responses={})).codes == []
