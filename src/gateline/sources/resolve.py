"""Names across documents: what is used must exist, and what exists should be used.

Runs on what could be read. What is declared is taken from the tree and not from the models, so that a
declaration with a mistake of its own does not also count as missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.integration import (
    ConnectionType,
    Integration,
    LiteralSource,
    ParameterMapping,
    StageVariableSource,
)
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi, Stage
from gateline.model.secret import SecretRef
from gateline.sources.balancer_use import check_links, used_balancers, used_groups
from gateline.sources.circumstances import Circumstances
from gateline.sources.function_use import check_functions, used_functions
from gateline.sources.placeholder import STAGE_VARIABLE, filled
from gateline.sources.project import ProjectFile, settings
from gateline.sources.secret_place import named_secrets
from gateline.sources.sockets import check_sockets
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Node

_IN_TEMPLATE: Final = re.compile(r"\$!?\{?stageVariables(?:\.get\(['\"]|\[['\"]|\.)([A-Za-z0-9_]+)")
_IDENTITY_SOURCE: Final = re.compile(r"\$?stageVariables\.([A-Za-z0-9_]+)")


def check_project(project: ProjectFile, tree: Node, complaints: Complaints) -> None:
    """What the project file says about itself: default_api, hosts, API ids, names used twice."""
    _check_default_api(project, tree, complaints)
    _check_hosts(project, tree, complaints)
    owners: dict[str, str] = {}
    for name, part in project.apis.items():
        owner = owners.setdefault(part.id or name, name)
        if owner != name:
            complaints.add(
                codes.API_ID_TAKEN,
                tree.at(("apis", name, "id")).origin,
                f"the APIs '{owner}' and '{name}' have the same id '{part.id or name}'",
                help="ARNs could not tell them apart; give one another id",
            )
        for taken in part.substitutions.keys() & project.secrets.keys():
            complaints.add(
                codes.NAME_TAKEN,
                tree.at(("apis", name, "substitutions", taken)).origin,
                f"'{taken}' is a substitution of '{name}' and a secret; ${{{taken}}} could mean either",
            )


def _check_default_api(project: ProjectFile, tree: Node, complaints: Complaints) -> None:
    gateway = settings(project)
    named = gateway.default_api
    declared = tree.names("apis")
    if named and named not in declared:
        complaints.add(
            codes.API_NOT_DECLARED,
            tree.at(("gateway", "default_api")).origin,
            f"gateway.default_api names '{named}', but there is no such API",
            help=did_you_mean(named, declared),
        )
    if gateway.hosts and not named and len(declared) > 1:
        complaints.add(
            codes.API_NOT_DECLARED,
            tree.at(("gateway", "hosts")).origin,
            "gateway.hosts reach the default API, but there are several APIs and none is named",
            help="set gateway.default_api",
        )
    elif not named and len(declared) > 1:
        complaints.add(
            codes.DEFAULT_API_NOT_NAMED,
            tree.at(("apis",)).origin,
            "there are several APIs and no gateway.default_api, so http://127.0.0.1:PORT/STAGE reaches none",
            help=f"set gateway.default_api: {next(iter(declared))}, or call them by http://NAME.localhost:PORT",
        )


def _check_hosts(project: ProjectFile, tree: Node, complaints: Complaints) -> None:
    declared = tree.names("apis")
    gateway = settings(project)
    default = gateway.default_api or (next(iter(declared)) if len(declared) == 1 else "")
    for index, host in enumerate(gateway.hosts):
        origin = tree.at(("gateway", "hosts", index)).origin
        label, _, rest = host.partition(".")
        if host in gateway.hosts[:index]:
            complaints.add(codes.HOST_TAKEN, origin, f"the host '{host}' is written twice")
        elif (
            label in declared
            and label != default
            and (rest == "localhost" or rest.startswith("execute-api."))
        ):
            complaints.add(
                codes.HOST_TAKEN,
                origin,
                f"the host '{host}' belongs to the API '{label}', not to the default API",
            )


def check_uses(gateway: Gateway, tree: Node, circumstances: Circumstances, complaints: Complaints) -> None:
    """What the definitions use: stage variables, VPC links and functions that must be declared."""
    check_links(gateway, tree, complaints)
    check_sockets(gateway, complaints)
    for api in gateway.apis:
        _check_stage_variables(api, circumstances, complaints)
        _check_vpc_links(api, tree.names("vpc_links"), circumstances, complaints)
        check_functions(api, tree.names("functions"), circumstances, complaints)


def _check_stage_variables(api: RestApi, circumstances: Circumstances, complaints: Complaints) -> None:
    """One complaint for each variable and API: a definition may use it a hundred times."""
    first: dict[str, Origin] = {}
    count: Counter[str] = Counter()
    for variable, origin in _variables_used(api):
        first.setdefault(variable, origin)
        count[variable] += 1
    for variable, origin in first.items():
        lacking = [stage.name for stage in api.stages if variable not in dict(stage.variables)]
        if not lacking:
            continue
        stages = ("stage " if len(lacking) == 1 else "stages ") + ", ".join(f"'{name}'" for name in lacking)
        places = f" ({count[variable]} places)" if count[variable] > 1 else ""
        complaints.add(
            codes.STAGE_VARIABLE_NOT_DEFINED,
            origin,
            f"the stage variable '{variable}' is used{places} but not defined in {stages} of '{api.name}'",
            help=f"define it in the project file: apis.{api.name}.stages.{lacking[0]}.variables",
            severity=circumstances.undefined_variable,
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
    for _, template in integration.request_templates:
        for name in _IN_TEMPLATE.findall(template):
            yield name, integration.origin.child("requestTemplates")


def _check_vpc_links(
    api: RestApi, declared: Mapping[str, Node], circumstances: Circumstances, complaints: Complaints
) -> None:
    said: set[str] = set()
    for method in api.methods:
        integration = method.integration
        for stage, link in _links_of(integration, api.stages):
            unresolved = "${" in link  # which is complained about already
            if link in declared or link in said or unresolved:
                continue
            said.add(link)
            message, advice = _undeclared(link, integration.connection_id, stage, declared)
            complaints.add(
                codes.VPC_LINK_NOT_DECLARED,
                integration.origin.child("connectionId"),
                message,
                help=advice,
                severity=circumstances.unresolved,
            )


def _undeclared(link: str, written: str, stage: Stage, declared: Mapping[str, Node]) -> tuple[str, str]:
    """What to say about a link that is not there, and what to do about it."""
    if not written:
        return "connectionType is VPC_LINK, but no connectionId says which", ""
    if not link:
        message = f"the VPC link is empty: {written} has no value in stage '{stage.name}'"
        return message, "define the stage variable: its value is the name of a VPC link of the project file"
    how = f" ({written} in stage '{stage.name}')" if written != link else ""
    advice = f"declare it in the project file: vpc_links: {{{link}: {{target: HOST:PORT}}}}"
    return f"the VPC link '{link}' is not declared{how}", did_you_mean(link, declared) or advice


def _links_of(integration: Integration, stages: tuple[Stage, ...]) -> Iterator[tuple[Stage, str]]:
    """The link that an integration names in each stage."""
    if integration.connection_type is ConnectionType.VPC_LINK:
        for stage in stages:
            yield stage, filled(integration.connection_id, stage)


def check_unused(
    gateway: Gateway, project: ProjectFile, tree: Node, texts: Mapping[str, str], complaints: Complaints
) -> None:
    """What is declared for nothing; asked when all definitions were read. `texts`: each API's document."""
    secrets = named_secrets(tree)
    links: set[str] = set()
    functions: set[str] = set()
    for api in gateway.apis:
        for method in api.methods:
            secrets.update(_secrets_of(method.integration.request_parameters))
            links.update(link for _, link in _links_of(method.integration, api.stages))
        functions |= used_functions(api, tree.names("functions"))
    kinds = (
        ("no definition uses the secret", "secrets", secrets),
        ("no definition uses the VPC link", "vpc_links", links),
        ("no definition uses the function", "functions", functions),
        ("no integration leads to the load balancer", "load_balancers", used_balancers(gateway, tree)),
        ("no listener forwards to the target group", "target_groups", used_groups(tree)),
    )
    for said, key, used in kinds:
        for name, node in tree.names(key).items():
            if name not in used:
                complaints.add(codes.DECLARED_BUT_UNUSED, node.origin, f"{said} '{name}'")
    for api in gateway.apis:
        _check_authorizers(api, complaints)
    for api_name, part in project.apis.items():
        for name in part.substitutions:
            # A name that the text does not hold is surely unused; more would need the reader's own trace.
            if api_name in texts and name not in texts[api_name]:
                complaints.add(
                    codes.DECLARED_BUT_UNUSED,
                    tree.at(("apis", api_name, "substitutions", name)).origin,
                    f"the definition of '{api_name}' does not use the substitution '{name}'",
                )


def _check_authorizers(api: RestApi, complaints: Complaints) -> None:
    """Who defines an authorizer means somebody to be asked: `security` may be what was forgotten."""
    asked = {method.authorization.authorizer for method in api.methods}
    for authorizer in api.authorizers:
        if authorizer.name not in asked:
            complaints.add(
                codes.AUTHORIZER_UNUSED,
                authorizer.origin,
                f"no method asks the authorizer '{authorizer.name}'",
                help=f'add "security": [{{"{authorizer.name}": []}}] to the operations that it is to protect, '
                "or to the document for all of them",
            )


def _secrets_of(mappings: tuple[ParameterMapping, ...]) -> Iterator[str]:
    for mapping in mappings:
        if isinstance(mapping.source, LiteralSource):
            yield from (part.name for part in mapping.source.parts if isinstance(part, SecretRef))
