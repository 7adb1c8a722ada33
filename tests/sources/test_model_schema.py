from typing import Any

import pytest

from sources.definitions import Json, Read, openapi, operation, read

VALIDATORS = {"body": {"validateRequestBody": True, "validateRequestParameters": False}}
URL = "https://apigateway.amazonaws.com/restapis/a1b2c3d4e5/models/"


def validated(models: Json, schema: Any = None, *, by: str = "body") -> Read:
    body = {"content": {"application/json": {"schema": schema or {"$ref": "#/components/schemas/Pet"}}}}
    extra: Json = {"x-amazon-apigateway-request-validator": by} if by else {}
    return read(
        openapi(
            {"/x": {"post": operation(requestBody=body, **extra)}},
            components={"schemas": models},
            **{"x-amazon-apigateway-request-validators": VALIDATORS},
        )
    )


@pytest.mark.parametrize(
    "models",
    [
        {"Pet": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/Pet"}}}},
        {"Pet": {"properties": {"a": {"$ref": f"{URL}Toy"}}}, "Toy": {}},
        {"Pet": {"properties": {"a": {"$ref": f"{URL}Empty"}}}},
        {"Pet": {"properties": {"a": {"$ref": "#/definitions/Own"}}, "definitions": {"Own": {}}}},
        {
            "Pet": {"properties": {"a": {"$ref": "#/components/schemas/Toy/properties/b"}}},
            "Toy": {"properties": {"b": {}}},
        },
        {"Pet": {"type": "object", "example": 1, "readOnly": True, "description": "x"}},
    ],
)
def test_a_model_that_can_judge_is_taken_silently(models: Json) -> None:
    assert validated(models).codes == []


@pytest.mark.parametrize(
    ("models", "code", "place"),
    [
        ({"Pet": {"type": "text"}}, "GL350", ("Pet", "type")),
        (
            {"Pet": {"items": {"$ref": "#/components/schemas/Toy"}}, "Toy": {"enum": []}},
            "GL350",
            ("Toy", "enum"),
        ),
        ({"Pet": {"items": {"$ref": f"{URL}Toy"}}, "Toy": {"pattern": "("}}, "GL350", ("Toy", "pattern")),
        (
            {"Pet": {"properties": {"a": {"exclusiveMinimum": 1}}}},
            "GL350",
            ("Pet", "properties", "a", "exclusiveMinimum"),
        ),
        ({"Pet": {"allOf": [{"$ref": "#/components/schemas/Pet"}]}}, "GL350", ("Pet", "allOf", 0, "$ref")),
        ({"Pet": {"items": {"$ref": f"{URL}No"}}}, "GL306", ("Pet", "items", "$ref")),
        ({"Pet": {"items": {"$ref": "#/info"}}}, "GL306", ("Pet", "items", "$ref")),
        ({"Pet": {"items": {"$ref": "#/components/schemas/No"}}}, "GL306", ("Pet", "items", "$ref")),
    ],
)
def test_a_model_that_cannot_judge_is_an_error_at_its_place(
    models: Json, code: str, place: tuple[str | int, ...]
) -> None:
    result = validated(models)
    assert result.errors == [code]
    assert ("components", "schemas", *place) in [d.origin.pointer for d in result.report.diagnostics]


def test_a_schema_in_an_operation_is_checked_as_a_model_is() -> None:
    result = validated({}, {"type": "text"})
    assert result.errors == ["GL350"]
    assert result.report.diagnostics[0].origin.pointer[-2:] == ("schema", "type")


def test_models_that_nothing_is_validated_by_are_not_looked_at() -> None:
    assert validated({"Pet": {"type": "text"}}, by="").codes == []
    assert validated({"Pet": {}, "Other-One": {"type": "text"}}).codes == []


def test_a_name_that_amazon_does_not_import_is_a_warning() -> None:
    result = validated({"pet-item": {}}, {"$ref": "#/components/schemas/pet-item"})
    assert (result.codes, result.errors) == (["GL351"], [])


@pytest.mark.parametrize("keyword", ["nullable", "const", "if"])
def test_a_keyword_that_seems_to_decide_and_does_not_is_a_warning(keyword: str) -> None:
    result = validated({"Pet": {"properties": {"nullable": {keyword: True}}}})
    assert (result.codes, result.errors) == (["GL352"], [])
    assert result.report.diagnostics[0].origin.pointer[-2:] == ("nullable", keyword)


def test_a_number_that_no_schema_can_hold_is_told() -> None:
    assert validated({"Pet": {"maximum": float("inf")}}).errors == ["GL350"]
