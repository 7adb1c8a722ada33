"""What the host is told about a stage: its authorizers, and the methods that it may have to describe."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, is_dataclass, replace

from gateline.compile.gateway_response import answers
from gateline.compile.mapping import mapped_bodies, resource_id
from gateline.compile.requirements import validated_models
from gateline.compile.upstream import with_stage_variables
from gateline.model.authorizer import AuthorizationType, Authorizer, AuthorizerKind
from gateline.model.function import named_function
from gateline.model.gateway import Gateway
from gateline.model.hosting import HostedAuthorizer, HostedMethod, HostedStage
from gateline.model.integration import Integration, Location, RequestSource, holds_secret
from gateline.model.rest_api import Method, RestApi, Stage

LAMBDA_KINDS = frozenset({AuthorizerKind.TOKEN, AuthorizerKind.REQUEST})


@dataclass(frozen=True, slots=True)
class FunctionNames:
    """Finds the function that a uri of a stage means."""

    declared: frozenset[str]
    stage: Stage

    def of(self, uri: str) -> str | None:
        """The function's name; None when no declared function has it."""
        return named_function(with_stage_variables(uri, self.stage), self.declared)


def used_authorizers(api: RestApi) -> tuple[Authorizer, ...]:
    """The Lambda authorizers that methods ask for, each once, in the order of the definition."""
    asked = {
        m.authorization.authorizer for m in api.methods if m.authorization.type is AuthorizationType.CUSTOM
    }
    return tuple(a for a in api.authorizers if a.name in asked and a.kind in LAMBDA_KINDS)


def asks_with_request(api: RestApi, method: Method) -> bool:
    """Whether the method's authorizer is of type REQUEST: its function gets to see the request."""
    name = method.authorization.authorizer
    return method.authorization.type is AuthorizationType.CUSTOM and any(
        a.name == name and a.kind is AuthorizerKind.REQUEST for a in api.authorizers
    )


def hosted_stage(
    gateway: Gateway, api: RestApi, stage: Stage, scope: str, methods: tuple[HostedMethod, ...]
) -> HostedStage:
    """What the host knows of a stage; authorizers without a function are left out, their methods are closed."""
    functions = FunctionNames(frozenset(f.name for f in gateway.functions), stage)
    return HostedStage(
        scope=scope,
        api_id=api.api_id,
        stage=stage.name,
        account_id=gateway.edge.account_id,
        region=gateway.edge.region,
        variables=stage.variables,
        header_names=_header_names(api),
        binary_media_types=api.binary_media_types,
        decompresses=api.minimum_compression_size is not None,
        models=api.models if any(method.models for method in methods) else (),
        answers=answers(api, stage, account_id=gateway.edge.account_id),
        assertion=stage.assertion,
        authorizers=tuple(
            HostedAuthorizer(
                name=authorizer.name,
                kind=authorizer.kind,
                function=function,
                ttl=int(authorizer.result_ttl.total_seconds()),
                validation=authorizer.identity_validation_expression,
            )
            for authorizer in used_authorizers(api)
            if (function := functions.of(authorizer.uri)) is not None
        ),
        methods=methods,
    )


def hosted_method(
    api: RestApi,
    method: Method,
    route: str,
    function: str = "",
    *,
    integration: Integration | None = None,
    authority: str = "",
    patterns: tuple[str, ...] = (),
    asserted: bool = False,
) -> HostedMethod:
    """What the host knows of a method.

    `integration`: it performs it; with an `authority` through Envoy's egress, at the route of the same name.
    """
    return HostedMethod(
        route=route,
        resource=method.path.text,
        resource_id=resource_id(api.api_id, method.path.text),
        operation_name=method.operation_name,
        function=function,
        is_post=method.integration.http_method in ("POST", ""),
        integration=integration,
        egress=route if authority else "",
        authority=authority,
        patterns=patterns,
        models=validated_models(api, method),
        asserted=asserted,
        bodies=mapped_bodies(method) if integration is None else (),
    )


def hosted_integration(integration: Integration, stage: Stage) -> Integration:
    """An integration as the host performs it in a stage. Secrets are not its business: Envoy adds them."""
    return replace(
        integration,
        uri=with_stage_variables(integration.uri, stage),
        request_parameters=tuple(
            mapping for mapping in integration.request_parameters if not holds_secret(mapping.source)
        ),
    )


def digest(of: object) -> str:
    """A short text that changes whenever a value does; where in the files it was said does not count."""
    return hashlib.sha256(repr(_said(of)).encode()).hexdigest()[:16]


def _said(value: object) -> object:
    if is_dataclass(value):
        said = [getattr(value, field.name) for field in fields(value) if field.name != "origin"]
        return (type(value).__name__, *map(_said, said))
    return tuple(map(_said, value)) if isinstance(value, tuple) else value


def _header_names(api: RestApi) -> tuple[str, ...]:
    """Names of headers as the definition spells them: functions read them in this spelling."""
    prefix = "method.request.header."
    names = {
        s.removeprefix(prefix) for a in api.authorizers for s in a.identity_sources if s.startswith(prefix)
    }
    for method in api.methods:
        names.update(p.name for p in method.parameters if p.location is Location.HEADER)
        names.update(
            m.source.name
            for m in method.integration.request_parameters
            if isinstance(m.source, RequestSource) and m.source.location is Location.HEADER
        )
    return tuple(sorted(names))
