from typing import Any

import pytest

from gateline.model.integration import LiteralSource
from gateline.model.secret import SecretRef
from gateline.sources import openapi as openapi_module
from sources.definitions import one, openapi, operation, read, swagger

PATHS = {"/x": {"get": operation()}}


@pytest.mark.parametrize(
    "version",
    [
        {"swagger": "2.0"},
        {"swagger": 2.0},
        {"swagger": 2},
        {"openapi": "3.0"},
        {"openapi": "3.0.0"},
        {"openapi": "3.0.3"},
        {"openapi": 3.0},
        {"openapi": "3.1.0"},
        {"openapi": 3.1},
        {"openapi": "3.1.0-rc1"},
        {"openapi": "2.0.0"},
    ],
)
def test_documents_of_every_version_are_read(version: Any) -> None:
    result = read({**version, "paths": PATHS})
    assert (len(result.methods), result.codes) == (1, [])


@pytest.mark.parametrize(
    "document",
    [
        {"openapi": "3.2.0", "paths": PATHS},
        {"openapi": "4.0.0"},
        {"swagger": "1.2"},
        {"swagger": ["2.0"]},
        {"paths": PATHS},
        {},
    ],
)
def test_what_names_no_version_that_is_read_is_refused(document: Any) -> None:
    result = read(document)
    assert (result.api, result.errors) == (None, ["GL301"])


@pytest.mark.parametrize("value", [[], "x", None, 5])
def test_what_is_no_mapping_is_refused(value: Any) -> None:
    assert read(value).errors == ["GL301"]


@pytest.mark.parametrize(
    "template",
    [
        {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}},
        {"Resources": {"Api": {"Properties": {"Body": openapi(PATHS)}}}},
        {"Transform": "AWS::Serverless-2016-10-31"},
    ],
)
def test_a_template_gets_one_clear_word(template: Any) -> None:
    result = read(template)
    assert (result.api, result.errors, len(result.codes)) == (None, ["GL302"], 1)
    assert "DefinitionBody" in result.helps[0]


@pytest.mark.parametrize("document", [{"openapi": "3.0.1"}, {"openapi": "3.0.1", "paths": None}])
def test_a_document_without_paths_is_refused(document: Any) -> None:
    assert read(document).errors == ["GL303"]


def test_a_document_may_have_no_path_yet() -> None:
    assert read(openapi({})).codes == []


def test_the_api_takes_its_names_from_the_project() -> None:
    result = read(openapi(PATHS), stages={"dev": {}, "prod": {"url": "x"}})
    assert result.api is not None
    assert (result.api.name, result.api.api_id, result.api.title) == ("storefront", "a1b2c3", "t")
    assert [stage.name for stage in result.api.stages] == ["dev", "prod"]
    assert result.api.origin.file == "api.json"


def test_the_seed_case_works_as_people_wrote_it() -> None:
    integration = {
        "uri": "https://${stageVariables.url}/path/to/resource",
        "requestParameters": {
            "integration.request.header.ApiGatewayPassthroughHeader": "${ApiGatewayPassthroughHeader}"
        },
    }
    result = read(
        one(integration),
        secrets=("ApiGatewayPassthroughHeader",),
        stages={"prod": {"url": "internal.storefront"}},
    )
    (mapping,) = result.integration.request_parameters
    assert mapping.source == LiteralSource((SecretRef("ApiGatewayPassthroughHeader"),))
    assert result.codes == []


def test_a_definition_larger_than_amazon_takes_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi_module, "AMAZONS_LIMIT", 100)
    result = read(openapi(PATHS))
    assert (result.codes, result.errors) == (["GL104"], [])


def test_all_complaints_are_collected() -> None:
    document = swagger(
        {"/a": {"get": operation({"type": "x"})}, "/b": {"get": operation({"uri": "file:///x"})}, "/c d": {}},
        **{"x-amazon-apigateway-policy": 5},
    )
    assert sorted(read(document).errors) == ["GL303", "GL311", "GL330", "GL332"]


def test_reading_a_definition_leaves_it_as_it_was() -> None:
    document = one({"uri": {"Fn::Sub": "http://${H}/"}, "passThroughBehavior": "never"})
    before = repr(document)
    read(document, substitutions={"H": "h"})
    assert repr(document) == before
