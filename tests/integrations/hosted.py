"""Integrations that the host performs, as the tests of this room need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateline.integrations.call import Call
from gateline.integrations.client_request import ClientRequest
from gateline.integrations.context import Circumstances
from gateline.integrations.exchange import Exchange
from gateline.integrations.outgoing import HttpRequest, RawHeaders
from gateline.integrations.prepared import Prepared
from gateline.model.hosting import HostedMethod, HostedStage
from gateline.model.integration import (
    Integration,
    IntegrationKind,
    IntegrationResponse,
    LiteralSource,
    Location,
    ParameterMapping,
    PassthroughBehavior,
    ResponseParameter,
    ResponseSource,
)
from gateline.model.origin import Origin
from gateline.sources.mapping import parse_response_source, parse_source
from integrations.samples import CALL, EPOCH_MS, HEADERS, METHOD, STAGE

NOWHERE = Origin("")
LAMBDA = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/orders/invocations"
"""The uri of a function."""

POST = replace(CALL, verb="POST", query=b"")
"""A call with a body."""


def mapping(target: str, expression: str) -> ParameterMapping:
    """A line of requestParameters; `target` is "header.X", "querystring.X" or "path.X"."""
    location, _, name = target.partition(".")
    source = parse_source(expression) or LiteralSource((expression[1:-1],))
    return ParameterMapping(location=Location(location), name=name, source=source, origin=NOWHERE)


def entry(
    status: int = 200,
    pattern: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    templates: Mapping[str, str] | None = None,
    handling: str = "",
) -> IntegrationResponse:
    """An entry of `responses`; `headers` are expressions by name."""
    return IntegrationResponse(
        pattern=pattern,
        status_code=status,
        response_parameters=tuple(
            ResponseParameter(header=name, expression=text, source=_response_source(text), origin=NOWHERE)
            for name, text in (headers or {}).items()
        ),
        response_templates=tuple((templates or {}).items()),
        content_handling=handling,
        origin=NOWHERE,
    )


def _response_source(expression: str) -> ResponseSource:
    return parse_response_source(expression) or LiteralSource((expression[1:-1],))


def integration(
    kind: IntegrationKind = IntegrationKind.HTTP,
    *,
    uri: str = "http://backend.example/base",
    verb: str = "POST",
    parameters: Mapping[str, str] | None = None,
    templates: Mapping[str, str] | None = None,
    passthrough: PassthroughBehavior = PassthroughBehavior.WHEN_NO_MATCH,
    handling: str = "",
    responses: Sequence[IntegrationResponse] | None = None,
) -> Integration:
    """An integration; `parameters` are expressions by target, as in `mapping`."""
    return Integration(
        kind=kind,
        uri=uri,
        http_method=verb,
        request_parameters=tuple(mapping(*each) for each in (parameters or {}).items()),
        request_templates=tuple((templates or {}).items()),
        passthrough_behavior=passthrough,
        content_handling=handling,
        responses=tuple([entry()] if responses is None else responses),
        origin=NOWHERE,
    )


def prepared(of: Integration) -> Prepared:
    """The integration made ready."""
    return Prepared(hosted(of))


def hosted(of: Integration) -> HostedMethod:
    """A method with this integration."""
    function = "orders" if of.uri == LAMBDA else ""
    return replace(METHOD, integration=of, function=function, authority="backend.example")


def circumstances(of: Integration, *, call: Call = CALL, stage: HostedStage = STAGE) -> Circumstances:
    """A request for it."""
    return Circumstances(call=call, stage=stage, method=hosted(of), epoch_ms=EPOCH_MS)


def request(
    of: Integration | None = None,
    *,
    headers: RawHeaders = HEADERS,
    body: bytes = b"",
    call: Call = CALL,
    stage: HostedStage = STAGE,
) -> ClientRequest:
    """A client's request."""
    return ClientRequest(circumstances(of or integration(), call=call, stage=stage), headers, body)


def exchange(
    of: Integration,
    *,
    headers: RawHeaders = (),
    body: bytes = b"",
    call: Call = POST,
    stage: HostedStage = STAGE,
) -> Exchange:
    """A request of an integration, begun."""
    return Exchange(prepared(of), circumstances(of, call=call, stage=stage), headers, body)


def sent(exchange: Exchange) -> HttpRequest:
    """What goes to the backend of an `http` integration."""
    outgoing = exchange.outgoing()
    assert isinstance(outgoing, HttpRequest)
    return outgoing
