import json
from typing import Any

import pytest

from gateline.model.rest_api import ApiKeySource, RequestValidator, RestApi
from gateline.sources.extensions import PREFIX
from sources.definitions import Json, Read, openapi, operation, read, swagger


def api(result: Read) -> RestApi:
    assert result.api is not None
    return result.api


def root(name: str, value: Any, **more: Any) -> Read:
    return read(openapi({}, **{f"{PREFIX}{name}": value}, **more))


def test_validators_are_read() -> None:
    result = root(
        "request-validators", {"all": {"validateRequestBody": True, "validateRequestParameters": "true"}}
    )
    (validator,) = api(result).request_validators
    assert validator == RequestValidator(
        name="all", validate_body=True, validate_parameters=True, origin=validator.origin
    )
    assert result.codes == []


def validated(operation_names: str | None, root_names: str | None) -> Read:
    key = f"{PREFIX}request-validator"
    fields: Json = {key: operation_names} if operation_names is not None else {}
    document = openapi(
        {"/x": {"get": operation(**fields)}}, **{f"{PREFIX}request-validators": {"all": {}, "none": {}}}
    )
    return read({**document, **({key: root_names} if root_names is not None else {})})


@pytest.mark.parametrize(
    ("own", "of_the_root", "expected"),
    [("all", None, "all"), (None, "all", "all"), ("none", "all", "none"), (None, None, "")],
)
def test_an_operations_validator_wins_over_the_roots(
    own: str | None, of_the_root: str | None, expected: str
) -> None:
    result = validated(own, of_the_root)
    assert (result.method.request_validator, result.codes) == (expected, [])


def test_a_validator_that_is_not_defined_is_an_error() -> None:
    result = validated("al", None)
    assert result.errors == ["GL317"]
    assert result.helps == ["did you mean 'all'?"]


def test_binary_media_types_are_read() -> None:
    types = ["image/png", "application/*", "*/*"]
    assert api(root("binary-media-types", types)).binary_media_types == tuple(types)
    assert api(read(openapi({}))).binary_media_types == ()


@pytest.mark.parametrize(("value", "code"), [(["png"], "GL319"), ("image/png", "GL303"), ([5, {}], "GL319")])
def test_what_is_no_media_type_is_refused(value: Any, code: str) -> None:
    assert code in root("binary-media-types", value).errors


@pytest.mark.parametrize(("value", "size"), [(0, 0), (10485760, 10485760), ("1024", 1024), (None, None)])
def test_the_compression_size_is_read(value: Any, size: int | None) -> None:
    result = root("minimum-compression-size", value)
    assert (api(result).minimum_compression_size, result.codes) == (size, [])


@pytest.mark.parametrize("value", [-1, 10485761])
def test_a_compression_size_out_of_range_is_refused(value: int) -> None:
    assert root("minimum-compression-size", value).errors == ["GL319"]


def test_the_api_key_source_is_read() -> None:
    assert api(root("api-key-source", "AUTHORIZER")).api_key_source is ApiKeySource.AUTHORIZER
    assert api(read(openapi({}))).api_key_source is ApiKeySource.HEADER
    assert root("api-key-source", "QUERY").errors == ["GL319"]


def test_the_policy_is_kept_as_json() -> None:
    policy = {"Version": "2012-10-17", "Statement": []}
    assert json.loads(api(root("policy", policy)).policy) == policy
    assert api(read(openapi({}))).policy == ""
    assert root("policy", "x").errors == ["GL303"]


CLOSED = {"disableExecuteApiEndpoint": True}


@pytest.mark.parametrize(
    ("document", "decided", "expected"),
    [
        (openapi({}), None, True),
        (openapi({}, **{f"{PREFIX}endpoint-configuration": CLOSED}), None, False),
        (openapi({}, servers=[{"url": "/"}, {f"{PREFIX}endpoint-configuration": CLOSED}]), None, False),
        (swagger({}, **{f"{PREFIX}endpoint-configuration": CLOSED}), None, False),
        (openapi({}, **{f"{PREFIX}endpoint-configuration": CLOSED}), True, True),
        (openapi({}), False, False),
    ],
)
def test_the_project_or_the_definition_closes_the_apis_own_host(
    document: Json, decided: bool | None, expected: bool
) -> None:
    assert api(read(document, execute_api_endpoint=decided)).execute_api_endpoint is expected


@pytest.mark.parametrize(
    "document",
    [
        openapi({}, **{f"{PREFIX}globals": {}}),
        openapi({}, **{f"{PREFIX}integration": {}}),
        openapi({"/x": {f"{PREFIX}integration": {}}}),
        openapi({"/x": {"get": operation(**{f"{PREFIX}authorizer": {}})}}),
    ],
)
def test_extensions_that_are_not_read_at_their_place_are_told(document: Json) -> None:
    result = read(document)
    assert (result.codes, result.errors) == (["GL304"], [])


def test_a_near_extension_is_suggested() -> None:
    result = root("request-validator-s", {})
    assert result.helps == [f"did you mean {PREFIX}request-validators?"]


def test_extensions_of_others_are_nobodys_business() -> None:
    document = openapi(
        {"/x": {"get": operation(None, **{"x-internal": 1}), "x-thing": 2}, "x-paths": 3}, **{"x-root": 4}
    )
    assert read(document).codes == []


@pytest.mark.parametrize(
    "name", ["documentation", "security-policy", "endpoint-access-mode", "endpoint-configuration"]
)
def test_extensions_without_effect_here_are_taken_in_silence(name: str) -> None:
    assert root(name, {}).codes == []


def test_cors_of_http_apis_has_no_effect_in_a_rest_api_and_is_told() -> None:
    result = root("cors", {"allowOrigins": ["*"]})
    assert (result.codes, result.errors) == (["GL309"], [])


@pytest.mark.parametrize(
    "more", [{f"{PREFIX}importexport-version": "1.0"}, {"components": {f"{PREFIX}integrations": {}}}]
)
def test_cors_of_what_was_an_http_api_is_refused(more: Json) -> None:
    assert root("cors", {"allowOrigins": ["*"]}, **more).errors == ["GL309"]


def test_an_export_of_an_http_api_is_read_with_a_warning() -> None:
    result = root("importexport-version", "1.0")
    assert (result.codes, result.errors) == (["GL310"], [])
