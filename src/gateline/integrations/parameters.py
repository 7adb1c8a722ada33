"""Parameter mappings of requests and responses that the host performs (api-gateway.md section 7).

What `dataplane/lua/mapping.lua` does for proxied requests, with the same semantics.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from gateline.integrations.body_value import Body, BodyMalformed
from gateline.integrations.call import wire_text
from gateline.integrations.client_request import ClientRequest
from gateline.integrations.context import context_value
from gateline.integrations.outgoing import RawHeaders, Refusal, configuration_error
from gateline.integrations.prepared import Prepared, PreparedResponse
from gateline.model.integration import (
    BodySource,
    ContextSource,
    LiteralSource,
    Location,
    MappingSource,
    RequestSource,
    ResponseHeaderSource,
    StageVariableSource,
)

HeaderMap = dict[str, tuple[str, str]]
"""Name in lower case to the name as it is written and its value."""


@dataclass(frozen=True, slots=True)
class PathValue:
    """What a `{name}` of a uri stands for. `is_raw`: a segment of the client's path, escapes and all."""

    text: str
    is_raw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What an integration's request is given beside its body."""

    headers: HeaderMap = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)
    path: dict[str, PathValue] = field(default_factory=dict)


def map_parameters(prepared: Prepared, request: ClientRequest) -> Parameters:
    """The values of an integration's `requestParameters`; what the request does not have is left out.

    Raises:
        Refusal: 400, a mapping reads a body that is no JSON.

    """
    mapped = Parameters()
    for mapping in prepared.integration.request_parameters:
        values = _request_values(mapping.source, prepared, request)
        match mapping.location:
            case Location.PATH if values:
                is_raw = (
                    isinstance(mapping.source, RequestSource) and mapping.source.location is Location.PATH
                )
                mapped.path[mapping.name] = PathValue(",".join(values), is_raw)
            case Location.QUERYSTRING if values:
                mapped.query[mapping.name] = values
            case Location.HEADER if values:
                mapped.headers[mapping.name.lower()] = (mapping.name, ",".join(values))
            case _:
                pass
    return mapped


def response_headers(
    entry: PreparedResponse, prepared: Prepared, request: ClientRequest, headers: RawHeaders, body: bytes
) -> HeaderMap:
    """The values of a response entry's `responseParameters`; what the answer does not have is left out.

    Raises:
        Refusal: 500, a mapping reads an answer that is no JSON.

    """
    answer = Body(body)
    mapped: HeaderMap = {}
    for parameter in entry.response.response_parameters:
        source = parameter.source
        if isinstance(source, ResponseHeaderSource):
            value = _header(headers, source)
        elif isinstance(source, BodySource):
            try:
                value = _body_value(answer, source, prepared)
            except BodyMalformed:
                raise configuration_error("a response parameter reads a body that is no JSON") from None
        else:
            value = _fixed(source, request)
        if value:
            mapped[parameter.header.lower()] = (parameter.header, value)
    return mapped


def _request_values(source: MappingSource, prepared: Prepared, request: ClientRequest) -> list[str]:
    """All values of a source; none when the request does not have it."""
    if isinstance(source, RequestSource):
        return _values(source, request)
    if isinstance(source, BodySource):
        try:
            value = _body_value(request.parsed_body, source, prepared)
        except BodyMalformed:
            raise Refusal("BAD_REQUEST_BODY", message="Invalid JSON in request body") from None
    else:
        value = _fixed(source, request)
    return [] if value is None else [value]


def _values(source: RequestSource, request: ClientRequest) -> list[str]:
    """The last value, or all: repeated for a query, one text for a header."""
    match source.location:
        case Location.PATH:
            return [request.path[source.name]] if source.name in request.path else []
        case Location.QUERYSTRING:
            values = request.query.get(source.name, [])
            return values if source.multivalue else values[-1:]
        case Location.HEADER:
            values = request.headers.values(source.name)
            return [",".join(values)] if source.multivalue and values else values[-1:]
        case _:
            assert_never(source.location)


def _fixed(source: StageVariableSource | ContextSource | LiteralSource, request: ClientRequest) -> str | None:
    """A value that is not of a message."""
    if isinstance(source, StageVariableSource):
        return request.variables.get(source.name)
    if isinstance(source, ContextSource):
        return context_value(request.context, source.path)
    return source.text  # None: it holds a secret, and Envoy adds the header


def _header(headers: RawHeaders, source: ResponseHeaderSource) -> str | None:
    name = source.name.lower().encode()
    values = [wire_text(value) for each, value in headers if each.lower() == name]
    if not values:
        return None
    return ",".join(values) if source.multivalue else values[-1]


def _body_value(body: Body, source: BodySource, prepared: Prepared) -> str | None:
    """None also for a JSONPath that can't be read."""
    if not source.jsonpath:
        return body.value(None)
    path = prepared.path(source.jsonpath)
    return None if path is None else body.value(path)
