"""What an API uses of its project: stage variables, secrets, VPC links, hosts. Gathered once for each API read.

Checks across documents run at every reload; an API that did not change is not looked through again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateline.model.authorizer import Authorizer
from gateline.model.integration import (
    ConnectionType,
    Integration,
    IntegrationKind,
    LiteralSource,
    ParameterMapping,
    StageVariableSource,
)
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi
from gateline.model.secret import SecretRef
from gateline.sources.placeholder import STAGE_VARIABLE

_PROXIES: Final = frozenset({IntegrationKind.HTTP_PROXY, IntegrationKind.AWS_PROXY})
_IN_TEMPLATE: Final = re.compile(
    r"\$!?\{?stageVariables(?:\.get\(['\"]|\[['\"]|\.)([A-Za-z0-9_]+)(?![A-Za-z0-9_(])"  # no method's name
)
_IDENTITY_SOURCE: Final = re.compile(r"\$?stageVariables\.([A-Za-z0-9_]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a stage variable is used: first, and how often."""

    first: Origin
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiUse:
    """What one API uses, as it is written: `${stageVariables.x}` still in it."""

    variables: dict[str, Places]
    secrets: frozenset[str]
    links: dict[str, Origin]  # connectionId → where it stands first
    beginnings: frozenset[str]  # scheme and authority of integrations' uris that go through no VPC link
    unasked: tuple[Authorizer, ...]  # authorizers that no method asks


class Uses:
    """What APIs use, by the API as the same object."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[RestApi, ApiUse]] = {}

    def of(self, api: RestApi) -> ApiUse:
        """What the API uses."""
        kept = self._kept.get(api.name)
        if kept is None or kept[0] is not api:
            kept = self._kept[api.name] = (api, api_use(api))
        return kept[1]


def api_use(api: RestApi) -> ApiUse:
    """Look through an API."""
    integrations = [method.integration for method in api.methods]
    variables: dict[str, Places] = {}
    for name, origin in _variables_used(api):
        before = variables.get(name)
        variables[name] = (
            Places(first=before.first, count=before.count + 1) if before else Places(first=origin, count=1)
        )
    links: dict[str, Origin] = {}
    for each in integrations:
        if each.connection_type is ConnectionType.VPC_LINK:
            links.setdefault(each.connection_id, each.origin.child("connectionId"))
    asked = {method.authorization.authorizer for method in api.methods}
    return ApiUse(
        variables=variables,
        secrets=frozenset(name for each in integrations for name in _secrets_of(each.request_parameters)),
        links=links,
        beginnings=frozenset(
            "/".join(each.uri.split("/", 3)[:3])
            for each in integrations
            if each.connection_type is ConnectionType.INTERNET
        ),
        unasked=tuple(each for each in api.authorizers if each.name not in asked),
    )


def _variables_used(api: RestApi) -> Iterator[tuple[str, Origin]]:
    for method in api.methods:
        yield from _variables_of(method.integration)
    for authorizer in api.authorizers:
        for name in STAGE_VARIABLE.findall(authorizer.uri + authorizer.credentials):
            yield name, authorizer.origin
        for source in authorizer.identity_sources:
            if found := _IDENTITY_SOURCE.fullmatch(source):
                yield found[1], authorizer.origin


def _variables_of(integration: Integration) -> Iterator[tuple[str, Origin]]:
    texts = {
        "uri": integration.uri,
        "connectionId": integration.connection_id,
        "integrationTarget": integration.integration_target,
        "credentials": integration.credentials,
    }
    for key, text in texts.items():
        for name in STAGE_VARIABLE.findall(text):
            yield name, integration.origin.child(key)
    for mapping in integration.request_parameters:
        if isinstance(mapping.source, StageVariableSource):
            yield mapping.source.name, mapping.origin
    yield from _variables_in(integration.request_templates, integration.origin.child("requestTemplates"))
    if integration.kind in _PROXIES:
        return  # their `responses` are not used
    for response in integration.responses:
        for parameter in response.response_parameters:
            if isinstance(parameter.source, StageVariableSource):
                yield parameter.source.name, parameter.origin
        yield from _variables_in(response.response_templates, response.origin.child("responseTemplates"))


def _variables_in(templates: tuple[tuple[str, str], ...], origin: Origin) -> Iterator[tuple[str, Origin]]:
    for _, template in templates:
        for name in _IN_TEMPLATE.findall(template):
            yield name, origin


def _secrets_of(mappings: tuple[ParameterMapping, ...]) -> Iterator[str]:
    for mapping in mappings:
        if isinstance(mapping.source, LiteralSource):
            yield from (part.name for part in mapping.source.parts if isinstance(part, SecretRef))
