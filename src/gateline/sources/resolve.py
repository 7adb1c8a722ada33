"""Names across documents: what is used must exist, and what exists should be used.

Runs on what could be read. What is declared is taken from the tree and not from the models, so that a
declaration with a mistake of its own does not also count as missing.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.rest_api import RestApi, Stage
from gateline.sources.api_use import ApiUse, Uses
from gateline.sources.balancer_use import check_links, used_balancers, used_groups
from gateline.sources.circumstances import Circumstances
from gateline.sources.client_certificate_assembly import (
    check_client_certificates,
    used_client_certificates,
)
from gateline.sources.function_target_assembly import functions_behind_balancers
from gateline.sources.function_use import check_functions, used_functions
from gateline.sources.placeholder import filled
from gateline.sources.project import ProjectFile, settings
from gateline.sources.secret_place import named_secrets
from gateline.sources.sockets import check_sockets
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Node
from gateline.sources.tunnel_assembly import check_tunnels, used_tunnels


def check_project(project: ProjectFile, tree: Node, complaints: Complaints) -> None:
    """What the project file says about itself: default_api, hosts, API ids, names used twice."""
    _check_default_api(project, tree, complaints)
    _check_hosts(project, tree, complaints)
    check_client_certificates(project, tree, complaints)
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


def check_uses(
    gateway: Gateway, tree: Node, uses: Uses, circumstances: Circumstances, complaints: Complaints
) -> None:
    """What the definitions use: stage variables, VPC links and functions that must be declared."""
    check_links(gateway, tree, complaints)
    check_sockets(gateway, complaints)
    check_tunnels(gateway, tree, complaints)
    for api in gateway.apis:
        use = uses.of(api)
        _check_stage_variables(api, use, circumstances, complaints)
        _check_vpc_links(api, use, tree.names("vpc_links"), circumstances, complaints)
        check_functions(api, tree.names("functions"), circumstances, complaints)


def _check_stage_variables(
    api: RestApi, use: ApiUse, circumstances: Circumstances, complaints: Complaints
) -> None:
    """One complaint for each variable and API: a definition may use it a hundred times."""
    for variable, places in use.variables.items():
        lacking = [stage.name for stage in api.stages if variable not in dict(stage.variables)]
        if not lacking:
            continue
        stages = ("stage " if len(lacking) == 1 else "stages ") + ", ".join(f"'{name}'" for name in lacking)
        more = f" ({places.count} places)" if places.count > 1 else ""
        complaints.add(
            codes.STAGE_VARIABLE_NOT_DEFINED,
            places.first,
            f"the stage variable '{variable}' is used{more} but not defined in {stages} of '{api.name}'",
            help=f"define it in the project file: apis.{api.name}.stages.{lacking[0]}.variables",
            severity=circumstances.undefined_variable,
        )


def _check_vpc_links(
    api: RestApi,
    use: ApiUse,
    declared: Mapping[str, Node],
    circumstances: Circumstances,
    complaints: Complaints,
) -> None:
    said: set[str] = set()
    for written, origin in use.links.items():
        for stage in api.stages:
            link = filled(written, stage)
            unresolved = "${" in link  # which is complained about already
            if link in declared or link in said or unresolved:
                continue
            said.add(link)
            message, advice = _undeclared(link, written, stage, declared)
            complaints.add(
                codes.VPC_LINK_NOT_DECLARED,
                origin,
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


def check_unused(
    gateway: Gateway,
    project: ProjectFile,
    tree: Node,
    uses: Uses,
    texts: Mapping[str, str],
    complaints: Complaints,
) -> None:
    """What is declared for nothing; asked when all definitions were read. `texts`: each API's document."""
    secrets = named_secrets(tree)
    links: set[str] = set()
    functions = functions_behind_balancers(tree)
    for api in gateway.apis:
        use = uses.of(api)
        secrets |= use.secrets
        links.update(filled(written, stage) for written in use.links for stage in api.stages)
        functions |= used_functions(api, tree.names("functions"))
    kinds = (
        ("no definition uses the secret", "secrets", secrets),
        ("no definition uses the VPC link", "vpc_links", links),
        ("no definition and no target group uses the function", "functions", functions),
        ("no integration leads to the load balancer", "load_balancers", used_balancers(gateway, tree, uses)),
        (
            "no stage and no target group shows the client certificate",
            "client_certificates",
            used_client_certificates(project),
        ),
        ("no listener forwards to the target group", "target_groups", used_groups(tree)),
        ("nothing leads to the tunnel", "tunnels", used_tunnels(gateway)),
    )
    for said, key, used in kinds:
        for name, node in tree.names(key).items():
            if name not in used:
                complaints.add(codes.DECLARED_BUT_UNUSED, node.origin, f"{said} '{name}'")
    for api in gateway.apis:
        _check_authorizers(uses.of(api), complaints)
    for api_name, part in project.apis.items():
        for name in part.substitutions:
            # A name that the text does not hold is surely unused; more would need the reader's own trace.
            # `Fn::GetAtt: [Name, Attribute]` writes its parts one by one.
            parts = name.split(".")
            if api_name in texts and not all(part in texts[api_name] for part in parts):
                complaints.add(
                    codes.DECLARED_BUT_UNUSED,
                    tree.at(("apis", api_name, "substitutions", name)).origin,
                    f"the definition of '{api_name}' does not use the substitution '{name}'",
                )


def _check_authorizers(use: ApiUse, complaints: Complaints) -> None:
    """Who defines an authorizer means somebody to be asked: `security` may be what was forgotten."""
    for authorizer in use.unasked:
        complaints.add(
            codes.AUTHORIZER_UNUSED,
            authorizer.origin,
            f"no method asks the authorizer '{authorizer.name}'",
            help=f'add "security": [{{"{authorizer.name}": []}}] to the operations that it is to protect, '
            "or to the document for all of them",
        )
