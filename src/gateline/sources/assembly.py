"""From the project file's models, and the definitions that they name, to the model's Gateway."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gateline.model.diagnostic import Complaints, Severity
from gateline.model.gateway import AdminAddress, Drain, Edge, Gateway, PathMode
from gateline.model.integration import VpcLink
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi, Stage
from gateline.model.target_group import TargetGroup
from gateline.sources import client_address_assembly
from gateline.sources.assertion_assembly import check_assertions, stage_assertion
from gateline.sources.balancer_assembly import BalancerReader
from gateline.sources.balancer_target_assembly import reached_listeners, with_balancer_targets
from gateline.sources.circumstances import Circumstances
from gateline.sources.client_certificate_assembly import client_certificate
from gateline.sources.definition_context import DefinitionContext
from gateline.sources.discovery_assembly import aws_endpoints, resolvers
from gateline.sources.document import Document
from gateline.sources.domain_assembly import DomainReader
from gateline.sources.function import FunctionReader
from gateline.sources.memory import Memory, circumstance
from gateline.sources.openapi import read_rest_api
from gateline.sources.project import (
    ApiPart,
    DrainPart,
    ProjectFile,
    StagePart,
    VpcLinkPart,
    settings,
)
from gateline.sources.project_assertion import AssertionsPart
from gateline.sources.project_tunnel import TUNNEL
from gateline.sources.project_values import split_host_port
from gateline.sources.reader import Reader
from gateline.sources.secret_assembly import secret
from gateline.sources.secret_place import check_secret_places
from gateline.sources.service_assembly import service
from gateline.sources.stage_name import DEFAULT_STAGE
from gateline.sources.target_group_assembly import has_own_group, own_target_group, target_group
from gateline.sources.target_group_use import check_forwards
from gateline.sources.tree import Node
from gateline.sources.tunnel_assembly import link_listener, tunnels
from gateline.sources.usage_assembly import check_usage, stage_throttles, usage_plan
from gateline.sources.validation import Validated
from gateline.sources.workbench import Workbench


class Assembler:
    """Builds the Gateway of one project; what it cannot use it complains about and leaves out."""

    def __init__(
        self,
        tree: Node,
        validated: Validated,
        reader: Reader,
        circumstances: Circumstances,
        complaints: Complaints,
        memory: Memory,
    ) -> None:
        self._tree = tree
        self._validated = validated
        self._reader = reader
        self._circumstances = circumstances
        self._complaints = complaints
        self._memory = memory
        self._bench = Workbench(tree, validated, reader, circumstances, complaints)

    def gateway(self, project: ProjectFile) -> Gateway:
        """The whole project. APIs whose definition could not be read are not in it."""
        mapped = _mapped_apis(project)
        apis = (self._api(name, part, project, mapped=name in mapped) for name, part in project.apis.items())
        functions = FunctionReader(
            self._tree, self._reader, self._circumstances, self._complaints, settings(project).region
        )
        balancers = BalancerReader(
            self._bench, self._protocols(project), settings(project).address, reached_listeners(project)
        )
        domains = DomainReader(self._bench, project)
        gateway = Gateway(
            name=project.name or _folder_name(self._reader.folder(self._tree.origin)),
            edge=self._edge(project),
            apis=tuple(api for api in apis if api is not None),
            vpc_links=tuple(self._link(name, part) for name, part in project.vpc_links.items()),
            secrets=tuple(secret(self._bench, name, part) for name, part in project.secrets.items()),
            functions=tuple(functions.function(name, part) for name, part in project.functions.items()),
            domains=tuple(domains.domain(name, part) for name, part in project.domains.items()),
            load_balancers=tuple(
                balancers.balancer(name, part) for name, part in project.load_balancers.items()
            ),
            target_groups=self._target_groups(project),
            services=tuple(
                service(self._bench, name, part, project) for name, part in project.services.items()
            ),
            client_certificates=tuple(
                client_certificate(self._bench, name, part)
                for name, part in project.client_certificates.items()
            ),
            usage_plans=tuple(
                usage_plan(self._bench, name, part) for name, part in project.usage_plans.items()
            ),
            assertion_keys_every=timedelta(
                seconds=(project.assertions or AssertionsPart()).rotate_every_seconds
            ),
            jwks_path=(project.assertions or AssertionsPart()).jwks_path,
            aws_endpoints=aws_endpoints(settings(project)),
            resolvers=resolvers(project),
            tunnels=tunnels(self._bench, project),
            origin=self._tree.origin,
        )
        gateway = with_balancer_targets(self._bench, gateway)
        check_assertions(gateway.apis, self._complaints)
        check_forwards(gateway, self._complaints)
        check_usage(self._bench, project, gateway.usage_plans, gateway.apis)
        check_secret_places(self._tree, balancers.judged, self._complaints)
        return replace(gateway, certificates=(*domains.certificates, *balancers.certificates))

    def _protocols(self, project: ProjectFile) -> dict[str, str]:
        """The protocol of every target group by name; "" where the group was left out."""
        groups = self._tree.names("target_groups")
        protocols = dict.fromkeys(groups, "")
        for name in self._tree.names("services"):
            part = project.services.get(name)
            if name not in groups and (part is None or has_own_group(name, part, groups)):
                protocols[name] = "HTTP" if part is not None else ""
        return protocols | {name: part.protocol for name, part in project.target_groups.items()}

    def _target_groups(self, project: ProjectFile) -> tuple[TargetGroup, ...]:
        declared = self._tree.names("target_groups")
        own = (
            own_target_group(name, self._origin("services", name))
            for name, part in project.services.items()
            if has_own_group(name, part, declared)
        )
        groups = (
            target_group(self._bench, name, part, settings(project))
            for name, part in project.target_groups.items()
        )
        return (*groups, *own)

    def _link(self, name: str, part: VpcLinkPart) -> VpcLink:
        """A link without a port in its target leads to a load balancer, or to a tunnel."""
        first = str(part.target[0])
        tunnel = first.removeprefix(TUNNEL) if first.startswith(TUNNEL) else ""
        pairs = tuple(pair for pair in map(split_host_port, part.target) if pair is not None)
        return VpcLink(
            name=name,
            targets=pairs,
            load_balancer="" if pairs or tunnel else first,
            tunnel=tunnel,
            origin=self._origin("vpc_links", name),
        )

    def _origin(self, *pointer: str) -> Origin:
        return self._tree.at(pointer).origin

    def _edge(self, project: ProjectFile) -> Edge:
        part = settings(project)
        only = (
            next(iter(project.apis)) if len(project.apis) == 1 and not self._validated.lacks("apis") else ""
        )
        return Edge(
            address=part.address,
            port=part.port,
            workers=part.workers,
            tls=self._bench.tls(("gateway", "tls"), part.tls),
            hosts=part.hosts,
            default_api=part.default_api or only,
            paths=PathMode(part.paths),
            trusted_hops=part.trusted_hops,
            account_id=part.account_id,
            region=part.region,
            admin=None
            if part.admin is None
            else AdminAddress(
                address=part.admin.address,
                port=part.admin.port,
                origin=self._origin("gateway", "admin"),
            ),
            drain=_drain(part.drain or DrainPart()),
            links=link_listener(self._bench, project),
            availability_zone=str(part.availability_zone),
            origin=self._origin("gateway"),
            client_address=client_address_assembly.of_gateway(part),
        )

    def _stages(self, name: str, part: ApiPart) -> tuple[Stage, ...]:
        if not part.stages:
            return (Stage(name=DEFAULT_STAGE, origin=self._origin("apis", name)),)
        return tuple(self._stage(name, key, stage) for key, stage in part.stages.items())

    def _stage(self, api: str, name: str, part: StagePart) -> Stage:
        throttle, method_throttles = stage_throttles(part)
        return Stage(
            name=name,
            variables=tuple(part.variables.items()),
            throttle=throttle,
            method_throttles=method_throttles,
            client_certificate=str(part.client_certificate or ""),
            assertion=stage_assertion(self._bench, ("apis", api, "stages", name), part.assertion),
            origin=self._origin("apis", api, "stages", name),
        )

    def _api(self, name: str, part: ApiPart, project: ProjectFile, *, mapped: bool) -> RestApi | None:
        if self._validated.lacks("apis", name, "substitutions"):
            return None  # every use of the substitution that was left out would be a false complaint
        origin = self._origin("apis", name, "definition")
        path = self._reader.absolute(origin, part.definition)
        document = self._reader.read_named(path, origin, f"the definition of '{name}'")
        if document is None:
            return None
        context = DefinitionContext(
            name=name,
            api_id=part.id or name,
            basepath=part.basepath,
            stages=self._stages(name, part),
            substitutions=part.substitutions,
            secret_names=frozenset(self._tree.names("secrets")),
            function_names=frozenset(self._tree.names("functions")),
            region=settings(project).region,
            account_id=settings(project).account_id,
            execute_api_endpoint=part.execute_api_endpoint,
            has_domain=mapped,
            project_folder=self._reader.folder(self._tree.origin),
        )
        lenient = self._circumstances.unresolved is Severity.WARNING
        return self._remembered(document, context, lenient=lenient)

    def _remembered(self, document: Document, context: DefinitionContext, *, lenient: bool) -> RestApi | None:
        """The API, read again only if its document or what the project says about it has changed."""
        key = circumstance(context, lenient=lenient)
        kept = self._memory.api(document, key)
        if kept is not None:
            return kept
        before, included = self._complaints.count, list[Path]()

        def read_file(path: Path) -> Document | None:
            included.append(path)
            return self._reader.read(path)

        noting = replace(context, read_file=read_file)
        known = self._memory.paths(context.name)
        api = read_rest_api(document, noting, self._complaints, bare=lenient, known=known)
        if api is not None and self._complaints.count == before and not included:
            self._memory.keep_api(document, key, api)
        return api


def _mapped_apis(project: ProjectFile) -> set[str]:
    """The APIs that some custom domain maps."""
    return {leads.partition("/")[0] for part in project.domains.values() for leads in part.mappings.values()}


def _drain(part: DrainPart) -> Drain:
    return Drain(delay=timedelta(seconds=part.delay_seconds), timeout=timedelta(seconds=part.timeout_seconds))


def _folder_name(folder: Path) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-.") or "gateline"


def api_name(file: Path) -> str:
    """The API's name in a project of one bare document: the file's stem made fit for a host name."""
    return re.sub(r"[^a-z0-9]+", "-", file.stem.lower())[:63].strip("-") or "api"
