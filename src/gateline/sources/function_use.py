"""Which functions an API asks: those of its authorizers and of its aws_proxy and aws integrations, in each stage."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from gateline.model import codes
from gateline.model.authorizer import AuthorizerKind
from gateline.model.diagnostic import Complaints
from gateline.model.function import named_function, written_function
from gateline.model.integration import IntegrationKind
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi, Stage
from gateline.sources.circumstances import Circumstances
from gateline.sources.placeholder import STAGE_VARIABLE, filled, how_to_declare

_LAMBDA_KINDS = frozenset({AuthorizerKind.TOKEN, AuthorizerKind.REQUEST})

_AWS_KINDS = frozenset({IntegrationKind.AWS, IntegrationKind.AWS_PROXY})


class _Use(NamedTuple):
    """A uri that means a function, as a stage has it."""

    written: str
    uri: str
    stage: Stage
    origin: Origin


def used_functions(api: RestApi, declared: Collection[str]) -> set[str]:
    """The names of the declared functions that the API asks in some stage."""
    named = (named_function(use.uri, declared) for use in _uses(api))
    return {name for name in named if name is not None}


def check_functions(
    api: RestApi, declared: Collection[str], circumstances: Circumstances, complaints: Complaints
) -> None:
    """One complaint for each function that an API asks and nobody declares."""
    undeclared: dict[str, list[_Use]] = {}
    for use in _uses(api):
        if "${" in use.uri or named_function(use.uri, declared) is not None:
            continue  # a name without a value is complained about already
        undeclared.setdefault(written_function(use.uri) or "", []).append(use)
    for name, uses in undeclared.items():
        first = uses[0]
        variables = ", ".join(found[0] for found in STAGE_VARIABLE.finditer(first.written))
        how = f" ({variables} in stage '{first.stage.name}')" if variables else ""
        places = len({use.origin for use in uses})
        more = f" (in {places} places)" if places > 1 else ""
        if name:
            said, advice = f"the function '{name}' is not declared", how_to_declare(name, declared)
        else:
            said = "this is not the uri of a function"
            advice = (
                "it is arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations"
            )
        complaints.add(
            codes.FUNCTION_NOT_DECLARED,
            first.origin,
            said + how + more,
            help=advice,
            severity=circumstances.unresolved,
        )


def _uses(api: RestApi) -> Iterator[_Use]:
    for written, origin in _uris(api):
        for stage in api.stages:
            yield _Use(written, filled(written, stage), stage, origin)


def _uris(api: RestApi) -> Iterator[tuple[str, Origin]]:
    """The uris that must mean functions; an empty one is complained about where it is read."""
    for authorizer in api.authorizers:
        if authorizer.kind in _LAMBDA_KINDS and authorizer.uri:
            yield authorizer.uri, authorizer.origin.child("authorizerUri")
    for method in api.methods:
        integration = method.integration
        if integration.kind in _AWS_KINDS and _is_of_lambda(integration.uri):
            yield integration.uri, integration.origin.child("uri")


def _is_of_lambda(uri: str) -> bool:
    """Whether a uri asks a function, and not another service of Amazon's."""
    return ":lambda:" in uri or written_function(uri) is not None
