"""What the host is told about a stage: its authorizers, and the methods that it may have to describe."""

from __future__ import annotations

from dataclasses import dataclass

from gateline.compile.mapping import resource_id
from gateline.compile.upstream import with_stage_variables
from gateline.model.authorizer import AuthorizationType, Authorizer, AuthorizerKind
from gateline.model.function import named_function
from gateline.model.gateway import Gateway
from gateline.model.hosting import HostedAuthorizer, HostedMethod, HostedStage
from gateline.model.integration import IntegrationKind, Location, RequestSource
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


def needs_description(api: RestApi, method: Method) -> bool:
    """Whether a function gets to see the request: a REQUEST authorizer's, or the integration's own."""
    if method.integration.kind is IntegrationKind.AWS_PROXY:
        return True
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


def hosted_method(api: RestApi, method: Method, route: str, function: str) -> HostedMethod:
    """What the host knows of a method."""
    return HostedMethod(
        route=route,
        resource=method.path.text,
        resource_id=resource_id(api.api_id, method.path.text),
        operation_name=method.operation_name,
        function=function,
        is_post=method.integration.http_method in ("POST", ""),
    )


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
