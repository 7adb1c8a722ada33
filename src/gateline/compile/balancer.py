"""Balancers of the internet: listeners of their own, and what those need. Internal ones open no socket (DESIGN D6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.access_log import cluster_metadata
from gateline.compile.balancer_listener import application_listener
from gateline.compile.balancer_routes import balancer_scope
from gateline.compile.balancer_target import (
    at_socket,
    balancer_target_cluster,
    balancer_targets,
    socket_of,
)
from gateline.compile.binding import Binding, bindings, listener_name
from gateline.compile.client_version import asks_versions
from gateline.compile.harvest import Harvest
from gateline.compile.route import CleanedHeaders
from gateline.compile.rule_transform import transform_filters
from gateline.compile.target_group import lookups, shown_certificate, target_group_cluster
from gateline.compile.tcp_listener import tcp_listener
from gateline.compile.udp_listener import udp_listener
from gateline.compile.wire import new
from gateline.compile.zones import in_zone
from gateline.model import codes
from gateline.model.arn import target_group_arn
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import (
    BalancerType,
    HttpHeader,
    Listener,
    ListenerProtocol,
    LoadBalancer,
    Rule,
    Scheme,
)
from gateline.model.secret import SecretRef
from gateline.model.target_group import TargetType


@dataclass(frozen=True, slots=True)
class BalancerResources:
    """The listeners by name, and the scopes, clusters, lookups and origins that they need."""

    listeners: dict[str, Message] = field(default_factory=dict)
    harvest: Harvest = field(default_factory=Harvest)


def balancer_resources(
    gateway: Gateway,
    cleaned: CleanedHeaders,
    complaints: Complaints,
    *,
    request_log: str | None = None,
    sockets: str = "",
) -> BalancerResources:
    """What Envoy is told of every balancer of the internet.

    Args:
        gateway: the project; addresses and ports of listeners are those really opened.
        cleaned: names that mappings of the project write; who comes in here cannot carry its secrets.
        complaints: gets a complaint about each rule that compares a header with a secret.
        request_log: the path of a pipe or file for one JSON line a request, None for no log at all.
        sockets: the folder of Unix sockets, for application balancers that are targets.

    """
    resources = BalancerResources()
    bound = {binding.name: binding for binding in bindings(gateway)}
    for balancer in gateway.load_balancers:
        if balancer.scheme is not Scheme.INTERNET_FACING:
            continue
        for listener in balancer.listeners:
            if _tells_secrets(balancer, listener, complaints):
                continue
            for protocol in listener.protocol.at_sockets:
                binding = bound[listener_name(balancer, listener, protocol)]
                _listener(gateway, balancer, listener, binding, cleaned, request_log, resources, sockets)
    for balancer, listener in tuple(balancer_targets(gateway, set(resources.harvest.target_groups.values()))):
        internal = balancer.scheme is Scheme.INTERNAL  # else it has been complained about
        if internal and _tells_secrets(balancer, listener, complaints):
            continue
        binding = Binding(names.behind_network(balancer.name, listener.port), "", 0, listener.origin)
        _listener(gateway, balancer, listener, binding, cleaned, request_log, resources, sockets)
        path = socket_of(sockets, balancer.name, listener.port)
        resources.listeners[binding.name] = at_socket(resources.listeners[binding.name], path)
    return resources


def _listener(
    gateway: Gateway,
    balancer: LoadBalancer,
    listener: Listener,
    binding: Binding,
    cleaned: CleanedHeaders,
    request_log: str | None,
    resources: BalancerResources,
    sockets: str,
) -> None:
    harvest = resources.harvest
    harvest.origins[binding.name] = listener.origin
    cluster_of = _clusters(gateway, balancer, harvest, sockets)
    if binding.protocol is ListenerProtocol.UDP:
        made = udp_listener(binding, listener, cluster_of)
    elif balancer.type is BalancerType.NETWORK:
        made = tcp_listener(binding, listener, cluster_of)
    else:
        harvest.scopes[binding.name] = balancer_scope(
            balancer,
            listener,
            paths=gateway.edge.paths,
            cleaned=cleaned,
            cluster_of=cluster_of,
            version_of={group.name: group.protocol_version for group in gateway.target_groups}.__getitem__,
            scope=binding.name,
        )
        versions = asks_versions(gateway.target_groups)
        made = application_listener(
            binding,
            balancer,
            listener,
            cleaned,
            request_log,
            versions=versions,
            transforms=transform_filters(gateway),
        )
    resources.listeners[binding.name] = made


def _clusters(
    gateway: Gateway, balancer: LoadBalancer, harvest: Harvest, sockets: str
) -> Callable[[str], str]:
    """Names the cluster of a target group, and makes it when it is first named."""
    groups = {group.name: group for group in gateway.target_groups}
    edge, logged = gateway.edge, any(balancer.access_log for balancer in gateway.load_balancers)

    def cluster_of(group_name: str) -> str:
        plain = names.target_group(group_name)
        group, name = in_zone(groups[group_name], plain, balancer, gateway.edge)
        harvest.target_groups[name] = group_name
        harvest.origins[name] = group.origin
        if group.target_type is TargetType.ALB:
            harvest.clusters[name] = balancer_target_cluster(group, name, sockets)
        elif name not in harvest.clusters and group.target_type is not TargetType.LAMBDA:
            harvest.clusters[name] = target_group_cluster(
                group, name=name, behind_api=False, certificate=shown_certificate(group, "")
            )
            if logged:
                arn = target_group_arn(account=edge.account_id, region=edge.region, group=group.name)
                harvest.clusters[name].MergeFrom(
                    new("envoy.config.cluster.v3.Cluster", metadata=cluster_metadata(arn))
                )
            for lookup in lookups(group, name):
                harvest.lookups.setdefault(lookup)
        return name

    return cluster_of


def _tells_secrets(balancer: LoadBalancer, listener: Listener, complaints: Complaints) -> bool:
    """Whether a rule compares a header with a secret: its value would stand in the route table (DESIGN D8)."""
    telling = [rule for rule in listener.rules if _names_secret(rule)]
    for rule in telling:
        complaints.add(
            codes.SECRET_IN_PUBLIC_RULE,
            rule.origin,
            f"rule {rule.priority} of {balancer.name}:{listener.port} compares a header with a secret; at a "
            "balancer of the internet its value would stand readable in Envoy's routes",
            help="Put the rule at an `internal` balancer, behind the gateway that sends the secret.",
        )
    return bool(telling)


def _names_secret(rule: Rule) -> bool:
    return any(
        isinstance(value, SecretRef)
        for condition in rule.conditions
        if isinstance(condition, HttpHeader)
        for value in condition.values
    )
