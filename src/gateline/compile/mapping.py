"""Parameter mappings of a proxy integration, divided between native mutations and `gateway.lua`.

What is known when a stage is compiled (literals, stage variables, most of `$context`) becomes a native header
mutation; a secret can only be one, since its value must stand in no route. What depends on the request becomes
a source that the script reads. Rules: api-gateway.md section 7.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, assert_never

from gateline.compile import names
from gateline.model.authorizer import AuthorizationType
from gateline.model.gateway import Edge
from gateline.model.integration import (
    ILLEGAL_FOR_AWS,
    ILLEGAL_HEADERS,
    PLACEHOLDER,
    BodySource,
    ContextSource,
    Integration,
    IntegrationKind,
    LiteralSource,
    Location,
    MappingSource,
    ParameterMapping,
    RequestSource,
    StageVariableSource,
    holds_secret,
)
from gateline.model.rest_api import Method, PathTemplate, RestApi, SegmentKind, Stage
from gateline.model.secret import SecretRef

DYNAMIC_CONTEXT: Final = frozenset(
    {
        "requestId",
        "extendedRequestId",
        "identity.sourceIp",
        "identity.userAgent",
        "identity.apiKey",
        "identity.apiKeyId",
        "requestTime",
        "requestTimeEpoch",
        "path",
        "httpMethod",
        "protocol",
        "domainName",
        "domainPrefix",
        "xrayTraceId",
    }
)
"""Context variables that `gateway.lua` reads from the request."""

DROPPED_HEADERS: Final = frozenset({"via", "expect", "proxy-authenticate", "te", "connection"})
"""Headers that reach no backend, even if mapped (api-gateway.md section 9)."""

UNREADABLE_HEADERS: Final = frozenset({"connection", "content-length", "expect", "transfer-encoding"})
"""Headers of a client that no mapping reads; the others of section 9 are removed before the script."""

_AWS: Final = frozenset({IntegrationKind.AWS, IntegrationKind.AWS_PROXY})

Source = tuple[str, str | int]
"""A source as `gateway.lua` reads it: its kind and an argument."""


UNKNOWN: Final[Source] = ("unknown", "")
"""What the gateway could say and cannot: no value, and the client's under that name is taken away."""


class NotMappable(ValueError):
    """A source that this version cannot read; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageContext:
    """What is fixed when a method is compiled for a stage."""

    edge: Edge
    api: RestApi
    stage: Stage
    method: Method


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderFormat:
    """A header with a native format: literal text with `%` doubled, `%SECRET(name)%` where a secret stands."""

    name: str
    value: str
    parts: tuple[str | SecretRef, ...] = ()  # what the value is made of

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets in the value."""
        return tuple(part.name for part in self.parts if isinstance(part, SecretRef))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The mappings of one method in one stage."""

    path: tuple[Source, ...]
    query: tuple[tuple[str, Source], ...] = ()
    headers: tuple[tuple[str, Source], ...] = ()
    formats: tuple[HeaderFormat, ...] = ()
    host_mapped: bool = False
    set_headers: frozenset[str] = field(default_factory=frozenset)


def map_parameters(target: str, context: StageContext) -> Mapped:
    """Divide a method's request parameters; `target` is the path and query template of its uri.

    Raises:
        NotMappable: a source of a kind that this version cannot read.

    """
    mappings = context.method.integration.request_parameters
    header_mappings = [m for m in mappings if m.location is Location.HEADER]
    headers: list[tuple[str, Source]] = []
    formats: list[HeaderFormat] = []
    for mapping in header_mappings:
        name = mapping.name.lower()
        if name in DROPPED_HEADERS:
            continue
        if name == "host":  # Envoy's header mutations may not touch it
            headers.append((":authority", _source(mapping.source, context)))
            continue
        fixed = _fixed_header(mapping, context)
        if fixed is None:
            headers.append((name, _source(mapping.source, context)))
        elif fixed.value or not isinstance(mapping.source, RequestSource):
            formats.append(fixed)  # without a value it only takes the client's away
    query = tuple(
        (m.name, source)
        for m in mappings
        if m.location is Location.QUERYSTRING
        for source in [_query_source(m.source, context)]
        if source != ("literal", "")
    )
    targets = {m.name.lower() for m in header_mappings}
    return Mapped(
        path=_path(target, mappings, context),
        query=query,
        headers=tuple(headers),
        formats=tuple(formats),
        host_mapped="host" in targets,
        set_headers=frozenset(targets),
    )


def illegal_header(integration: Integration) -> str:
    """The header that an integration maps and must not, "" when there is none (api-gateway.md section 7)."""
    illegal = ILLEGAL_FOR_AWS if integration.kind in _AWS else ILLEGAL_HEADERS
    headers = (m.name for m in integration.request_parameters if m.location is Location.HEADER)
    return next((name for name in headers if name.lower() in illegal), "")


def secret_headers(integration: Integration) -> tuple[HeaderFormat, ...]:
    """The headers whose literals hold secrets: of a hosted integration, all that Envoy adds itself."""
    return tuple(
        _literal_format(mapping.name, mapping.source)
        for mapping in integration.request_parameters
        if holds_secret(mapping.source)
    )


def _literal_format(name: str, source: LiteralSource) -> HeaderFormat:
    value = "".join(
        f"%SECRET({names.secret(part.name)})%" if isinstance(part, SecretRef) else part.replace("%", "%%")
        for part in source.parts
    )
    return HeaderFormat(name=name.lower(), value=value, parts=source.parts)


def _fixed_header(mapping: ParameterMapping, context: StageContext) -> HeaderFormat | None:
    """The native format of a header whose value does not depend on the request, else None."""
    source = mapping.source
    if isinstance(source, LiteralSource):
        return _literal_format(mapping.name, source)
    kind, argument = _source(source, context)
    if kind in ("literal", "unknown"):
        text = str(argument)
        return HeaderFormat(
            name=mapping.name.lower(), value=text.replace("%", "%%"), parts=(text,) if text else ()
        )
    return None


def _path(target: str, mappings: tuple[ParameterMapping, ...], context: StageContext) -> tuple[Source, ...]:
    """The path template as sources: literal text and the values put into `{name}`.

    A `{name}` without a mapping stays literal [R], and so does one whose mapping has no value: the source before
    the one that may have none says what is written then.
    """
    mapped = {m.name: m for m in mappings if m.location is Location.PATH}
    parts: list[Source] = []
    at = 0
    for match in PLACEHOLDER.finditer(target):
        mapping = mapped.get(match[1])
        if mapping is None:
            continue
        if match.start() > at:
            parts.append(("literal", target[at : match.start()]))
        source = _source(mapping.source, context)
        if source in (UNKNOWN, ("literal", "")):
            source = ("literal", match[0])
        elif source[0] not in ("literal", "segment", "greedy"):
            parts.append(("absent", match[0]))
        parts.append(source)
        at = match.end()
    if at < len(target):
        parts.append(("literal", target[at:]))
    return tuple(parts)


def _source(source: MappingSource, context: StageContext) -> Source:
    if isinstance(source, RequestSource):
        return request_source(source, context.method.path)
    if isinstance(source, StageVariableSource):
        return ("literal", dict(context.stage.variables).get(source.name, ""))
    if isinstance(source, ContextSource):
        return _context_source(source.path, context)
    if isinstance(source, LiteralSource):
        if source.text is None:
            raise NotMappable("a secret can only be part of a header")
        return ("literal", source.text)
    if isinstance(source, BodySource):
        return ("body", mapped_bodies(context.method).index(source.jsonpath) + 1)
    assert_never(source)


def mapped_bodies(method: Method) -> tuple[str, ...]:
    """The JSONPaths that a method's mappings read from the request's body, each once; "" is all of it."""
    sources = (mapping.source for mapping in method.integration.request_parameters)
    return tuple(dict.fromkeys(each.jsonpath for each in sources if isinstance(each, BodySource)))


def _query_source(source: MappingSource, context: StageContext) -> Source:
    """What the gateway says of the request takes a client's own away, also where it is known beforehand."""
    kind, value = _source(source, context)
    return ("ours", value) if isinstance(source, ContextSource) and kind == "literal" else (kind, value)


def request_source(source: RequestSource, path: PathTemplate) -> Source:
    """Where `gateway.lua` finds a value of the request."""
    match source.location:
        case Location.HEADER:
            return _header_source(source.name.lower(), multivalue=source.multivalue)
        case Location.QUERYSTRING:
            return ("queries" if source.multivalue else "query", source.name)
        case Location.PATH:
            return dict(path_parameters(path)).get(source.name, ("literal", ""))
        case _:
            assert_never(source.location)


def path_parameters(path: PathTemplate) -> tuple[tuple[str, Source], ...]:
    """The parameters of a path, by name: where `gateway.lua` finds their values."""
    return tuple(
        (segment.text, ("greedy" if segment.kind is SegmentKind.GREEDY else "segment", index))
        for index, segment in enumerate(path.segments, start=1)
        if segment.kind is not SegmentKind.STATIC
    )


def _header_source(name: str, *, multivalue: bool) -> Source:
    """Envoy keeps Host under another name; what frames a message reaches no mapping (section 9)."""
    if name in UNREADABLE_HEADERS:
        return ("literal", "")
    return ("headers" if multivalue else "header", ":authority" if name == "host" else name)


def _context_source(path: str, context: StageContext) -> Source:
    if path in DYNAMIC_CONTEXT:
        return ("context", path)
    method, api = context.method, context.api
    if path.startswith("authorizer."):
        asked = method.authorization.type is not AuthorizationType.NONE
        return ("authorizer", path.removeprefix("authorizer.")) if asked else UNKNOWN
    fixed = {
        "accountId": context.edge.account_id,
        "apiId": api.api_id,
        "stage": context.stage.name,
        "resourcePath": method.path.text,
        "resourceId": resource_id(api.api_id, method.path.text),
    }
    # Anything else is unknown for an anonymous caller, and a mapping from an absent source is omitted [R].
    return ("literal", fixed[path]) if path in fixed else UNKNOWN


def resource_id(api_id: str, path: str) -> str:
    """A resource's id: six lower-case letters and digits, the same for the same API and path."""
    number = int.from_bytes(hashlib.sha256(f"{api_id} {path}".encode()).digest()[:8])
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    return "".join(letters[number // 36**index % 36] for index in range(6))
