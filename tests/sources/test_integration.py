from datetime import timedelta
from typing import Any

import pytest

from gateline.model.integration import ConnectionType, IntegrationKind, PassthroughBehavior
from gateline.model.origin import Origin
from sources.definitions import ROOT_POINTER, Json, Read, one, openapi, read

FUNCTION = "arn:aws:lambda:us-east-1:1:function:f"
LAMBDA = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


def behind(integration: Json, path: str = "/x", **options: Any) -> Read:
    return read(openapi({path: {"get": {"x-amazon-apigateway-integration": integration}}}), **options)


def test_a_whole_integration_is_read() -> None:
    result = behind(
        {
            "type": "HTTP",
            "uri": "https://orders.internal/{id}",
            "httpMethod": "post",
            "connectionType": "vpc_link",
            "connectionId": "${stageVariables.link}",
            "integrationTarget": "arn:aws:elasticloadbalancing:listener",
            "credentials": "arn:aws:iam::1:role/x",
            "requestParameters": {"integration.request.path.id": "method.request.path.id"},
            "requestTemplates": {"application/json": "$input.body"},
            "passthroughBehavior": "WHEN_NO_TEMPLATES",
            "contentHandling": "convert_to_text",
            "timeoutInMillis": "1500",
            "cacheNamespace": "n",
            "cacheKeyParameters": ["method.request.path.id"],
            "tlsConfig": {"insecureSkipVerification": True},
            "responseTransferMode": "buffered",
            "responses": {"default": {"statusCode": 200}},
        },
        path="/x/{id}",
    )
    assert result.codes == []
    read_one = result.integration
    assert read_one.kind is IntegrationKind.HTTP
    assert (read_one.uri, read_one.http_method) == ("https://orders.internal/{id}", "POST")
    assert (read_one.connection_type, read_one.connection_id) == (
        ConnectionType.VPC_LINK,
        "${stageVariables.link}",
    )
    assert read_one.integration_target == "arn:aws:elasticloadbalancing:listener"
    assert read_one.credentials == "arn:aws:iam::1:role/x"
    assert [m.name for m in read_one.request_parameters] == ["id"]
    assert read_one.request_templates == (("application/json", "$input.body"),)
    assert read_one.passthrough_behavior is PassthroughBehavior.WHEN_NO_TEMPLATES
    assert read_one.content_handling == "CONVERT_TO_TEXT"
    assert read_one.timeout == timedelta(milliseconds=1500)
    assert (read_one.cache_namespace, read_one.cache_key_parameters) == ("n", ("method.request.path.id",))
    assert read_one.insecure_skip_verification is True
    assert read_one.response_transfer_mode == "BUFFERED"
    assert [r.status_code for r in read_one.responses] == [200]
    assert read_one.origin == Origin(
        "api.json", (*ROOT_POINTER, "/x/{id}", "get", "x-amazon-apigateway-integration")
    )


def test_defaults_are_amazons() -> None:
    made = read(one()).integration
    assert made.timeout == timedelta(seconds=29)
    assert made.passthrough_behavior is PassthroughBehavior.WHEN_NO_MATCH
    assert made.connection_type is ConnectionType.INTERNET
    assert (made.content_handling, made.response_transfer_mode) == ("", "BUFFERED")
    assert made.insecure_skip_verification is False


@pytest.mark.parametrize("kind", ["http_proxy", "HTTP_PROXY", "Http_Proxy"])
def test_types_are_read_in_any_case(kind: str) -> None:
    assert read(one({"type": kind})).integration.kind is IntegrationKind.HTTP_PROXY


@pytest.mark.parametrize("kind", [None, "", "lambda", 5, ["http"]])
def test_an_unknown_type_makes_no_method(kind: Any) -> None:
    result = behind({"type": kind, "uri": "http://h/", "httpMethod": "GET"})
    assert "GL330" in result.errors
    assert result.methods == ()


def test_an_integration_may_be_a_reference() -> None:
    shared = {
        "P": {"type": "http_proxy", "httpMethod": "GET", "uri": "http://h/", "payloadFormatVersion": 1.0}
    }
    document = openapi(
        {
            "/x": {
                "get": {
                    "x-amazon-apigateway-integration": {
                        "$ref": "#/components/x-amazon-apigateway-integrations/P"
                    }
                }
            }
        },
        components={"x-amazon-apigateway-integrations": shared},
    )
    result = read(document)
    assert result.codes == []
    assert result.integration.origin.pointer == ("components", "x-amazon-apigateway-integrations", "P")


def test_a_secret_may_stand_in_a_shared_integration() -> None:
    shared = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": "http://h/",
        "requestParameters": {"integration.request.header.X": "${Key}"},
    }
    document = openapi(
        {
            "/x": {
                "get": {
                    "x-amazon-apigateway-integration": {
                        "$ref": "#/components/x-amazon-apigateway-integrations/P"
                    }
                }
            }
        },
        components={"x-amazon-apigateway-integrations": {"P": shared}},
    )
    assert read(document, secrets=("Key",)).codes == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"passThroughBehavior": "never"}, "passthroughBehavior"),
        ({"integrationResponses": {"default": {"statusCode": "204"}}}, "responses"),
        ({"timeoutInmillis": 100}, "timeoutInMillis"),
    ],
)
def test_misspelled_keys_are_read_as_what_was_meant(wrong: Json, right: str) -> None:
    result = read(one(wrong))
    assert result.codes == ["GL305"]
    assert f"'{right}'" in result.said[0]


def test_misspelled_values_take_effect() -> None:
    made = read(
        one({"passThroughBehavior": "never", "integrationResponses": {"default": {"statusCode": "204"}}})
    )
    assert made.integration.passthrough_behavior is PassthroughBehavior.NEVER
    assert [r.status_code for r in made.integration.responses] == [204]


def test_amazons_own_other_spelling_of_the_target_is_taken_in_silence() -> None:
    result = read(one({"integration-target": "arn:x"}))
    assert (result.integration.integration_target, result.codes) == ("arn:x", [])


def test_keys_of_others_are_left_out_with_a_warning() -> None:
    result = read(one({"x-throttling": 5}))
    assert (result.codes, result.errors) == (["GL338"], [])


@pytest.mark.parametrize(
    ("integration", "code"),
    [
        ({"httpMethod": None}, "GL331"),
        ({"httpMethod": ""}, "GL331"),
        ({"httpMethod": "FETCH"}, "GL331"),
        ({"uri": None}, "GL332"),
        ({"connectionType": "VPC_LINK"}, "GL335"),
        ({"connectionType": "TUNNEL"}, "GL337"),
        ({"passthroughBehavior": "sometimes"}, "GL337"),
        ({"contentHandling": "CONVERT"}, "GL337"),
        ({"responseTransferMode": "FAST"}, "GL337"),
        ({"timeoutInMillis": 49}, "GL336"),
        ({"timeoutInMillis": 300001}, "GL336"),
        ({"timeoutInMillis": -1}, "GL336"),
        ({"timeoutInMillis": 10**30}, "GL336"),
        ({"timeoutInMillis": "soon"}, "GL303"),
        ({"cacheKeyParameters": "x"}, "GL303"),
        ({"tlsConfig": True}, "GL303"),
        ({"requestParameters": []}, "GL303"),
        ({"requestTemplates": "x"}, "GL303"),
        ({"responses": []}, "GL303"),
        ({"payloadFormatVersion": "2.0"}, "GL309"),
        ({"integrationSubtype": "SQS-SendMessage"}, "GL309"),
        (
            {
                "type": "aws_proxy",
                "uri": None,
                "httpMethod": None,
                "integrationSubtype": "SQS-SendMessage",
                "requestParameters": {"QueueUrl": "x"},
            },
            "GL309",
        ),
        ({"tlsConfig": {"serverNameToVerify": "h"}}, "GL309"),
    ],
)
def test_what_amazon_would_not_import_is_an_error(integration: Json, code: str) -> None:
    assert read(one(integration)).errors == [code]


@pytest.mark.parametrize("version", ["1.0", 1.0, "1", 1])
def test_payload_format_1_is_that_of_rest_apis(version: Any) -> None:
    assert read(one({"payloadFormatVersion": version})).codes == []


@pytest.mark.parametrize(
    ("integration", "code"),
    [
        ({"timeoutInMillis": 60000}, "GL336"),
        ({"connectionId": "link"}, "GL335"),
        ({"type": "aws_proxy", "uri": LAMBDA, "httpMethod": "GET"}, "GL331"),
    ],
)
def test_what_amazon_may_take_is_a_warning(integration: Json, code: str) -> None:
    result = read(one(integration))
    assert (result.codes, result.errors) == ([code], [])


def test_a_mock_needs_neither_uri_nor_method() -> None:
    result = behind({"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}})
    assert (result.codes, result.integration.http_method) == ([], "")


def test_a_uri_parameter_without_mapping_is_told() -> None:
    result = behind({"type": "http_proxy", "httpMethod": "GET", "uri": "http://h/{id}"}, path="/x/{id}")
    assert (result.codes, result.errors) == (["GL343"], [])
    assert '"integration.request.path.id": "method.request.path.id"' in result.helps[0]


def test_a_path_mapping_without_uri_parameter_is_told() -> None:
    parameters = {"integration.request.path.id": "method.request.path.id"}
    result = behind(
        {"type": "http_proxy", "httpMethod": "GET", "uri": "http://h/", "requestParameters": parameters},
        path="/x/{id}",
    )
    assert (result.codes, result.errors) == (["GL343"], [])


def test_stage_variables_are_no_uri_parameters() -> None:
    assert read(one({"uri": "http://h/${stageVariables.x}"})).codes == []


def test_placeholders_in_links_and_targets_are_told_and_in_credentials_not() -> None:
    integration = {
        "connectionType": "VPC_LINK",
        "connectionId": "${link}",
        "integrationTarget": "${target}",
        "credentials": "${role}",
    }
    assert read(one(integration)).codes == ["GL320", "GL320"]


def test_a_bare_document_lacks_values_with_warnings_only() -> None:
    result = read(
        one({"connectionType": "VPC_LINK", "connectionId": "${link}", "uri": "http://${host}/"}), bare=True
    )
    assert (result.codes, result.errors) == (["GL320", "GL320"], [])
    assert len(result.methods) == 1


@pytest.mark.parametrize("kind", ["http", "aws", "mock"])
def test_what_is_no_proxy_does_not_stream(kind: str) -> None:
    uri = LAMBDA if kind == "aws" else "http://a"
    result = behind({"type": kind, "uri": uri, "httpMethod": "POST", "responseTransferMode": "STREAM"})
    assert result.errors == ["GL337"]


def test_a_proxy_may_stream() -> None:
    result = behind(
        {"type": "http_proxy", "uri": "http://a", "httpMethod": "GET", "responseTransferMode": "stream"}
    )
    assert (result.codes, result.integration.response_transfer_mode) == ([], "STREAM")
