"""What each document of the shared corpus needs to be served: the values that its author gave elsewhere.

ECHO is the address of a backend that answers everything, on plain HTTP. Hosts that a document spells out are replaced
by it, since nothing here calls the internet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

ECHO: Final = "${env:ECHO}"
_HOST: Final = "http://${EchoAddress}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The values of one document. `hosts`: what stands for the beginnings of its uris."""

    substitutions: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


_BALANCERS: Final = {
    f"{name}ServiceLoadBalancer.DNSName": "echo.test" for name in ("Locations", "Resources", "Bookings")
}
_LINKS: Final = {f"{name}ServiceVPCLink": "echo" for name in ("Locations", "Resources", "Bookings")}
_ACCOUNT_MODULES: Final = (
    "authenticate",
    "update-password",
    "update-email",
    "delete-account",
    "send-otp-notification",
    "update-phone-number",
)

SERVED: Final[dict[str, Needs]] = {
    "aws-samples__serverless-patterns__api.yaml": Needs(
        substitutions={"PrivateALB.DNSName": "echo.test", "PrivateALB": "arn:x", "VpcLink": "echo"}
    ),
    "aws-samples__serverless-patterns__apigw-ddb-openapi-crud-api.yaml": Needs(
        substitutions={"CrudDDB": "table", "CrudRole.Arn": "arn:aws:iam::1:role/x"}
    ),
    "aws-samples__serverless-patterns__apigw-rest-apigw-rest-api.yaml": Needs(
        substitutions={"ReportingApi": "a", "UserManagementApi": "b"},
        hosts={
            "https://${ReportingApi}.execute-api.${AWS::Region}.amazonaws.com": _HOST,
            "https://${UserManagementApi}.execute-api.${AWS::Region}.amazonaws.com": _HOST,
        },
    ),
    "aws-samples__serverless-samples__api-gateway-config.yaml": Needs(
        substitutions={"NetworkLoadBalancer.DNSName": "echo.test", "VpcLink": "echo"}
    ),
    "aws-samples__serverless-samples__api-swagger.yaml": Needs(
        substitutions={"AuthorizerFunctionExecutionRole.Arn": "arn:aws:iam::1:role/x"}
    ),
    "aws-samples__serverless-samples__swagger.yaml": Needs(
        substitutions={
            **_BALANCERS,
            **_LINKS,
            "AuthorizerFunctionExecutionRole.Arn": "arn:aws:iam::1:role/x",
        }
    ),
    "awslabs__aws-api-gateway-developer-portal__PestStore-prod-swagger-apigateway.json": Needs(
        hosts={"https://google.com": _HOST}
    ),
    "getmoto__moto__test_api_integration.yaml": Needs(
        hosts={"https://nlb.example.com:8080": "http://nlb.example.com:8080"}
    ),
    "govuk-one-login__authentication-api__openapi.yaml": Needs(
        substitutions={
            "authorizer_uri": "any",
            "authorizer_credentials": "",
            **{f"endpoint_modules.{name}.integration_uri": "any" for name in _ACCOUNT_MODULES},
        }
    ),
    "govuk-one-login__ipv-cri-address-api__public-api.yaml": Needs(
        substitutions={
            "CommonStackName": "common",
            "Environment": "dev",
            "IsLocalDevEnvironment": "false",
            "IsNotDevEnvironment": "true",
            "JWKSBucketRole.Arn": "arn:aws:iam::1:role/x",
        }
    ),
    "localstack__localstack__openapi.spec.global-auth.json": Needs(
        substitutions={"authorizer_lambda_invocation_arn": "any"},
        hosts={"http://petstore-demo-endpoint.execute-api.com": _HOST},
        headers={"Custom-Authorization": "x"},
    ),
    "localstack__localstack__openapi.spec.stage-variables.json": Needs(
        variables={"TestHost": ECHO, "testPath": "pets", "querystring": "a=b"},
        hosts={"https://${stageVariables.TestHost}": "http://${stageVariables.TestHost}"},
    ),
    "localstack__localstack__petstore-authorizer.swagger.json": Needs(
        substitutions={"uri": f"http://{ECHO}"}, headers={"Authorization": "x-token"}
    ),
}

REFUSED: Final[dict[str, set[str]]] = {
    # AWS signatures
    "aws-samples__api-gateway-secure-pet-store__swagger.yaml": {"GL511"},
    "awslabs__aws-apigateway-importer__apigateway.json": {"GL511"},
    "ministryofjustice__opg-data-lpa__lpa-openapi.yml": {"GL511"},
    # an HTTP API with CORS of its own
    "localstack__localstack__openapi.spec.json": {"GL309"},
    # CloudFormation and SAM templates
    "MyCryptoHQ__parity-ecs__api-gateway.yaml": {"GL214"},
    "aws-samples__serverless-patterns__template.yaml": {"GL214"},
    "aws__serverless-application-model__api_with_auth_all_maximum.json": {"GL214"},
    "aws__serverless-application-model__explicit_http_api.yaml": {"GL214"},
}
"""Documents that are not served, and all errors that say why."""

FUNCTIONS: Final = (
    "any",
    "AuthorizerFunction",
    "BookingsFunction",
    "LocationsFunction",
    "ResourcesFunction",
    "IssueCredentialFunction:live",
    "common-AccessTokenFunctionTS:live",
    "function-name",
)


def api_name(document: str) -> str:
    """A short name for the API of a document."""
    return "d" + str(sorted([*SERVED, *REFUSED]).index(document))


def project(names: dict[str, Needs]) -> dict[str, Any]:
    """A project file that serves these documents, which lie beside it."""
    stages = {f"{api_name(name)}/prod" for name in names}
    return {
        "name": "corpus",
        "gateway": {"workers": 1, "aws": {"endpoints": {"*": f"http://{ECHO}"}}},
        "vpc_links": {"echo": {"target": ECHO}, "abc123": {"target": ECHO}},
        "functions": {name: {"handler": "answers.answer", "code": "./answers.py"} for name in FUNCTIONS},
        "usage_plans": {
            "all": {"stages": sorted(stages), "keys": [{"name": "key", "value": {"env": "API_KEY"}}]}
        },
        "secrets": {"ApiKeyValue": {"env": "API_KEY"}},
        "apis": {
            api_name(name): {
                "definition": f"./{name}",
                "substitutions": {**needs.substitutions, "EchoAddress": ECHO},
                "stages": {"prod": {"variables": needs.variables}},
            }
            for name, needs in names.items()
        },
    }
