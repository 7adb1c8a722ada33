import json
from typing import Any

from sources.definitions import Json, Read, openapi, operation, read, swagger

VALIDATORS = {"body": {"validateRequestBody": True, "validateRequestParameters": False}}


def with_body(schema: Any, models: Json, *, validated: bool = False) -> Read:
    extra: Json = {"x-amazon-apigateway-request-validator": "body"} if validated else {}
    body = {"content": {"application/json": {"schema": schema}}}
    return read(
        openapi(
            {"/x": {"post": operation(requestBody=body, **extra)}},
            components={"schemas": models},
            **{"x-amazon-apigateway-request-validators": VALIDATORS},
        )
    )


def test_named_models_are_kept_as_json() -> None:
    result = with_body({"$ref": "#/components/schemas/Pet"}, {"Pet": {"type": "object"}})
    assert result.api is not None
    assert result.api.models == (("Pet", '{"type": "object"}'),)
    assert result.method.request_models == (("application/json", "Pet"),)


def test_a_schema_in_the_operation_becomes_a_model_named_by_its_place() -> None:
    result = with_body({"type": "object"}, {})
    assert result.api is not None
    name = "#/paths/~1x/post/requestBody/content/application~1json/schema"
    assert result.method.request_models == (("application/json", name),)
    assert dict(result.api.models)[name] == '{"type": "object"}'


def test_models_may_refer_to_each_other_in_a_circle() -> None:
    models = {
        "A": {"properties": {"b": {"$ref": "#/components/schemas/B"}}},
        "B": {"properties": {"a": {"$ref": "#/components/schemas/A"}}},
    }
    assert with_body({"$ref": "#/components/schemas/A"}, models, validated=True).codes == []


def test_a_remote_reference_is_a_warning_while_no_body_is_validated_by_it() -> None:
    result = with_body({"$ref": "#/components/schemas/A"}, {"A": {"$ref": "https://h/a.json"}})
    assert (result.codes, result.errors) == (["GL307"], [])


def test_a_remote_reference_is_an_error_where_a_body_is_validated_by_it() -> None:
    models = {"A": {"items": {"$ref": "#/components/schemas/B"}}, "B": {"$ref": "b.json#/x"}}
    result = with_body({"$ref": "#/components/schemas/A"}, models, validated=True)
    assert result.errors == ["GL307"]
    assert result.report.diagnostics[0].origin.pointer == ("components", "schemas", "B", "$ref")


def test_a_reference_inside_of_a_model_that_leads_nowhere_is_told_at_its_place() -> None:
    models = {"A": {"properties": {"b": [{"x": 1}, {"$ref": "#/components/schemas/No"}]}}}
    result = with_body({"$ref": "#/components/schemas/A"}, models)
    assert (result.codes, result.errors) == (["GL306"], [])
    assert result.report.diagnostics[0].origin.pointer[-4:] == ("properties", "b", 1, "$ref")


def test_the_old_form_of_a_reference_is_read_as_what_was_meant() -> None:
    document = swagger({}, definitions={"Pets": {"items": {"$ref": "Pet"}}, "Pet": {"type": "object"}})
    result = read(document)
    assert result.codes == ["GL305"]
    assert result.api is not None
    assert json.loads(dict(result.api.models)["Pets"]) == {"items": {"$ref": "#/definitions/Pet"}}


def test_a_body_may_be_a_reference() -> None:
    bodies = {"B": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}}
    document = openapi(
        {"/x": {"post": operation(requestBody={"$ref": "#/components/requestBodies/B"})}},
        components={"schemas": {"Pet": {}}, "requestBodies": bodies},
    )
    assert read(document).method.request_models == (("application/json", "Pet"),)


def test_a_body_whose_reference_leads_nowhere_is_told() -> None:
    result = with_body({"$ref": "#/components/schemas/No"}, {}, validated=True)
    assert result.errors == ["GL306"]


def test_bodies_without_schema_have_no_model() -> None:
    assert with_body(None, {}).method.request_models == ()
    assert with_body("x", {}).method.request_models == ()
    assert (
        read(
            swagger({"/x": {"post": operation(parameters=[{"in": "body", "name": "b"}])}})
        ).method.request_models
        == ()
    )
