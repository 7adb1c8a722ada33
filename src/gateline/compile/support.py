"""What a definition asks for and this version does not do: refused by name, never passed over in silence.

`--allow GLnnn` lets an allowable one pass; the method then answers 501, it is never open. What concerns
authorization can't be allowed.
"""

from __future__ import annotations

from gateline.compile.hosting import LAMBDA_KINDS
from gateline.model import codes
from gateline.model.authorizer import Authorization, AuthorizationType
from gateline.model.diagnostic import Complaints
from gateline.model.integration import (
    BodySource,
    IntegrationKind,
    LiteralSource,
    ParameterMapping,
)
from gateline.model.rest_api import Method, RestApi

_NEXT = "It comes with a later version; `--allow {code}` serves the API with 501 in this method's place."


def refuse_unsupported_api(api: RestApi, complaints: Complaints) -> None:
    """Record what an API as a whole asks for and this version does not do."""
    if api.policy:
        complaints.add(
            codes.RESOURCE_POLICY_UNSUPPORTED,
            api.origin.child("x-amazon-apigateway-policy"),
            "resource policies are not evaluated yet, and an API with one is not served without it",
            help="Remove the policy to serve the API to everybody who reaches the gateway.",
        )
    for response in api.gateway_responses:
        complaints.add(
            codes.GATEWAY_RESPONSE_UNSUPPORTED,
            response.origin,
            f"the customised gateway response {response.type} is not applied yet",
            help=f"`--allow {codes.GATEWAY_RESPONSE_UNSUPPORTED.name}` serves the API with Amazon's defaults.",
        )
    if api.minimum_compression_size is not None:
        complaints.add(
            codes.COMPRESSION_UNSUPPORTED,
            api.origin.child("x-amazon-apigateway-minimum-compression-size"),
            "responses are not compressed yet",
            help=f"`--allow {codes.COMPRESSION_UNSUPPORTED.name}` serves the API without compression.",
        )


def unsupported(api: RestApi, method: Method, complaints: Complaints) -> bool:
    """Record what a method asks for and this version does not do; true when the method must answer 501."""
    found = _authorization(api, method, complaints)
    found = _integration(method, complaints) or found
    return _validation(api, method, complaints) or found


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
    if needs.api_key_required:
        complaints.add(
            codes.API_KEY_UNSUPPORTED,
            needs.origin,
            f"{_named(method)} asks for an API key, and usage plans are not supported yet",
            help="A method is never served without the key it asks for, so this can't be allowed.",
        )
        return True
    return False


def _integration(method: Method, complaints: Complaints) -> bool:
    integration = method.integration
    # What `${...}` stands for may be a function's ARN; that it is not known is a complaint of its own.
    names_function = ":lambda:path/" in integration.uri or integration.uri.startswith("${")
    if integration.kind is IntegrationKind.AWS_PROXY and names_function:
        return False
    if integration.kind not in (IntegrationKind.HTTP_PROXY, IntegrationKind.MOCK):
        code = codes.INTEGRATION_UNSUPPORTED
        elsewhere = " to what is no function" if integration.kind is IntegrationKind.AWS_PROXY else ""
        complaints.add(
            code,
            integration.origin.child("type"),
            f"{_named(method)} has an integration of type {integration.kind}{elsewhere}, which is not supported yet",
            help=_NEXT.format(code=code.name),
        )
        return True
    if integration.kind is IntegrationKind.MOCK:
        return False
    # All of them, not the first: a person wants to see the whole list.
    found = [_mapping(method, mapping, complaints) for mapping in integration.request_parameters]
    return any(found)


def _mapping(method: Method, mapping: ParameterMapping, complaints: Complaints) -> bool:
    source = mapping.source
    if isinstance(source, LiteralSource) and source.text is None and mapping.name.lower() == "host":
        complaints.add(
            codes.SECRET_IN_HOST,
            mapping.origin,
            f"{_named(method)} puts a secret into the Host header",
            help="A host name is not a secret: proxies log it. Choose another header.",
        )
        return True
    if not isinstance(source, BodySource):
        return False
    complaints.add(
        codes.MAPPING_UNSUPPORTED,
        mapping.origin,
        f"{_named(method)} maps {mapping.location} {mapping.name} from the body: not supported yet",
        help=_NEXT.format(code=codes.MAPPING_UNSUPPORTED.name),
    )
    return True


def _validation(api: RestApi, method: Method, complaints: Complaints) -> bool:
    validator = next((v for v in api.request_validators if v.name == method.request_validator), None)
    if validator is None:
        return False
    body = validator.validate_body and bool(method.request_models)
    parameters = validator.validate_parameters and any(p.required for p in method.parameters)
    if not (body or parameters):
        return False
    code = codes.VALIDATION_UNSUPPORTED
    complaints.add(
        code,
        method.origin,
        f"{_named(method)} asks for request validation ('{validator.name}'), which is not supported yet",
        help=_NEXT.format(code=code.name),
    )
    return True


def _named(method: Method) -> str:
    return f"{method.http_method} {method.path.text}"
