"""What an integration leads to: a host, a VPC link's targets, or a load balancer with its rules.

A host and a network balancer are one cluster. An application balancer is a route for each rule that may decide
(folding.py), with the conditions that are still open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.cluster import cluster
from gateline.compile.folding import (
    KnownRequest,
    OpenRule,
    fold,
    plain_text_for_secret,
)
from gateline.compile.harvest import Harvest
from gateline.compile.met_listener import SCHEMES, listener_of, met
from gateline.compile.resources import HostLookup
from gateline.compile.route import Hop
from gateline.compile.rule_action import (
    destination,
    fixed_response_fields,
    redirect_fields,
    unavailable_fields,
)
from gateline.compile.rule_behind_api import refuse_rules, refuse_versions
from gateline.compile.rule_match import match_of
from gateline.compile.rule_pattern import judged_paths
from gateline.compile.rule_transform import put_transforms, untransformed
from gateline.compile.stickiness import stuck
from gateline.compile.target_group import lookups, shown_certificate, spoken_tls, target_group_cluster
from gateline.compile.tunnel import through_tunnel
from gateline.compile.upstream import NoEndpoint, Upstream, with_stage_variables
from gateline.compile.wire import new
from gateline.compile.zones import in_zone
from gateline.model import codes
from gateline.model.address import forbidden_reason
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.integration import ConnectionType, Integration, VpcLink
from gateline.model.load_balancer import (
    BalancerType,
    FixedResponse,
    Forward,
    Listener,
    LoadBalancer,
    Redirect,
    Rule,
)
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, Stage
from gateline.model.target_group import TargetGroup, TargetType

Destination = Mapping[str, object]
"""Fields of a RouteAction that say where a request goes: `cluster`, or `weighted_clusters`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where an integration leads.

    `route` is the method's Route, or the RouteList of a balancer's rules. Every reading of a path must satisfy the
    same ones of `patterns`. `is_private`: it leads through a balancer or a VPC link, not to a host that a uri names.
    """

    route: Message
    is_private: bool = True
    is_balanced: bool = False
    rule: str = ""
    target_groups: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    rewrites_host: bool = False
    rewriting: tuple[Rule, ...] = ()  # the rules that may decide and rewrite targets


ToBackend = Callable[[Mapping[str, object], Destination, Hop | None], Message]
"""Makes the route to a backend: of the fields of its match, where it goes, and the balancer on the way."""


class Ends:
    """The ends of one stage's integrations; what they need goes into `harvest`, of which each method has its own."""

    def __init__(self, gateway: Gateway, stage: Stage, harvest: Harvest) -> None:
        self._links: dict[str, VpcLink] = {link.name: link for link in gateway.vpc_links}
        self._balancers: dict[str, LoadBalancer] = {each.name: each for each in gateway.load_balancers}
        self._by_host = {each.dns_name: each for each in gateway.load_balancers if each.dns_name}
        self._groups: dict[str, TargetGroup] = {each.name: each for each in gateway.target_groups}
        self._paths = gateway.edge.paths
        self._edge = gateway.edge
        self._stage = stage
        self._clusters: dict[str, Message] = {}  # made once, though many methods lead to one
        self.harvest = harvest
        self._refused: set[Origin] = set()

    def of(
        self,
        method: Method,
        route: str,
        upstream: Upstream,
        request: KnownRequest,
        to_backend: ToBackend,
        complaints: Complaints,
    ) -> End:
        """The end of a method's integration; `route` is the name of its routes.

        Raises:
            NoEndpoint: there is none in this stage; `Complained` when the user was told why.

        """
        integration = method.integration
        if integration.connection_type is ConnectionType.VPC_LINK:
            name = with_stage_variables(integration.connection_id, self._stage)
            link = self._links.get(name)
            if link is None:
                raise NoEndpoint(f"VPC link '{name}'")
            if not link.load_balancer:
                reached = self._hosts(
                    _link_cluster(link, upstream, integration),
                    link.targets or ((upstream.host, upstream.port),),
                    upstream,
                    integration,
                    complaints,
                    tunnel=link.tunnel,
                )
                return End(route=to_backend({"prefix": "/"}, reached, None))
            balancer = self._balancers[link.load_balancer]
        elif (host := upstream.host.removesuffix(".")) in self._by_host:
            balancer = self._by_host[host]
        else:
            verified = not integration.insecure_skip_verification
            name = names.host_cluster(upstream.scheme, upstream.host, upstream.port, verified=verified)
            target = ((upstream.host, upstream.port),)
            reached = self._hosts(name, target, upstream, integration, complaints)
            return End(route=to_backend({"prefix": "/"}, reached, None), is_private=False)
        listener = listener_of(balancer, upstream, integration, complaints)
        balancer, listener = met(
            balancer, listener, upstream, integration, self._groups, self._balancers, complaints
        )
        if balancer.type is BalancerType.NETWORK:
            return self._through_network(balancer, listener, upstream, integration, to_backend)
        return self._through_rules(balancer, listener, request, method, route, to_backend, complaints)

    def _hosts(
        self,
        name: str,
        targets: tuple[tuple[str, int], ...],
        upstream: Upstream,
        integration: Integration,
        complaints: Complaints,
        *,
        tunnel: str = "",
    ) -> Destination:
        """The cluster of hosts that are looked up, or of an export of a tunnel."""
        verified = not integration.insecure_skip_verification
        tls_host = upstream.host if upstream.scheme == "https" else ""
        shown = self._stage.client_certificate if tls_host else ""
        name = names.shown(name, shown)
        for host, port in targets:
            reason = forbidden_reason(host)
            if reason and not tunnel:
                complaints.add(
                    codes.FORBIDDEN_ADDRESS,
                    integration.origin.child("uri"),
                    f"in stage {self._stage.name} the integration leads to {host}, {reason}",
                    help="No integration may reach it, whatever a stage variable says.",
                )
            lookup = HostLookup(cluster=name, host=host, port=port, tunnel=tunnel, origin=integration.origin)
            self.harvest.lookups.setdefault(lookup)
        self.harvest.needs_trust |= bool(tls_host) and verified
        if name not in self._clusters:
            made = cluster(name, tls_host=tls_host, verified=verified, certificate=shown)
            self._clusters[name] = through_tunnel(made) if tunnel else made
        self.harvest.clusters[name] = self._clusters[name]
        self.harvest.origins[name] = integration.origin
        return {"cluster": name}

    def _through_network(
        self,
        balancer: LoadBalancer,
        listener: Listener,
        upstream: Upstream,
        integration: Integration,
        to_backend: ToBackend,
    ) -> End:
        """A network balancer hands connections on: what is spoken over them is between gateway and target."""
        verified = not integration.insecure_skip_verification
        tls_host = upstream.host if upstream.scheme == "https" else ""

        def cluster_of(group: str) -> str:
            name = names.target_group_through_network(
                group, upstream.scheme, upstream.host, verified=verified
            )
            used, name = in_zone(self._groups[group], name, balancer, self._edge)
            return self._group(used, name, tls_host=tls_host, verified=verified)

        forward = listener.rules[-1].action
        assert isinstance(forward, Forward)  # the front end takes no other action at a network balancer
        reached = destination(forward, cluster_of)
        if reached is None:
            raise NoEndpoint(f"{balancer.name}:{listener.port} forwards to no target group")
        return End(
            route=to_backend({"prefix": "/"}, reached, None),
            rule=f"{balancer.name}:{listener.port}",
            target_groups=_groups(forward),
        )

    def _through_rules(
        self,
        balancer: LoadBalancer,
        listener: Listener,
        request: KnownRequest,
        method: Method,
        route: str,
        to_backend: ToBackend,
        complaints: Complaints,
    ) -> End:
        refuse_rules(listener, self._stage, self._refused, complaints)
        for rule, header in plain_text_for_secret(listener, request):
            complaints.add(
                codes.RULE_SECRET_IN_PLAIN_TEXT,
                rule.origin,
                f"{method.http_method} {method.path.text} writes a secret into {header}, and the rule compares "
                "that with plain text: it never applies",
                help='Name the secret in the rule: `values: ["${NAME}"]`.',
            )
        open_rules = fold(listener, request)
        refuse_versions(open_rules, self._groups, self._stage, self._refused, complaints)
        hop = Hop(SCHEMES[listener.protocol], listener.port)
        routes = [self._route(route, rule, listener, hop, request, to_backend) for rule in open_rules]
        actions = [rule.rule.action for rule in open_rules]
        rules = dict.fromkeys(each.rule for each in open_rules)
        if any(rule.transforms for rule in rules):
            routes.insert(0, new("envoy.config.route.v3.Route", **untransformed(route, behind_api=True)))
        return End(
            route=routes[0] if len(routes) == 1 else new("envoy.config.route.v3.RouteList", routes=routes),
            rewrites_host=any(rule.transforms.host is not None for rule in rules),
            rewriting=tuple(rule for rule in rules if rule.transforms.url is not None),
            is_balanced=True,
            rule=f"{balancer.name}:{listener.port} {_rules(open_rules)}",
            target_groups=tuple(
                dict.fromkeys(
                    group for action in actions if isinstance(action, Forward) for group in _groups(action)
                )
            ),
            patterns=judged_paths(listener, open_rules[-1].rule) if None in request.path else (),
        )

    def _route(
        self,
        route: str,
        open_rule: OpenRule,
        listener: Listener,
        hop: Hop,
        request: KnownRequest,
        to_backend: ToBackend,
    ) -> Message:
        match = _match(open_rule)
        match open_rule.rule.action:
            case Forward() as forward:
                reached = destination(forward, self._behind_api)
                if reached is not None:
                    made = put_transforms(
                        to_backend(match, reached, hop), open_rule.rule.transforms, self._paths
                    )
                    return stuck(made, forward, self._groups, self._behind_api)
                fields = unavailable_fields(behind_api=True)
            case FixedResponse() as fixed:
                fields = fixed_response_fields(fixed, behind_api=True)
            case Redirect() as redirect:
                fields = redirect_fields(
                    redirect,
                    behind_api=True,
                    listener_protocol=listener.protocol,
                    listener_port=listener.port,
                    host=request.host or "",
                )
            case action:
                assert_never(action)
        return new("envoy.config.route.v3.Route", name=route, match=match, **fields)

    def _behind_api(self, group: str) -> str:
        return self._group(self._groups[group], names.target_group_behind_api(group))

    def _group(self, group: TargetGroup, name: str, *, tls_host: str = "", verified: bool = True) -> str:
        """The cluster of a target group, made once for each client certificate; its name."""
        if group.target_type is TargetType.LAMBDA:  # its cluster is made where the host's socket is known
            self.harvest.origins[name] = group.origin
            self.harvest.target_groups[name] = group.name
            return name
        shown = shown_certificate(group, self._stage.client_certificate, over_tls=bool(tls_host))
        name = names.shown(name, shown)
        spoken = spoken_tls(group, host=tls_host, verified=verified)
        self.harvest.needs_trust |= spoken is not None and spoken.trust == names.TRUST
        if name not in self._clusters:
            self._clusters[name] = target_group_cluster(
                group,
                name=name,
                behind_api=True,
                tls_host=tls_host,
                verified=verified,
                certificate=shown,
            )
        self.harvest.clusters[name] = self._clusters[name]
        self.harvest.origins[name] = group.origin
        self.harvest.target_groups[name] = group.name
        for lookup in lookups(group, name):
            self.harvest.lookups.setdefault(lookup)
        return name


def _link_cluster(link: VpcLink, upstream: Upstream, integration: Integration) -> str:
    verified = not integration.insecure_skip_verification
    if link.tunnel:
        return names.link_export(link.name, upstream.scheme, upstream.host, upstream.port, verified=verified)
    return names.link_cluster(link.name, upstream.scheme, upstream.host, verified=verified)


def _match(open_rule: OpenRule) -> dict[str, object]:
    match = dict(match_of(open_rule.conditions))
    if open_rule.absent:
        missing = [{"name": name, "present_match": True, "invert_match": True} for name in open_rule.absent]
        headers = match.get("headers", ())
        assert isinstance(headers, list | tuple)
        match["headers"] = [*headers, *missing]
    return match


def _groups(forward: Forward) -> tuple[str, ...]:
    return tuple(group.name for group in forward.target_groups if group.weight)


def _rules(open_rules: tuple[OpenRule, ...]) -> str:
    told = list(dict.fromkeys(each.rule.label for each in open_rules))
    return f"rule {told[0]}" if len(told) == 1 else f"rules {', '.join(told)}"
