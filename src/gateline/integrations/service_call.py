"""`aws` with another service than Lambda: the call that API Gateway would make (api-gateway.md section 5).

The uri is `arn:aws:apigateway:{region}:{subdomain.service|service}:path/{path}` for a plain request of the service,
or `...:action/{Action}&{query}` for an action: services of the query protocol are told it in the query, those of the
JSON protocols in `X-Amz-Target`.
"""

from __future__ import annotations

import re
from typing import Final

from gateline.integrations.client_request import ClientRequest
from gateline.integrations.outgoing import ServiceCall, configuration_error
from gateline.integrations.parameters import HeaderMap, Parameters
from gateline.integrations.query import joined_query, percent_encoded, written_query
from gateline.integrations.request_headers import WITHOUT_BODY, check_legal, sent_headers
from gateline.integrations.target import filled
from gateline.model.integration import Integration

_URI: Final = re.compile(
    r"arn:[^:]*:apigateway:([^:]*):(?:([^:/]+)\.)?([^:/.]+):(path|action)/(.*)", re.DOTALL
)
_DROPPED: Final = frozenset({"referer", "host"})  # the service's endpoint is its Host

_JSON_1_0: Final = "application/x-amz-json-1.0"
_JSON_1_1: Final = "application/x-amz-json-1.1"
_TARGETS: Final = {
    "athena": ("AmazonAthena", _JSON_1_1),
    "codebuild": ("CodeBuild_20161006", _JSON_1_1),
    "codepipeline": ("CodePipeline_20150709", _JSON_1_1),
    "cognito-idp": ("AWSCognitoIdentityProviderService", _JSON_1_1),
    "dynamodb": ("DynamoDB_20120810", _JSON_1_0),
    "ecs": ("AmazonEC2ContainerServiceV20141113", _JSON_1_1),
    "events": ("AWSEvents", _JSON_1_1),
    "firehose": ("Firehose_20150804", _JSON_1_1),
    "glue": ("AWSGlue", _JSON_1_1),
    "kinesis": ("Kinesis_20131202", _JSON_1_1),
    "kms": ("TrentService", _JSON_1_1),
    "logs": ("Logs_20140328", _JSON_1_1),
    "sagemaker": ("SageMaker", _JSON_1_1),
    "secretsmanager": ("secretsmanager", _JSON_1_1),
    "states": ("AWSStepFunctions", _JSON_1_0),
    "streams.dynamodb": ("DynamoDBStreams_20120810", _JSON_1_0),
}
"""Services of the JSON protocols: what stands before an action in `X-Amz-Target`, and their Content-Type.

From the services' own models (botocore's `targetPrefix` and `jsonVersion`). `ssm` is called by query [F].
"""


def service_call(
    integration: Integration, request: ClientRequest, parameters: Parameters, payload: bytes
) -> ServiceCall:
    """The call of an `aws` integration; who sends it adds Host and signature.

    Raises:
        Refusal: a value can't be sent where the definition wants it, or the uri is none of a service.

    """
    check_legal(parameters.headers, is_aws=True)
    found = _URI.fullmatch(integration.uri)
    if found is None:
        raise configuration_error("the uri names no service of AWS")
    region, subdomain, service, form, rest = found.groups(default="")
    headers: HeaderMap = dict(parameters.headers)
    verb = request.call.verb if integration.http_method == "ANY" else integration.http_method
    body = b"" if verb in WITHOUT_BODY else payload
    action, own = "", ""
    if form == "path":
        path, _, own = filled(f"/{rest.removeprefix('/')}", parameters.path).partition("?")
    else:
        path = "/"
        action, own = _action(rest, parameters)
        target = _TARGETS.get(f"{subdomain}.{service}" if subdomain else service)
        if target is None:
            own = joined_query(f"Action={percent_encoded(action)}", own)
        else:
            headers.setdefault("x-amz-target", ("X-Amz-Target", f"{target[0]}.{action}"))
            headers.setdefault("content-type", ("Content-Type", target[1]))
    return ServiceCall(
        service=service,
        region=region,
        subdomain=subdomain,
        verb=verb,
        path=path,
        query=joined_query(own, written_query(parameters.query.items())),
        headers=tuple(sent_headers(headers, request, has_body=bool(body), dropped=_DROPPED)),
        body=body,
        action=action,
    )


def _action(rest: str, parameters: Parameters) -> tuple[str, str]:
    """The action, and what stands behind it as a query: `GetObject&Bucket={bucket}`."""
    name, _, query = rest.replace("?", "&", 1).partition("&")
    return name, filled(f"/?{query}", parameters.path).partition("?")[2]
