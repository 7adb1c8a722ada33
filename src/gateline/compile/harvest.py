"""Harvest: what compiling a stage yields, and the memory that lends it to the next compilation."""

from __future__ import annotations

from dataclasses import dataclass, field

from google.protobuf.message import Message

from gateline.compile.header_cleaning import cleaned_headers, together
from gateline.compile.resources import HostLookup, RouteRow
from gateline.compile.route import CleanedHeaders
from gateline.model.gateway import Gateway
from gateline.model.hosting import HostedStage
from gateline.model.integration import VpcLink
from gateline.model.load_balancer import LoadBalancer
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi, Stage
from gateline.model.target_group import TargetGroup


@dataclass(slots=True)
class Harvest:
    """Scopes with what they need: of one stage, or of all."""

    scopes: dict[str, Message] = field(default_factory=dict)
    table_ids: dict[str, str] = field(default_factory=dict)
    clusters: dict[str, Message] = field(default_factory=dict)
    lookups: dict[HostLookup, None] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    needs_trust: bool = False
    origins: dict[str, Origin] = field(default_factory=dict)
    rows: list[RouteRow] = field(default_factory=list)
    hosted: dict[str, HostedStage] = field(default_factory=dict)
    target_groups: dict[str, str] = field(default_factory=dict)  # cluster → the group that it holds

    def add(self, other: Harvest) -> None:
        """Take in what another stage yielded; what both have, the first keeps."""
        self.scopes |= other.scopes
        self.table_ids |= other.table_ids
        self.clusters = other.clusters | self.clusters
        self.lookups = self.lookups | other.lookups
        self.secrets |= other.secrets
        self.needs_trust |= other.needs_trust
        self.origins = other.origins | self.origins
        self.rows += other.rows
        self.hosted |= other.hosted
        self.target_groups |= other.target_groups


@dataclass(frozen=True, slots=True)
class _Kept:
    api: RestApi
    stage: Stage
    links: tuple[VpcLink, ...]
    functions: frozenset[str]
    account_id: str
    region: str
    balancers: tuple[LoadBalancer, ...]
    groups: tuple[TargetGroup, ...]
    cleaned: CleanedHeaders
    harvest: Harvest


class Memory:
    """Harvests of the last compilation, by scope; only of stages that compiled without a complaint."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._headers: dict[str, tuple[RestApi, CleanedHeaders]] = {}

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


def _read_of(
    gateway: Gateway,
) -> tuple[tuple[VpcLink, ...], frozenset[str], str, str, tuple[LoadBalancer, ...], tuple[TargetGroup, ...]]:
    """All that compiling a stage reads of the gateway beside its API."""
    functions = frozenset(function.name for function in gateway.functions)
    edge = gateway.edge
    return (
        gateway.vpc_links,
        functions,
        edge.account_id,
        edge.region,
        gateway.load_balancers,
        gateway.target_groups,
    )
