"""Gateways made of model values, for tests of the compiler and of the script: no files, no front end."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gateline.compile import compile_gateway
from gateline.compile.resources import Resources
from gateline.model.authorizer import Authorization, AuthorizationType, Authorizer, AuthorizerKind
from gateline.model.domain import BasePathMapping, Domain
from gateline.model.function import Function, FunctionKind
from gateline.model.gateway import Edge, Gateway, Keyring, PathMode
from gateline.model.integration import (
    Integration,
    IntegrationKind,
    IntegrationResponse,
    LiteralSource,
    Location,
    MappingSource,
    ParameterMapping,
    RequestSource,
    VpcLink,
)
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, PathTemplate, RestApi, Segment, SegmentKind, Stage
from gateline.model.secret import Secret, SecretSource, SecretSourceKind

ORIGIN = Origin("api.yaml")
DEV = Stage(name="dev", origin=ORIGIN)

_places = itertools.count()


def template(text: str) -> PathTemplate:
    """A path template from its text; any segment in braces is a parameter."""
    segments = []
    for part in text.split("/")[1:]:
        variable = re.fullmatch(r"\{(.+?)(\+?)\}", part)
        if variable:
            kind = SegmentKind.GREEDY if variable[2] else SegmentKind.PARAMETER
            segments.append(Segment(kind, variable[1]))
        elif part:
            segments.append(Segment(SegmentKind.STATIC, part))
    return PathTemplate(text, tuple(segments))


def mapping(target: str, source: MappingSource) -> ParameterMapping:
    """`integration.request.` + target gets the source."""
    location, name = target.split(".", 1)
    return ParameterMapping(location=Location(location), name=name, source=source, origin=ORIGIN)


def literal(text: str) -> LiteralSource:
    """A static value."""
    return LiteralSource((text,))


def of_request(expression: str) -> RequestSource:
    """`method.request.` + expression."""
    location, name = expression.split(".", 1)
    multivalue = location.startswith("multivalue")
    return RequestSource(Location(location.removeprefix("multivalue")), name, multivalue)


def http_proxy(
    uri: str = "http://backend.test:9000/",
    *mappings: ParameterMapping,
    http_method: str = "ANY",
    **fields: Any,
) -> Integration:
    """An http_proxy integration."""
    return Integration(
        kind=IntegrationKind.HTTP_PROXY,
        uri=uri,
        http_method=http_method,
        request_parameters=mappings,
        origin=ORIGIN,
        **fields,
    )


def mock(
    status: int = 200,
    *,
    templates: Iterable[tuple[str, str]] = (("application/json", '{"statusCode": 200}'),),
    responses: tuple[IntegrationResponse, ...] | None = None,
    **fields: Any,
) -> Integration:
    """A mock integration that answers `status` with an empty body."""
    default = IntegrationResponse(pattern=None, status_code=status, origin=ORIGIN)
    return Integration(
        kind=IntegrationKind.MOCK,
        request_templates=tuple(templates),
        responses=(default,) if responses is None else responses,
        origin=ORIGIN,
        **fields,
    )


def method(http_method: str, path: str, integration: Integration | None = None, **fields: Any) -> Method:
    """A method; without an integration, a proxy to a backend under the method's own path."""
    place = ORIGIN.child("paths", path, http_method.lower(), next(_places))
    fields.setdefault("authorization", Authorization(origin=place))
    return Method(
        path=template(path),
        http_method=http_method,
        integration=integration or http_proxy(),
        origin=place,
        **fields,
    )


def api(*methods: Method, name: str = "orders", **fields: Any) -> RestApi:
    """An API with one stage, dev."""
    fields.setdefault("stages", (DEV,))
    fields.setdefault("api_id", name)
    return RestApi(name=name, methods=methods, origin=ORIGIN, **fields)


def gateway(
    *apis: RestApi,
    links: tuple[VpcLink, ...] = (),
    secrets: tuple[str, ...] = (),
    functions: tuple[Function, ...] = (),
    domains: tuple[Domain, ...] = (),
    **edge: Any,
) -> Gateway:
    """A project of these APIs; the first one is the default."""
    edge.setdefault("default_api", apis[0].name if apis else "")
    return Gateway(
        name="test",
        edge=Edge(origin=ORIGIN, **edge),
        apis=apis,
        vpc_links=links,
        functions=functions,
        domains=domains,
        secrets=tuple(
            SecretSource(name=name, kind=SecretSourceKind.ENV, place=name, origin=ORIGIN) for name in secrets
        ),
        origin=ORIGIN,
    )


def domain(name: str, mappings: Mapping[str, str], certificate: str = "") -> Domain:
    """A custom domain; mappings are from base path to `api/stage`."""
    return Domain(
        name=name,
        certificate=certificate,
        mappings=tuple(
            BasePathMapping(base_path=path, api=leads.split("/")[0], stage=leads.split("/")[1], origin=ORIGIN)
            for path, leads in mappings.items()
        ),
        origin=ORIGIN,
    )


def keyring(*names: str) -> Keyring:
    """Secrets whose values are their names in capitals."""
    return Keyring(secrets=tuple(Secret(name, name.upper().encode()) for name in names))


def compiled(
    project: Gateway,
    *,
    allowed: Iterable[str] = (),
    request_log: str | None = None,
    generations: Mapping[str, str] | None = None,
) -> Resources:
    """The resources of a project that must compile."""
    names = [source.name for source in project.secrets]
    result = compile_gateway(
        project,
        keyring(*names),
        allowed=frozenset(allowed),
        request_log=request_log,
        generations=generations or {},
    )
    assert result.resources is not None, [d.message for d in result.report.diagnostics]
    return result.resources


def routes(*paths: str, paths_mode: PathMode = PathMode.STRICT) -> Resources:
    """One API with a method for each `VERB /path`, compiled."""
    methods = [method(verb, path) for verb, path in (line.split(" ", 1) for line in paths)]
    return compiled(gateway(api(*methods), paths=paths_mode))


def function(name: str = "auth") -> Function:
    """A Python function."""
    return Function(name=name, kind=FunctionKind.PYTHON, handler="app.handler", code="/code", origin=ORIGIN)


def invocation_uri(name: str = "auth") -> str:
    """The uri by which a definition calls a function."""
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


def token_authorizer(name: str = "token", header: str = "Authorization", **fields: Any) -> Authorizer:
    """An authorizer of one header, with the function `auth`."""
    fields.setdefault("uri", invocation_uri())
    return Authorizer(
        name=name,
        kind=AuthorizerKind.TOKEN,
        identity_sources=(f"method.request.header.{header}",),
        origin=ORIGIN,
        **fields,
    )


def request_authorizer(*sources: str, name: str = "request", **fields: Any) -> Authorizer:
    """An authorizer of a whole request, with the function `auth`."""
    fields.setdefault("uri", invocation_uri())
    return Authorizer(
        name=name, kind=AuthorizerKind.REQUEST, identity_sources=sources, origin=ORIGIN, **fields
    )


def authorized(authorizer: str = "token") -> Authorization:
    """What a method asks whose callers an authorizer judges."""
    return Authorization(type=AuthorizationType.CUSTOM, authorizer=authorizer, origin=ORIGIN)


def aws_proxy(name: str = "auth", **fields: Any) -> Integration:
    """An integration with a function."""
    fields.setdefault("http_method", "POST")
    return Integration(kind=IntegrationKind.AWS_PROXY, uri=invocation_uri(name), origin=ORIGIN, **fields)
