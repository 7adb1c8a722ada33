"""A stage's scope: the table of its methods for `gateway.lua` and the routes that they lead to.

The script names the route in filter state, and an exact-match tree finds it: the cost of a route does not
depend on how many there are. No header takes part, so none can move a request to another route.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from google.protobuf.message import Message

from gateline.compile import names, support
from gateline.compile.authorizer import identity_headers, put_authorizer
from gateline.compile.behind_api import Complained, Ends
from gateline.compile.details import INTERNAL_ERROR, NO_AUTHORIZER, NOT_IMPLEMENTED, Details
from gateline.compile.entry import LUA_FILTER, NOWHERE, scoped
from gateline.compile.harvest import Harvest, Memory, MethodHarvest
from gateline.compile.hosting import (
    FunctionNames,
    hosted_method,
    hosted_stage,
    used_authorizers,
)
from gateline.compile.mapping import NotMappable, StageContext, map_parameters
from gateline.compile.mock import NotStatic, mock_answer
from gateline.compile.request_view import known_request
from gateline.compile.resources import RouteRow
from gateline.compile.route import CleanedHeaders, function_route, mock_route, proxy_route, scope_headers
from gateline.compile.table import Table, table_id
from gateline.compile.upstream import NoEndpoint, upstream
from gateline.compile.wire import new, packed, struct
from gateline.dataplane import keys
from gateline.model import codes
from gateline.model.arn import stage_arn
from gateline.model.authorizer import AuthorizationType
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Edge, Gateway
from gateline.model.hosting import HostedMethod
from gateline.model.integration import IntegrationKind
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, RestApi, Stage


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of a method: its details for the script, and what people are told of where it leads."""

    text: str
    target: str = ""
    rule: str = ""
    target_groups: tuple[str, ...] = ()
    route: Message | None = None
    hosted: HostedMethod | None = None


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
        self._ends = Ends(gateway, stage, Harvest())
        self._actions: dict[str, Message] = {}
        self._functions = FunctionNames(frozenset(f.name for f in gateway.functions), stage)
        self._served = [a for a in used_authorizers(api) if self._functions.of(a.uri) is not None]
        self._authorizers = {a.name: number for number, a in enumerate(self._served, start=1)}
        self._hosted: dict[str, HostedMethod] = {}
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
        table.put(arn, len(self._authorizers))
        for authorizer in self._served:
            put_authorizer(table, authorizer, self._api, self._stage)
        table.put(len(self._api.methods))
        for method in self._api.methods:
            table.put(method.path.text, method.http_method)
            table.put(self._take(method, complaints))
        self._scope(table.text)
        self._host()
        return self._harvest

    def _host(self) -> None:
        """What the host is told, when it is asked about this stage at all."""
        scope = names.scope(self._api.name, self._stage.name)
        hosted = hosted_stage(self._gateway, self._api, self._stage, scope, tuple(self._hosted.values()))
        if hosted.functions:
            self._harvest.hosted[scope] = hosted

    def _scope(self, table: str) -> None:
        scope = names.scope(self._api.name, self._stage.name)
        identity = table_id(table)
        self._harvest.table_ids[scope] = identity
        self._harvest.origins[scope] = self._api.origin
        nothing = new(
            "envoy.config.route.v3.Route",
            name=f"{scope} table",
            match={"prefix": "/"},
            **NOWHERE,
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
            **scope_headers(self._api.api_id, self._cleaned),
        )

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
        if one.action is not None:
            self._actions[name] = one.action
        if one.hosted is not None:
            self._hosted[name] = one.hosted
        return one.text

    def _method(self, name: str, method: Method, complaints: Complaints, *, served: bool) -> MethodHarvest:
        """Compile a method."""
        number = self._authorizers.get(method.authorization.authorizer, 0)
        details = Details(api=self._beside_methods, method=method, route=name, authorizer=number)
        found = self._ends.harvest = Harvest()
        found.origins[name] = method.integration.origin
        done = self._compiled(method, details, complaints, served=served)
        hosted = done.hosted
        if hosted is None and number:
            hosted = hosted_method(self._beside_methods, method, name, "")
        return MethodHarvest(
            method=method,
            served=served,
            text=done.text,
            action=packed(done.route) if done.route is not None else None,
            hosted=hosted,
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
                credentials=identity_headers(self._served[number - 1]) if number else (),
            ),
            clusters=tuple(found.clusters.items()),
            lookups=tuple(found.lookups),
            secrets=tuple(found.secrets),
            needs_trust=found.needs_trust,
            origins=tuple(found.origins.items()),
            target_groups=tuple(found.target_groups.items()),
        )

    def _compiled(
        self, method: Method, details: Details, complaints: Complaints, *, served: bool
    ) -> Compiled:
        if not served:
            return Compiled(replace(details, authorizer=0).error(NOT_IMPLEMENTED, "not_supported"))
        if method.authorization.type is not AuthorizationType.NONE and not details.authorizer:
            text = details.error(NO_AUTHORIZER, "authorizer_without_function")
            return Compiled(text, "500 the authorizer has no function")
        if method.integration.kind is IntegrationKind.AWS_PROXY:
            return self._function(method, details)
        if method.integration.kind is IntegrationKind.MOCK:
            return self._mock(method, details, complaints)
        return self._proxy(method, details, complaints)

    def _function(self, method: Method, details: Details) -> Compiled:
        integration = method.integration
        function = self._functions.of(integration.uri)
        if function is None:
            text = details.error(INTERNAL_ERROR, "function_not_declared")
            return Compiled(text, "500 the function is not declared")
        if integration.http_method != "POST":  # Amazon answers so at run time [R]; the front end has warned
            text = details.error(INTERNAL_ERROR, "function_needs_post")
            return Compiled(text, "500 the httpMethod must be POST")
        return Compiled(
            details.function(),
            f"function {function}",
            route=function_route(details.route, timeout=integration.timeout),
            hosted=hosted_method(self._beside_methods, method, details.route, function),
        )

    def _mock(self, method: Method, details: Details, complaints: Complaints) -> Compiled:
        try:
            answer = mock_answer(method.integration)
        except NotStatic as problem:
            complaints.add(
                codes.MOCK_UNSUPPORTED,
                method.integration.origin,
                f"{method.http_method} {method.path.text}: a mock whose answer depends on the request is not "
                f"supported yet: {problem}",
                help=f"`--allow {codes.MOCK_UNSUPPORTED.name}` serves the API with 501 in this method's place.",
            )
            return Compiled(details.error(NOT_IMPLEMENTED, "not_supported"))
        if answer.failed:
            text = details.error(INTERNAL_ERROR, "mock_without_status")
            return Compiled(text, "500 Internal server error")
        return Compiled(details.mock(), f"mock {answer.status}", route=mock_route(details.route, answer))

    def _proxy(self, method: Method, details: Details, complaints: Complaints) -> Compiled:
        context = StageContext(edge=self._edge, api=self._beside_methods, stage=self._stage, method=method)
        verb = _verb(method)
        try:
            leads_to = upstream(method.integration.uri, self._stage)
            mapped = map_parameters(leads_to.target, context)
            end = self._ends.of(
                method,
                details.route,
                leads_to,
                known_request(self._beside_methods, method, leads_to, mapped, verb),
                lambda match, destination, hop: proxy_route(
                    details.route,
                    match=match,
                    destination=destination,
                    authority="" if mapped.host_mapped else leads_to.authority,
                    timeout=method.integration.timeout,
                    mapped=mapped,
                    verb=verb,
                    hop=hop,
                ),
                complaints,
            )
        except NoEndpoint as problem:
            return self._without_endpoint(method, details, problem, complaints)
        except NotMappable:
            return Compiled(details.error(NOT_IMPLEMENTED, "not_supported"))
        if mapped.illegal_header:  # the front end has warned
            target = f"500 Illegal header mapping: {mapped.illegal_header}"
            return Compiled(details.error(INTERNAL_ERROR, "illegal_header"), target)
        self._ends.harvest.secrets.update(s for form in mapped.formats for s in form.secrets)
        authority = leads_to.authority if mapped.host_mapped else ""
        text = details.proxy(mapped, verb, authority, end)
        return Compiled(text, leads_to.uri, rule=end.rule, target_groups=end.target_groups, route=end.route)

    def _without_endpoint(
        self, method: Method, details: Details, problem: NoEndpoint, complaints: Complaints
    ) -> Compiled:
        # A placeholder without a value was complained about where it stands.
        if not isinstance(problem, Complained) and "${" not in str(problem):
            complaints.add(
                codes.STAGE_ENDPOINT_INVALID,
                method.integration.origin.child("uri"),
                f"{method.http_method} {method.path.text} has no usable endpoint in stage "
                f"{self._stage.name}: '{problem}'",
                help="As at Amazon, the method answers 500 `Internal server error` there.",
            )
        text = details.error(INTERNAL_ERROR, "invalid_endpoint")
        return Compiled(text, f"500 Invalid endpoint address: {problem}")


def _action(name: str, route: Message) -> dict[str, object]:
    return {"name": name, "typed_config": route}


def _verb(method: Method) -> str:
    """The verb that the backend gets, "" for the client's own."""
    verb = method.integration.http_method
    return "" if verb in ("ANY", method.http_method) else verb


def unserved_methods(api: RestApi, complaints: Complaints) -> frozenset[Origin]:
    """Complain about what an API asks for and this version does not do; the methods that must answer 501."""
    support.refuse_unsupported_api(api, complaints)
    return frozenset(m.origin for m in api.methods if support.unsupported(api, m, complaints))
