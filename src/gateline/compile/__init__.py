"""BACK END: model to Envoy resources. Pure functions: no files, no sockets, no clock.

Front door: `compile_gateway(gateway, keyring)`. It works in this order, each step a function of the former's
results: what is not supported → stages (tables, routes, clusters) → balancers of the internet → entry → listener
→ secrets → the whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.balancer import balancer_resources
from gateline.compile.balancer_login import hosted_logins
from gateline.compile.client_certificate import listener_trusts
from gateline.compile.egress import egress_listener
from gateline.compile.entry import entry_scope
from gateline.compile.folding import GATEWAY_ADDRESS, holds_gateway
from gateline.compile.function_target import function_clusters, hosted_targets
from gateline.compile.harvest import Harvest, Memory
from gateline.compile.host_cluster import host_cluster
from gateline.compile.links import link_resources
from gateline.compile.listener import edge_listener, redirects
from gateline.compile.rate_limit import is_throttled
from gateline.compile.resources import CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE, SECRET, Resources
from gateline.compile.route import CleanedHeaders
from gateline.compile.rule_action import redirect_filter
from gateline.compile.rule_transform import transform_filters
from gateline.compile.secret import certificate, generic, keeper, target_trusts, trust
from gateline.compile.stage import StageCompiler, unserved_methods
from gateline.compile.target_group import group_trust
from gateline.compile.unspoken import warn_of_unspoken
from gateline.dataplane import keys
from gateline.model import codes
from gateline.model.assertion import issuer_of
from gateline.model.diagnostic import Complaints, Report
from gateline.model.gateway import Gateway, Keyring
from gateline.model.hosting import HostConfiguration, HostedPlan
from gateline.model.load_balancer import Scheme, SourceIp
from gateline.model.rest_api import RestApi, Stage
from gateline.model.target_group import TargetType

__all__ = ["Compiled", "Memory", "Sockets", "compile_gateway"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """Paths of Unix sockets between Envoy and the rest of Gateline."""

    host: str = "host.sock"  # where the host serves Envoy
    egress: str = "egress.sock"  # where Envoy takes what the host sends to backends
    enrolment: str = "enroll.sock"  # where control listens to nodes that ask for certificates
    folder: str = ""  # where application balancers listen that are targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """The compiler's answer: all resources, or None when a diagnostic is an error."""

    resources: Resources | None
    hosting: HostConfiguration
    report: Report


def compile_gateway(
    gateway: Gateway,
    keyring: Keyring,
    *,
    allowed: frozenset[str] = frozenset(),
    request_log: str | None = None,
    memory: Memory | None = None,
    generations: Mapping[str, str] = MappingProxyType({}),
    sockets: Sockets = Sockets(),
) -> Compiled:
    """Compile a project whole, or not at all.

    Args:
        gateway: the project, resolved.
        keyring: values of secrets and certificates.
        allowed: names of diagnostics that may pass (`--allow`).
        request_log: where Envoy writes one JSON line a request; None for nowhere.
        memory: of former compilations; a stage of which nothing has changed is not compiled again.
        generations: of authorizers, by `api/stage/authorizer`: cached decisions of another one do not count.
        sockets: the Unix sockets between Envoy and the rest of Gateline.

    """
    complaints = Complaints(allowed)
    memory = memory or Memory()
    cleaned = memory.cleaned_headers(gateway)
    harvest = Harvest()
    parts = [each for api in gateway.apis for each in _stages(gateway, api, cleaned, complaints, memory)]
    for _, part in parts:
        harvest.add(part)
    _warn_of_source_ips(gateway, complaints)
    public = balancer_resources(gateway, cleaned, complaints, request_log=request_log, sockets=sockets.folder)
    harvest.add(public.harvest)
    warn_of_unspoken(gateway, parts, harvest, complaints)
    hosting = _hosting(gateway, keyring, harvest)
    entry = _entry(gateway, hosting, harvest, generations, logged=request_log is not None, jwks=keyring.jwks)
    secrets = _secrets(gateway, keyring, harvest, complaints)
    report = complaints.report()
    if report.error_count:
        return Compiled(resources=None, hosting=hosting, report=report)
    harvest.origins[names.LISTENER] = gateway.edge.origin
    listeners = {names.LISTENER: edge_listener(gateway, cleaned, request_log)}
    if harvest.has_egress:
        harvest.origins[names.EGRESS] = gateway.edge.origin
        filters = [*([redirect_filter()] if redirects(gateway) else []), *transform_filters(gateway)]
        listeners[names.EGRESS] = egress_listener(sockets.egress, filters)
    resources = Resources(
        by_type={
            SECRET: secrets,
            CLUSTER: harvest.clusters | _own_clusters(gateway, hosting, harvest, sockets.host),
            ENDPOINT: {},
            SCOPED_ROUTE: harvest.scopes | {keys.ENTRY_SCOPE: entry},
            LISTENER: listeners | public.listeners,
        },
        lookups=tuple(harvest.lookups),
        target_groups=_by_address(gateway, harvest),
        origins=harvest.origins,
        routes=tuple(harvest.rows),
    )
    links = link_resources(gateway, keyring, sockets.enrolment)
    return Compiled(resources=links.joined(resources), hosting=hosting, report=report)


def _by_address(gateway: Gateway, harvest: Harvest) -> dict[str, str]:
    """The clusters whose endpoints come and go, each with its target group."""
    still = {g.name for g in gateway.target_groups if g.target_type in {TargetType.LAMBDA, TargetType.ALB}}
    return {name: of for name, of in harvest.target_groups.items() if of not in still}


def _own_clusters(
    gateway: Gateway, hosting: HostConfiguration, harvest: Harvest, host_socket: str
) -> dict[str, Message]:
    """The clusters that no definition names: who keeps secrets, and the host."""
    own = {names.KEEPER: keeper(harvest.secrets)} if harvest.secrets else {}
    own |= function_clusters(gateway, harvest.target_groups.items(), host_socket)
    if hosting.is_needed:
        for name in (keys.HOST_CLUSTER, keys.FUNCTIONS_CLUSTER):
            own[name] = host_cluster(name, host_socket)
            harvest.origins[name] = gateway.origin.child("functions")
    return own


def _warn_of_source_ips(gateway: Gateway, complaints: Complaints) -> None:
    """Behind an integration the peer of a balancer is the gateway: rules on other addresses never apply."""
    behind_network = {group.balancer[0] for group in gateway.target_groups}
    for balancer in gateway.load_balancers:
        if balancer.scheme is not Scheme.INTERNAL or balancer.name in behind_network:
            continue
        for rule in (rule for listener in balancer.listeners for rule in listener.rules):
            if any(isinstance(each, SourceIp) and not holds_gateway(each) for each in rule.conditions):
                complaints.add(
                    codes.RULE_JUDGES_THE_GATEWAY,
                    rule.origin,
                    f"the source address that {balancer.name} sees is the gateway's, {GATEWAY_ADDRESS}, and this rule "
                    "is not for that: it never applies",
                    help=f"Add {GATEWAY_ADDRESS}/32 to let the gateway in.",
                )


def _hosting(gateway: Gateway, keyring: Keyring, harvest: Harvest) -> HostConfiguration:
    signing = keyring.assertion_key
    targets = hosted_targets(gateway, harvest.target_groups.values())
    used = frozenset(target.function for target in targets).union(
        *(stage.functions for stage in harvest.hosted.values())
    )
    return HostConfiguration(
        functions=tuple(function for function in gateway.functions if function.name in used),
        stages=tuple(harvest.hosted.values()),
        plans=tuple(
            HostedPlan(
                name=plan.name,
                scopes=tuple(stage.scope for stage in plan.stages),
                quota=plan.quota,
                throttled=is_throttled(plan),
            )
            for plan in gateway.usage_plans
        ),
        keys=keyring.api_keys,
        pepper=keyring.pepper,
        assertion_issuer=issuer_of(gateway.name) if signing else "",
        assertion_kid=signing.kid if signing else "",
        assertion_key=signing.private_key.reveal().decode("ascii") if signing else "",
        endpoints=gateway.aws_endpoints,
        logins=hosted_logins(gateway, keyring),
        session_keys=keyring.session_keys,
        claims_keys=keyring.claims_keys,
        targets=targets,
    )


def _entry(
    gateway: Gateway,
    hosting: HostConfiguration,
    harvest: Harvest,
    generations: Mapping[str, str],
    *,
    logged: bool,
    jwks: bytes,
) -> Message:
    return entry_scope(
        gateway,
        harvest.table_ids,
        _generations(hosting, generations),
        logged=logged,
        keys_generation=_keys_generation(hosting),
        jwks=jwks,
    )


def _keys_generation(hosting: HostConfiguration) -> str:
    """A name for all that is known of API keys and their plans: what was decided for another one counts no more."""
    if not hosting.plans:
        return ""
    content = repr((hosting.plans, hosting.keys, hosting.pepper))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _generations(hosting: HostConfiguration, given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Of each scope's authorizers. One that nobody has given a generation has the first."""
    return {
        stage.scope: {a.name: given.get(f"{stage.scope}/{a.name}", "0") for a in stage.authorizers}
        for stage in hosting.stages
    }


def _stages(
    gateway: Gateway, api: RestApi, cleaned: CleanedHeaders, complaints: Complaints, memory: Memory
) -> list[tuple[Stage, Harvest]]:
    """What each stage of an API yields, compiled anew where something has changed."""
    kept = [
        memory.harvest(names.scope(api.name, stage.name), gateway, api, stage, cleaned)
        for stage in api.stages
    ]
    if all(kept):
        return [
            (stage, harvest) for stage, harvest in zip(api.stages, kept, strict=True) if harvest is not None
        ]
    unserved = unserved_methods(api, gateway.edge, complaints)
    harvests = []
    for stage in api.stages:
        harvest = StageCompiler(
            gateway, api, stage, unserved=unserved, cleaned=cleaned, memory=memory
        ).compile(complaints)
        harvests.append((stage, harvest))
        if not complaints.count:
            memory.keep(names.scope(api.name, stage.name), gateway, api, stage, cleaned, harvest)
    return harvests


def _secrets(
    gateway: Gateway, keyring: Keyring, harvest: Harvest, complaints: Complaints
) -> dict[str, Message]:
    values = {secret.name: secret for secret in keyring.secrets}
    resources: dict[str, Message] = {}
    for name in sorted(harvest.secrets):
        if name in values:
            resources[names.secret(name)] = generic(values[name])
            continue
        source = next((s for s in gateway.secrets if s.name == name), None)
        complaints.add(
            codes.SECRET_WITHOUT_SOURCE,
            source.origin if source else gateway.origin.child("secrets"),
            f"the secret {name} has no value",
            help=f"Declare it: `secrets: {{{name}: {{env: {name.upper()}}}}}`.",
        )
    if gateway.edge.tls is not None and keyring.edge_certificate is not None:
        resources[names.EDGE_CERTIFICATE] = certificate(names.EDGE_CERTIFICATE, keyring.edge_certificate)
    for shown in keyring.certificates:
        resources[names.certificate(shown.name)] = certificate(names.certificate(shown.name), shown)
    for shown in keyring.client_certificates:
        name = names.client_certificate(shown.name)
        resources[name] = certificate(name, shown)
    resources |= target_trusts(gateway.target_groups, keyring)
    resources |= listener_trusts(gateway.load_balancers, keyring)
    if harvest.needs_trust or any(group_trust(group) == names.TRUST for group in gateway.target_groups):
        resources[names.TRUST] = trust(names.TRUST, keyring.trust)
    return resources
