"""One gateway with an API for each way in which gateway responses are customised, all with the same methods."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from harness.guarded_gateway import Guarded, guarded_gateway

Json = dict[str, Any]

LAMBDA: Final = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions"
FUNCTIONS: Final = f"{LAMBDA}/arn:aws:lambda:us-east-1:123456789012:function"
KEY: Final = "a-key-without-a-quota-left-7f31"

CORS: Final = {
    "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
    "gatewayresponse.header.Access-Control-Allow-Headers": "'Content-Type,Authorization'",
}
ASKING: Final = {
    "responseParameters": {
        "gatewayresponse.header.Access-Control-Allow-Origin": "method.request.header.Origin",
        "gatewayresponse.header.X-Query": "method.request.querystring.q",
        "gatewayresponse.header.X-Tenant": "stageVariables.tenant",
        "gatewayresponse.header.X-Absent": "stageVariables.absent",
        "gatewayresponse.header.X-Message": "context.error.message",
    },
    "responseTemplates": {
        "text/html": "<p>100% $context.error.message at $context.path</p>",
        "application/json": (
            '{"type":"$context.error.responseType","message":$context.error.messageString,'
            '"id":"${context.requestId}","verb":"$context.httpMethod","path":"$context.path","api":"$context.apiId",'
            '"stage":"$context.stage","account":"$context.accountId","resource":"$context.resourcePath",'
            '"tenant":"$stageVariables.tenant","query":"$method.request.querystring.q",'
            '"agent":"$method.request.header.User-Agent","absent":"$context.nothing$stageVariables.absent",'
            '"why":"$context.error.validationErrorString","percent":"%REQ(x)% 100%"}'
        ),
    },
}
RESPONSES: Final[dict[str, Json]] = {
    "plain": {},
    "cors": {"DEFAULT_4XX": {"responseParameters": CORS}, "DEFAULT_5XX": {"responseParameters": CORS}},
    "asking": {"DEFAULT_4XX": ASKING, "DEFAULT_5XX": ASKING},
    "status": {"DEFAULT_4XX": {"statusCode": 418}, "DEFAULT_5XX": {"statusCode": "599"}},
    "nothing": {name: {"statusCode": 204} for name in ("DEFAULT_4XX", "DEFAULT_5XX")},
    "blank": {name: {"responseTemplates": {"text/plain": ""}} for name in ("DEFAULT_4XX", "DEFAULT_5XX")},
    "typed": {
        name: {"responseParameters": {"gatewayresponse.header.Content-Type": "'application/problem+json'"}}
        for name in ("DEFAULT_4XX", "DEFAULT_5XX")
    },
    "own": {
        "DEFAULT_4XX": {"statusCode": 418, "responseParameters": CORS},
        "DEFAULT_5XX": {"statusCode": 418, "responseParameters": CORS},
        **{
            name: {
                "statusCode": 422,
                "responseParameters": {"gatewayresponse.header.WWW-Authenticate": "'Basic realm=\"x\"'"},
                "responseTemplates": {"text/plain": f"own {name}"},
            }
            for name in (
                "ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "BAD_REQUEST_BODY",
                "BAD_REQUEST_PARAMETERS", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY",
                "MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "THROTTLED", "UNAUTHORIZED",
                "UNSUPPORTED_MEDIA_TYPE",
            )
        },
    },
}  # fmt: skip
"""What each API customises."""


def proxy(uri: str, **more: Any) -> Json:
    """A method in front of a backend."""
    return {
        "responses": {},
        "x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "ANY", "uri": uri, **more},
    }


def http(uri: str, **more: Any) -> Json:
    """A method in front of a backend, with mappings of its own: the host makes the request."""
    found = proxy(uri, **{"responses": {"default": {"statusCode": 200}}, **more})
    found["x-amazon-apigateway-integration"] |= {"type": "http", "httpMethod": "GET"}
    return found


def function(http_method: str) -> Json:
    """A method in front of a function."""
    return {
        "responses": {},
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": http_method,
            "uri": f"{FUNCTIONS}:proxied/invocations",
        },
    }


def definition(responses: Json) -> Json:
    """The definition of an API: a method for each way to be refused."""
    backend = "http://${stageVariables.backend}/any"
    return {
        "openapi": "3.0.1",
        "info": {"title": "Refusals", "version": "1"},
        "components": {
            "schemas": {"Pet": {"type": "object", "required": ["name"]}},
            "securitySchemes": {
                "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
                "token": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "custom",
                    "x-amazon-apigateway-authorizer": {
                        "type": "token",
                        "authorizerResultTtlInSeconds": 0,
                        "authorizerUri": f"{FUNCTIONS}:authorizer/invocations",
                    },
                },
            },
        },
        "x-amazon-apigateway-request-validators": {
            "all": {"validateRequestBody": True, "validateRequestParameters": True}
        },
        "x-amazon-apigateway-gateway-responses": responses,
        "paths": {
            "/backend": {"get": proxy(backend)},
            "/silent/{id}": {
                "get": proxy("http://${stageVariables.silent}/", timeoutInMillis=100),
            },
            "/silent/mapped": {
                "get": proxy(
                    "http://${stageVariables.silent}/",
                    timeoutInMillis=100,
                    requestParameters={
                        "integration.request.header.Accept": "'application/pdf'",
                        "integration.request.header.Origin": "'mapped'",
                        "integration.request.header.User-Agent": "'mapped'",
                        "integration.request.querystring.q": "'mapped'",
                    },
                ),
            },
            "/http/silent": {"get": http("http://${stageVariables.silent}/", timeoutInMillis=100)},
            "/http/closed": {"get": http("http://${stageVariables.closed}/")},
            "/http/unresolved": {"get": http("http://nobody.invalid/")},
            "/http/unmatched": {"get": http("http://${stageVariables.backend}/any", responses={})},
            "/closed": {"get": proxy("http://${stageVariables.closed}/")},
            "/no-host": {"get": proxy("http://${stageVariables.none}/")},
            "/unresolved": {"get": proxy("http://nobody.invalid/")},
            "/mapped": {
                "get": proxy(
                    "http://${stageVariables.backend}/{x}",
                    requestParameters={"integration.request.path.x": "method.request.querystring.x"},
                )
            },
            "/media": {
                "post": {
                    "responses": {},
                    "x-amazon-apigateway-integration": {
                        "type": "mock",
                        "passthroughBehavior": "never",
                        "requestTemplates": {"application/json": '{"statusCode": 200}'},
                        "responses": {"default": {"statusCode": 200}},
                    },
                }
            },
            "/guarded": {"get": {**proxy(backend), "security": [{"token": []}]}},
            "/keyed": {"get": {**proxy(backend), "security": [{"key": []}]}},
            "/throttled": {"get": proxy(backend)},
            "/function": {"post": function("POST")},
            "/function/get": {"post": function("GET")},
            "/checked": {
                "post": {
                    **proxy(backend),
                    "x-amazon-apigateway-request-validator": "all",
                    "parameters": [
                        {"name": "page", "in": "query", "required": True, "schema": {"type": "string"}}
                    ],
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
                    },
                }
            },
        },
    }


def project(closed: int, silent: int) -> Json:
    """The project file."""
    variables = {
        "backend": "${env:BACKEND}",
        "closed": f"127.0.0.1:{closed}",
        "silent": f"127.0.0.1:{silent}",
        "tenant": "acme",
    }
    told = {
        "code": "${env:HARNESS}/told_function.py",
        "timeout": 10,
        "environment": {"CALLS": "${env:CALLS}", "SECRET": "${env:SECRET}"},
    }
    return {
        "name": "refusals",
        "gateway": {"workers": 1, "default_api": "plain"},
        "apis": {
            name: {
                "definition": f"{name}.json",
                "stages": {
                    "prod": {
                        "variables": variables,
                        "method_settings": {
                            "/throttled/GET": {"throttle": {"rate_limit": 0, "burst_limit": 0}}
                        },
                    }
                },
            }
            for name in RESPONSES
        },
        "functions": {
            "authorizer": {"handler": "told_function.authorize", **told},
            "proxied": {"handler": "told_function.proxied", **told},
        },
        "usage_plans": {
            "spent": {
                "stages": [f"{name}/prod" for name in RESPONSES],
                "quota": {"limit": 1, "offset": 1, "period": "MONTH"},
                "keys": [{"name": "spent", "value": {"env": "SPENT_KEY"}}],
            }
        },
    }


@pytest.fixture(scope="session")
def customised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The gateway."""
    folder: Path = tmp_path_factory.mktemp("refusals")
    for name, responses in RESPONSES.items():
        (folder / f"{name}.json").write_text(json.dumps(definition(responses)))
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as silent:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port meanwhile
        file = folder / "gateline.yaml"
        file.write_text(json.dumps(project(closed.getsockname()[1], silent.getsockname()[1])))
        scratch = tmp_path_factory.mktemp("refusing")
        with guarded_gateway(folder, scratch, environ={"SPENT_KEY": KEY}) as running:
            yield running
