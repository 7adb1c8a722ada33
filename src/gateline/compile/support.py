"""What a definition asks for and this version does not do: refused by name, never passed over in silence.

`--allow GLnnn` lets an allowable one pass; the method then answers 501, it is never open. What concerns
authorization can't be allowed.
"""

from __future__ import annotations

from gateline.compile.hosting import LAMBDA_KINDS
from gateline.model import codes
from gateline.model.authorizer import Authorization, AuthorizationType
from gateline.model.diagnostic import Complaints
from gateline.model.function import calls_function
from gateline.model.integration import IntegrationKind, LiteralSource, ParameterMapping
from gateline.model.rest_api import Method, RestApi

_STREAMING = "/response-streaming-invocations"  # what the uri of a function that streams ends with


def unsupported(api: RestApi, method: Method, complaints: Complaints) -> bool:
    """Record what a method asks for and this version does not do; true when the method must answer 501."""
    found = _authorization(api, method, complaints)
    return _integration(method, complaints) or found


def _has_lambda(api: RestApi, needs: Authorization) -> bool:
    """Whether a Lambda authorizer judges the method's callers."""
    return needs.type is AuthorizationType.CUSTOM and any(
        a.name == needs.authorizer and a.kind in LAMBDA_KINDS for a in api.authorizers
    )


def _authorization(api: RestApi, method: Method, complaints: Complaints) -> bool:
    needs = method.authorization
    if needs.type is not AuthorizationType.NONE and not _has_lambda(api, needs):
        which = f" '{needs.authorizer}'" if needs.authorizer else ""
        complaints.add(
            codes.AUTHORIZER_UNSUPPORTED,
            needs.origin,
            f"{_named(method)} asks for {needs.type} authorization{which}, which is not supported yet",
            help="A method is never served without the authorization it asks for, so this can't be allowed.",
        )
        return True
    return False


def _integration(method: Method, complaints: Complaints) -> bool:
    integration = method.integration
    # What `${...}` stands for may be a function's ARN; that it is not known is a complaint of its own.
    names_function = calls_function(integration.uri) or integration.uri.startswith("${")
    if integration.kind is IntegrationKind.AWS_PROXY and not names_function:
        code = codes.INTEGRATION_UNSUPPORTED
        complaints.add(
            code,
            integration.origin.child("type"),
            f"{_named(method)} has an integration of type aws_proxy to what is no function, which is not supported",
            help=f"Write type aws with templates; `--allow {code.name}` serves 501 in this method's place.",
        )
        return True
    streams = integration.response_transfer_mode == "STREAM"
    if integration.kind is IntegrationKind.AWS_PROXY and (streams or integration.uri.endswith(_STREAMING)):
        code = codes.STREAMING_UNSUPPORTED
        complaints.add(
            code,
            integration.origin.child("responseTransferMode" if streams else "uri"),
            f"{_named(method)} streams a function's answer, which is not supported yet",
            help=f"Answer in one piece; `--allow {code.name}` serves 501 in this method's place.",
        )
        return True
    # All of them, not the first: a person wants to see the whole list.
    found = [_mapping(method, mapping, complaints) for mapping in integration.request_parameters]
    return any(found)


def _mapping(method: Method, mapping: ParameterMapping, complaints: Complaints) -> bool:
    source = mapping.source
    if not isinstance(source, LiteralSource) or source.text is not None:
        return False
    if mapping.name.lower() == "host":
        complaints.add(
            codes.SECRET_IN_HOST,
            mapping.origin,
            f"{_named(method)} puts a secret into the Host header",
            help="A host name is not a secret: proxies log it. Choose another header.",
        )
        return True
    if method.integration.kind is IntegrationKind.AWS:
        complaints.add(
            codes.SECRET_FOR_AWS,
            mapping.origin,
            f"{_named(method)} maps a secret into a request to an AWS service",
            help="Such requests are signed by the host, which knows no secrets. Remove the mapping.",
        )
        return True
    return False


def _named(method: Method) -> str:
    return f"{method.http_method} {method.path.text}"
