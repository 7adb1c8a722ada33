"""A stage's scope: the table of its methods for `gateway.lua` and the routes that they lead to.

The script names the route in filter state, and an exact-match tree finds it: the cost of a route does not
depend on how many there are. No header takes part, so none can move a request to another route.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names, support
from gateline.compile.authorizer import identity_headers, put_authorizer
from gateline.compile.customised_reply import native_answers, put_told
from gateline.compile.details import NO_AUTHORIZER, NOT_IMPLEMENTED, Details
from gateline.compile.egress import egress_scope
from gateline.compile.entry import LUA_FILTER, NOWHERE, scoped
from gateline.compile.gateway_response import answers, put_answers
from gateline.compile.harvest import Harvest, Memory, MethodHarvest
from gateline.compile.hosting import (
    FunctionNames,
    digest,
    hosted_method,
    hosted_stage,
    used_authorizers,
)
from gateline.compile.integration import Compiled, IntegrationCompiler, is_inspected
from gateline.compile.rate_limit import mark_throttled
from gateline.compile.requirements import required
from gateline.compile.resource_policy import check_resource_policy, resource_policy
from gateline.compile.resources import RouteRow
from gateline.compile.route import CleanedHeaders, scope_headers
from gateline.compile.table import Table, table_id
from gateline.compile.wire import new, packed, struct
from gateline.dataplane import keys
from gateline.model import codes
from gateline.model.arn import stage_arn
from gateline.model.assertion import Binding
from gateline.model.authorizer import AuthorizationType
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Edge, Gateway
from gateline.model.hosting import HostedMethod
from gateline.model.origin import Origin
from gateline.model.rest_api import ApiKeySource, Method, RestApi, Stage

_NOWHERE_WITH_BODY: Final = {
    "route": {
        "cluster_header": "x-gl-nowhere",  # which no request has
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
    },
    "request_body_buffer_limit": {"value": keys.BODY_LIMIT},
}
"""What a request stands on while the script waits for its body: Envoy's limit on what it holds back is the route's,
and counts only for a route that could lead somewhere."""


class StageCompiler:
    """Compiles one stage of one API.

    `unserved` are the methods that must answer 501; `cleaned` the names that mappings of the project write.
    """

    def __init__(
        self,
        gateway: Gateway,
        api: RestApi,
        stage: Stage,
        *,
        unserved: frozenset[Origin],
        cleaned: CleanedHeaders,
        memory: Memory,
    ) -> None:
        self._gateway = gateway
        self._edge: Edge = gateway.edge
        self._cleaned = cleaned
        self._api = api
        self._beside_methods = replace(api, methods=())  # all that one method's compilation may look at
        self._stage = stage
        self._unserved = unserved
        self._harvest = Harvest()
        self._actions: dict[str, Message] = {}
        self._egress: dict[str, Message] = {}
        self._inspects = stage.assertion is not None and stage.assertion.binding is Binding.REQUEST
        self._functions = FunctionNames(frozenset(f.name for f in gateway.functions), stage)
        self._integrations = IntegrationCompiler(gateway, self._beside_methods, stage, self._functions)
        self._served = [a for a in used_authorizers(api) if self._functions.of(a.uri) is not None]
        self._authorizers = {a.name: number for number, a in enumerate(self._served, start=1)}
        self._asserts = False
        self._hosted: dict[str, HostedMethod] = {}
        self._digests: list[str] = []
        self._answers = answers(api, stage, account_id=gateway.edge.account_id)
        scope = names.scope(api.name, stage.name)
        self._kept = memory.methods(scope, gateway, api, stage, tuple(self._served))

    def compile(self, complaints: Complaints) -> Harvest:
        """The scope with its table and routes, and what they need."""
        table = Table()
        table.put(max((len(m.path.segments) for m in self._api.methods), default=0))
        edge = self._edge
        arn = stage_arn(
            account=edge.account_id, region=edge.region, api=self._api.api_id, stage=self._stage.name
        )
        table.put(
            arn, str(self._api.api_key_source), resource_policy(self._api, edge), len(self._authorizers)
        )
        for authorizer in self._served:
            put_authorizer(table, authorizer, self._api, self._stage)
        table.put(len(self._api.methods))
        for method in self._api.methods:
            table.put(method.path.text, method.http_method)
            table.put(self._take(method, complaints))
        self._warn_of_assertions(complaints)
        put_answers(table, self._api, self._answers)
        put_told(table, native_answers(self._api, self._stage, self._answers))
        revision = self._host()
        table.put(revision)
        self._scope(table.text)
        if self._egress:
            self._egress_scope(revision)
        return self._harvest

    def _warn_of_assertions(self, complaints: Complaints) -> None:
        assertion = self._stage.assertion
        if assertion is not None and not self._asserts:
            complaints.add(
                codes.ASSERTION_UNSENT,
                assertion.origin,
                f"no method of {self._api.name} sends an assertion in stage {self._stage.name}: none leads to a "
                "service that could read it",
                help="`integrations: all` has them sent to hosts that no load balancer or VPC link leads to.",
            )

    def _host(self) -> str:
        """What the host is told, when it is asked about this stage at all; its revision, else nothing."""
        scope = names.scope(self._api.name, self._stage.name)
        hosted = hosted_stage(self._gateway, self._api, self._stage, scope, tuple(self._hosted.values()))
        if not hosted.functions and not hosted.methods and hosted.assertion is None:
            return ""
        beside = replace(hosted, methods=(), authorizers=())
        revision = digest((digest(beside), *self._digests))
        self._harvest.hosted[scope] = replace(hosted, revision=revision)
        return revision

    def _scope(self, table: str) -> None:
        scope = names.scope(self._api.name, self._stage.name)
        identity = table_id(table)
        self._harvest.table_ids[scope] = identity
        self._harvest.origins[scope] = self._api.origin
        nothing = new(
            "envoy.config.route.v3.Route",
            name=f"{scope} table",
            match={"prefix": "/"},
            **(_NOWHERE_WITH_BODY if self._inspects else NOWHERE),
            metadata={"filter_metadata": {LUA_FILTER: struct({"id": identity, "table": table})}},
        )
        actions = {name: {"action": _action(name, route)} for name, route in self._actions.items()}
        tree: dict[str, object] = {"on_no_match": {"action": _action("table", packed(nothing))}}
        if actions:
            tree["matcher_tree"] = {
                "input": {
                    "name": "gateline.route",
                    "typed_config": packed(
                        new(
                            "envoy.extensions.matching.common_inputs.network.v3.FilterStateInput",
                            key=keys.ROUTE_STATE,
                        )
                    ),
                },
                "exact_match_map": {"map": actions},
            }
        self._harvest.scopes[scope] = scoped(
            scope,
            virtual_hosts=[{"name": "stage", "domains": ["*"], "matcher": tree}],
            **scope_headers(self._api.api_id, self._cleaned, self._edge.client_address),
        )

    def _egress_scope(self, revision: str) -> None:
        scope = names.egress_scope(self._api.name, self._stage.name, revision)
        self._harvest.origins[scope] = self._api.origin
        self._harvest.has_egress = True
        self._harvest.scopes[scope] = egress_scope(scope, self._api.api_id, self._egress)

    def _take(self, method: Method, complaints: Complaints) -> str:
        """Take in what a method yields, compiled anew if it has changed; its details for the script."""
        name = names.route(self._api.name, self._stage.name, method.http_method, method.path.text)
        served, before = method.origin not in self._unserved, complaints.count
        one = self._kept.again(name, method, served=served)
        if one is None:
            one = self._method(name, method, complaints, served=served)
            if complaints.count == before:
                self._kept.now[name] = one
        self._harvest.take(one)
        self._asserts |= one.asserted
        if one.action is not None:
            self._actions[name] = one.action
        if one.egress is not None:
            self._egress[name] = one.egress
        self._inspects |= one.hosted is not None and is_inspected(self._beside_methods, method)
        if one.hosted is not None:
            self._hosted[name] = one.hosted
            self._digests.append(one.digest)
        return one.text

    def _method(self, name: str, method: Method, complaints: Complaints, *, served: bool) -> MethodHarvest:
        """Compile a method."""
        number = self._authorizers.get(method.authorization.authorizer, 0)
        details = Details(
            api=self._beside_methods,
            method=method,
            route=name,
            authorizer=number,
            required=required(self._beside_methods, method),
            is_inspected=is_inspected(self._beside_methods, method),
        )
        found = self._integrations.ends.harvest = Harvest()
        found.origins[name] = method.integration.origin
        done = self._compiled(method, details, complaints, served=served)
        if done.route is not None:
            mark_throttled(done.route, self._gateway, self._api.name, self._stage, method)
        hosted = done.hosted
        if hosted is None and (number or details.is_inspected):
            hosted = hosted_method(self._beside_methods, method, name)
        return MethodHarvest(
            method=method,
            served=served,
            text=done.text,
            action=packed(done.route) if done.route is not None else None,
            egress=packed(done.egress) if done.egress is not None else None,
            hosted=hosted,
            digest=digest(hosted) if hosted is not None else "",
            row=RouteRow(
                api=self._api.name,
                stage=self._stage.name,
                method=method.http_method,
                path=method.path.text,
                authorization=method.authorization.authorizer or str(method.authorization.type),
                integration=str(method.integration.kind),
                target=done.target or "501 Not Implemented",
                route=name,
                rule=done.rule,
                target_groups=done.target_groups,
                origin=method.origin,
                credentials=self._credentials(method, number),
                api_key=method.authorization.api_key_required,
            ),
            clusters=tuple(found.clusters.items()),
            lookups=tuple(found.lookups),
            secrets=tuple(found.secrets),
            needs_trust=found.needs_trust,
            origins=tuple(found.origins.items()),
            target_groups=tuple(found.target_groups.items()),
            asserted=done.asserted,
        )

    def _credentials(self, method: Method, number: int) -> tuple[str, ...]:
        """The headers by which callers of the method are known; `number` is its authorizer's, 0 for none."""
        brings_key = method.authorization.api_key_required and self._api.api_key_source is ApiKeySource.HEADER
        known_by = identity_headers(self._served[number - 1]) if number else ()
        return (*known_by, *(["x-api-key"] if brings_key else []))

    def _compiled(
        self, method: Method, details: Details, complaints: Complaints, *, served: bool
    ) -> Compiled:
        if not served:
            return Compiled(replace(details, authorizer=0).error(NOT_IMPLEMENTED, "not_supported"))
        if method.authorization.type is not AuthorizationType.NONE and not details.authorizer:
            text = details.error(NO_AUTHORIZER, "authorizer_without_function")
            return Compiled(text, "500 the authorizer has no function")
        return self._integrations.compile(method, details, complaints)


def _action(name: str, route: Message) -> dict[str, object]:
    return {"name": name, "typed_config": route}


def unserved_methods(api: RestApi, edge: Edge, complaints: Complaints) -> frozenset[Origin]:
    """Complain about what an API asks for and this version does not do; the methods that must answer 501."""
    check_resource_policy(api, edge, complaints)
    return frozenset(m.origin for m in api.methods if support.unsupported(api, m, complaints))
