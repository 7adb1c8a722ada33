"""Balancers of the internet: listeners of their own, and what those need. Internal ones open no socket (DESIGN D6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.access_log import cluster_metadata
from gateline.compile.balancer_listener import Common, application_listener
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
    key_file: str = "",
) -> BalancerResources:
    """What Envoy is told of every balancer of the internet.

    Args:
        gateway: the project; addresses and ports of listeners are those really opened.
        cleaned: names that mappings of the project write; who comes in here cannot carry its secrets.
        complaints: gets a complaint about each rule that compares a header with a secret.
        request_log: the path of a pipe or file for one JSON line a request, None for no log at all.
        sockets: the folder of Unix sockets, for application balancers that are targets.
        key_file: where the key of stickiness lies, "" without any.

    """
    common = Common(
        cleaned=cleaned,
        request_log=request_log,
        versions=asks_versions(gateway.target_groups),
        key_file=key_file,
        transforms=transform_filters(gateway),
    )
    maker = _Maker(gateway, common, sockets)
    resources = maker.made
    bound = {binding.name: binding for binding in bindings(gateway)}
    for balancer in gateway.load_balancers:
        if balancer.scheme is not Scheme.INTERNET_FACING:
            continue
        for listener in balancer.listeners:
            if _tells_secrets(balancer, listener, complaints):
                continue
            for protocol in listener.protocol.at_sockets:
                maker.make(balancer, listener, bound[listener_name(balancer, listener, protocol)])
    for balancer, listener in tuple(balancer_targets(gateway, set(resources.harvest.target_groups.values()))):
        internal = balancer.scheme is Scheme.INTERNAL  # else it has been complained about
        if internal and _tells_secrets(balancer, listener, complaints):
            continue
        binding = Binding(names.behind_network(balancer.name, listener.port), "", 0, listener.origin)
        maker.make(balancer, listener, binding)
        path = socket_of(sockets, balancer.name, listener.port)
        resources.listeners[binding.name] = at_socket(resources.listeners[binding.name], path)
    return resources


class _Maker:
    """Makes listeners, one after another, and what each of them needs, once."""

    def __init__(self, gateway: Gateway, common: Common, sockets: str) -> None:
        self.made = BalancerResources()
        self._edge = gateway.edge
        self._groups = {group.name: group for group in gateway.target_groups}
        self._common = common
        self._sockets = sockets
        self._logged = any(balancer.access_log for balancer in gateway.load_balancers)

    def make(self, balancer: LoadBalancer, listener: Listener, binding: Binding) -> None:
        """A listener of a balancer, where its socket is."""
        harvest, cluster_of = self.made.harvest, partial(self._cluster, balancer)
        harvest.origins[binding.name] = listener.origin
        if binding.protocol is ListenerProtocol.UDP:
            made = udp_listener(binding, listener, cluster_of)
        elif balancer.type is BalancerType.NETWORK:
            made = tcp_listener(binding, listener, cluster_of)
        else:
            harvest.scopes[binding.name] = balancer_scope(
                binding.name,
                balancer,
                listener,
                paths=self._edge.paths,
                cleaned=self._common.cleaned,
                cluster_of=cluster_of,
                groups=self._groups,
            )
            made = application_listener(binding, balancer, listener, self._common)
        self.made.listeners[binding.name] = made

    def _cluster(self, balancer: LoadBalancer, group_name: str) -> str:
        """The name of a target group's cluster, which is made when it is first named."""
        harvest, edge = self.made.harvest, self._edge
        group, name = in_zone(self._groups[group_name], names.target_group(group_name), balancer, edge)
        harvest.target_groups[name] = group_name
        harvest.origins[name] = group.origin
        if group.target_type is TargetType.ALB:
            harvest.clusters[name] = balancer_target_cluster(group, name, self._sockets)
        elif name not in harvest.clusters and group.target_type is not TargetType.LAMBDA:
            harvest.clusters[name] = target_group_cluster(
                group, name=name, behind_api=False, certificate=shown_certificate(group, "")
            )
            if self._logged:
                arn = target_group_arn(account=edge.account_id, region=edge.region, group=group.name)
                harvest.clusters[name].MergeFrom(
                    new("envoy.config.cluster.v3.Cluster", metadata=cluster_metadata(arn))
                )
            for lookup in lookups(group, name):
                harvest.lookups.setdefault(lookup)
        return name


def _tells_secrets(balancer: LoadBalancer, listener: Listener, complaints: Complaints) -> bool:
    """Whether a rule compares a header with a secret: its value would stand in the route table (DESIGN D8)."""
    telling = [rule for rule in listener.rules if _names_secret(rule)]
    for rule in telling:
        complaints.add(
            codes.SECRET_IN_PUBLIC_RULE,
            rule.origin,
            f"rule {rule.label} of {balancer.name}:{listener.port} compares a header with a secret; at a "
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
