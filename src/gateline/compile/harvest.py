"""Harvest: what compiling a stage yields, and the memory that lends it to the next compilation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from google.protobuf.message import Message

from gateline.compile.header_cleaning import cleaned_headers, together
from gateline.compile.rate_limit import throttled_by_plans
from gateline.compile.resources import HostLookup, RouteRow
from gateline.compile.route import CleanedHeaders
from gateline.model.authorizer import Authorizer
from gateline.model.client_address import ClientAddress
from gateline.model.gateway import Gateway, PathMode
from gateline.model.hosting import HostedMethod, HostedStage
from gateline.model.integration import VpcLink
from gateline.model.load_balancer import LoadBalancer
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, RestApi, Stage
from gateline.model.target_group import TargetGroup
from gateline.model.usage_plan import MethodThrottle


@dataclass(slots=True)
class Harvest:
    """Scopes with what they need: of one stage, or of all."""

    scopes: dict[str, Message] = field(default_factory=dict)
    table_ids: dict[str, str] = field(default_factory=dict)
    clusters: dict[str, Message] = field(default_factory=dict)
    lookups: dict[HostLookup, None] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    needs_trust: bool = False
    has_egress: bool = False  # the host sends requests to backends
    origins: dict[str, Origin] = field(default_factory=dict)
    rows: list[RouteRow] = field(default_factory=list)
    hosted: dict[str, HostedStage] = field(default_factory=dict)
    target_groups: dict[str, str] = field(default_factory=dict)  # cluster → the group that it holds

    def add(self, other: Harvest) -> None:
        """Take in what another stage yielded; what both have, the first keeps."""
        self.scopes |= other.scopes
        self.table_ids |= other.table_ids
        _fill(self.clusters, other.clusters.items())
        _fill(self.lookups, other.lookups.items())
        self.secrets |= other.secrets
        self.needs_trust |= other.needs_trust
        self.has_egress |= other.has_egress
        _fill(self.origins, other.origins.items())
        self.rows += other.rows
        self.hosted |= other.hosted
        self.target_groups |= other.target_groups

    def take(self, one: MethodHarvest) -> None:
        """Take in what a method needs; what others need too, the first keeps."""
        _fill(self.clusters, one.clusters)
        _fill(self.lookups, ((lookup, None) for lookup in one.lookups))
        self.secrets.update(one.secrets)
        self.needs_trust |= one.needs_trust
        _fill(self.origins, one.origins)
        self.rows.append(one.row)
        self.target_groups.update(one.target_groups)


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _fill(held: dict[_Key, _Value], more: Iterable[tuple[_Key, _Value]]) -> None:
    for key, value in more:
        held.setdefault(key, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodHarvest:
    """What compiling one method yields, packed for keeping: there may be ten thousand.

    `text` are its details for the script, `action` the Any of its route.
    """

    method: Method
    served: bool
    text: str
    action: Message | None
    egress: Message | None  # the Any of the route that the host's requests take to the backend
    hosted: HostedMethod | None
    digest: str  # of `hosted`
    row: RouteRow
    clusters: tuple[tuple[str, Message], ...]
    lookups: tuple[HostLookup, ...]
    secrets: tuple[str, ...]
    needs_trust: bool
    origins: tuple[tuple[str, Origin], ...]
    target_groups: tuple[tuple[str, str], ...]
    asserted: bool = False  # its requests carry the stage's assertion


@dataclass(frozen=True, slots=True)
class _Kept:
    api: RestApi
    stage: Stage
    links: tuple[VpcLink, ...]
    functions: frozenset[str]
    account_id: str
    region: str
    paths: PathMode
    client_address: ClientAddress
    zone: str
    balancers: tuple[LoadBalancer, ...]
    groups: tuple[TargetGroup, ...]
    throttled: tuple[tuple[str, MethodThrottle], ...]
    cleaned: CleanedHeaders
    harvest: Harvest


class Memory:
    """Harvests of the last compilation, by scope; only of stages that compiled without a complaint."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._headers: dict[str, tuple[RestApi, CleanedHeaders]] = {}
        self._methods: dict[str, tuple[object, dict[str, MethodHarvest]]] = {}

    def cleaned_headers(self, gateway: Gateway) -> CleanedHeaders:
        """The names of the headers that mappings write anywhere in the project; an API is looked through once."""
        for api in gateway.apis:
            kept = self._headers.get(api.name)
            if kept is None or kept[0] is not api:
                self._headers[api.name] = (api, cleaned_headers(api))
        return together(self._headers[api.name][1] for api in gateway.apis)

    def harvest(
        self, scope: str, gateway: Gateway, api: RestApi, stage: Stage, cleaned: CleanedHeaders
    ) -> Harvest | None:
        """What the stage yielded when all that it depends on was the same."""
        kept = self._kept.get(scope)
        if kept is None or kept.api is not api:
            return None
        now = _Kept(api, stage, *_read_of(gateway), cleaned, kept.harvest)
        return kept.harvest if now == kept else None

    def keep(
        self,
        scope: str,
        gateway: Gateway,
        api: RestApi,
        stage: Stage,
        cleaned: CleanedHeaders,
        harvest: Harvest,
    ) -> None:
        """Keep what a stage yielded."""
        self._kept[scope] = _Kept(api, stage, *_read_of(gateway), cleaned, harvest)

    def methods(
        self, scope: str, gateway: Gateway, api: RestApi, stage: Stage, served: tuple[Authorizer, ...]
    ) -> KeptMethods:
        """What the methods of a stage yielded when all that they depend on beside themselves was the same."""
        depends_on = (replace(api, methods=()), stage, *_read_of(gateway), served)
        known, former = self._methods.get(scope, (None, {}))
        kept: dict[str, MethodHarvest] = {}
        self._methods[scope] = (depends_on, kept)
        return KeptMethods(former if known == depends_on else {}, kept)


@dataclass(frozen=True, slots=True)
class KeptMethods:
    """What the methods of a stage yielded, by their routes' names: in the last compilation, and in this one."""

    former: dict[str, MethodHarvest]
    now: dict[str, MethodHarvest]

    def again(self, route: str, method: Method, *, served: bool) -> MethodHarvest | None:
        """What the same method yielded."""
        known = self.former.get(route)
        if known is None or known.served != served or known.method != method:
            return None
        self.now[route] = known
        return known


def _read_of(
    gateway: Gateway,
) -> tuple[
    tuple[VpcLink, ...],
    frozenset[str],
    str,
    str,
    PathMode,
    ClientAddress,
    str,
    tuple[LoadBalancer, ...],
    tuple[TargetGroup, ...],
    tuple[tuple[str, MethodThrottle], ...],
]:
    """All that compiling a stage reads of the gateway beside its API."""
    functions = frozenset(function.name for function in gateway.functions)
    edge = gateway.edge
    return (
        gateway.vpc_links,
        functions,
        edge.account_id,
        edge.region,
        edge.paths,
        edge.client_address,
        edge.availability_zone,
        gateway.load_balancers,
        gateway.target_groups,
        throttled_by_plans(gateway),
    )
