"""A stage's scope: the table of its methods for `gateway.lua` and the routes that they lead to.

The script names the route in filter state, and an exact-match tree finds it: the cost of a route does not
depend on how many there are. No header takes part, so none can move a request to another route.
"""

from __future__ import annotations

from dataclasses import replace

from google.protobuf.message import Message

from gateline.compile import names, support
from gateline.compile.authorizer import identity_headers, put_authorizer
from gateline.compile.cluster import cluster
from gateline.compile.details import INTERNAL_ERROR, NO_AUTHORIZER, NOT_IMPLEMENTED, Details
from gateline.compile.entry import LUA_FILTER, NOWHERE, scoped
from gateline.compile.harvest import Harvest
from gateline.compile.hosting import (
    FunctionNames,
    hosted_method,
    hosted_stage,
    used_authorizers,
)
from gateline.compile.mapping import NotMappable, StageContext, map_parameters
from gateline.compile.mock import MockAnswer, NotStatic, mock_answer
from gateline.compile.resources import HostLookup, RouteRow
from gateline.compile.route import CleanedHeaders, function_route, mock_route, proxy_route, scope_headers
from gateline.compile.table import Table, table_id
from gateline.compile.upstream import NoEndpoint, Upstream, upstream, with_stage_variables
from gateline.compile.wire import new, packed, struct
from gateline.dataplane import keys
from gateline.model import codes
from gateline.model.address import forbidden_reason
from gateline.model.arn import stage_arn
from gateline.model.authorizer import AuthorizationType
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Edge, Gateway
from gateline.model.hosting import HostedMethod
from gateline.model.integration import ConnectionType, IntegrationKind, VpcLink
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, RestApi, Stage


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
    ) -> None:
        self._gateway = gateway
        self._edge: Edge = gateway.edge
        self._cleaned = cleaned
        self._links: dict[str, VpcLink] = {link.name: link for link in gateway.vpc_links}
        self._api = api
        self._stage = stage
        self._unserved = unserved
        self._harvest = Harvest()
        self._routes: dict[str, Message] = {}
        self._functions = FunctionNames(frozenset(f.name for f in gateway.functions), stage)
        self._served = [a for a in used_authorizers(api) if self._functions.of(a.uri) is not None]
        self._authorizers = {a.name: number for number, a in enumerate(self._served, start=1)}
        self._hosted: dict[str, HostedMethod] = {}

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
            table.put(self._method(method, complaints))
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
        actions = {name: {"action": _action(name, route)} for name, route in self._routes.items()}
        tree: dict[str, object] = {"on_no_match": {"action": _action("table", nothing)}}
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

    def _method(self, method: Method, complaints: Complaints) -> str:
        """Compile a method; its details for the script."""
        name = names.route(self._api.name, self._stage.name, method.http_method, method.path.text)
        number = self._authorizers.get(method.authorization.authorizer, 0)
        details = Details(api=self._api, method=method, route=name, authorizer=number)
        target = ""
        if method.origin in self._unserved:
            text = replace(details, authorizer=0).error(NOT_IMPLEMENTED, "not_supported")
        elif method.authorization.type is not AuthorizationType.NONE and not number:
            text = details.error(NO_AUTHORIZER, "authorizer_without_function")
            target = "500 the authorizer has no function"
        elif method.integration.kind is IntegrationKind.AWS_PROXY:
            text, target = self._function(method, details)
        elif method.integration.kind is IntegrationKind.MOCK:
            text, target = self._mock(method, details, complaints)
        else:
            text, target = self._proxy(method, details, complaints)
        self._harvest.origins[name] = method.integration.origin
        self._harvest.rows.append(
            RouteRow(
                api=self._api.name,
                stage=self._stage.name,
                method=method.http_method,
                path=method.path.text,
                authorization=method.authorization.authorizer or str(method.authorization.type),
                integration=str(method.integration.kind),
                target=target or "501 Not Implemented",
                route=name,
                origin=method.origin,
                credentials=identity_headers(self._served[number - 1]) if number else (),
            )
        )
        if number:
            self._hosted.setdefault(name, hosted_method(self._api, method, name, ""))
        return text

    def _function(self, method: Method, details: Details) -> tuple[str, str]:
        integration = method.integration
        function = self._functions.of(integration.uri)
        if function is None:
            return details.error(INTERNAL_ERROR, "function_not_declared"), "500 the function is not declared"
        if integration.http_method != "POST":  # Amazon answers so at run time [R]; the front end has warned
            return details.error(INTERNAL_ERROR, "function_needs_post"), "500 the httpMethod must be POST"
        self._routes[details.route] = function_route(details.route, timeout=integration.timeout)
        self._hosted[details.route] = hosted_method(self._api, method, details.route, function)
        return details.function(), f"function {function}"

    def _mock(self, method: Method, details: Details, complaints: Complaints) -> tuple[str, str]:
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
            return details.error(NOT_IMPLEMENTED, "not_supported"), ""
        if answer.failed:
            return details.error(INTERNAL_ERROR, "mock_without_status"), "500 Internal server error"
        self._routes[details.route] = mock_route(details.route, answer)
        return details.mock(), _mock_target(answer)

    def _proxy(self, method: Method, details: Details, complaints: Complaints) -> tuple[str, str]:
        context = StageContext(edge=self._edge, api=self._api, stage=self._stage, method=method)
        try:
            end = upstream(method.integration.uri, self._stage)
            mapped = map_parameters(end.target, context)
            cluster_name = self._cluster(method, end, complaints)
        except NoEndpoint as problem:
            if "${" not in str(problem):  # a placeholder without a value was complained about where it stands
                complaints.add(
                    codes.STAGE_ENDPOINT_INVALID,
                    method.integration.origin.child("uri"),
                    f"{method.http_method} {method.path.text} has no usable endpoint in stage "
                    f"{self._stage.name}: '{problem}'",
                    help="As at Amazon, the method answers 500 `Internal server error` there.",
                )
            return details.error(
                INTERNAL_ERROR, "invalid_endpoint"
            ), f"500 Invalid endpoint address: {problem}"
        except NotMappable:
            return details.error(NOT_IMPLEMENTED, "not_supported"), ""
        if mapped.illegal_header:  # the front end has warned
            return details.error(INTERNAL_ERROR, "illegal_header"), (
                f"500 Illegal header mapping: {mapped.illegal_header}"
            )
        self._harvest.secrets.update(s for form in mapped.formats for s in form.secrets)
        self._routes[details.route] = proxy_route(
            details.route,
            cluster=cluster_name,
            authority="" if mapped.host_mapped else end.authority,
            timeout=method.integration.timeout,
            mapped=mapped,
            verb=_verb(method),
        )
        return details.proxy(mapped, _verb(method), end.authority if mapped.host_mapped else ""), end.uri

    def _cluster(self, method: Method, end: Upstream, complaints: Complaints) -> str:
        integration = method.integration
        verified = not integration.insecure_skip_verification
        if integration.connection_type is ConnectionType.VPC_LINK:
            link_name = with_stage_variables(integration.connection_id, self._stage)
            link = self._links.get(link_name)
            if link is None:
                raise NoEndpoint(f"VPC link '{link_name}'")
            name = names.link_cluster(link.name, end.scheme, end.host, verified=verified)
            targets = link.targets
        else:
            name = names.host_cluster(end.scheme, end.host, end.port, verified=verified)
            targets = ((end.host, end.port),)
        for host, port in targets:
            reason = forbidden_reason(host)
            if reason:
                complaints.add(
                    codes.FORBIDDEN_ADDRESS,
                    integration.origin.child("uri"),
                    f"in stage {self._stage.name} the integration leads to {host}, {reason}",
                    help="No integration may reach it, whatever a stage variable says.",
                )
            lookup = HostLookup(cluster=name, host=host, port=port, origin=integration.origin)
            self._harvest.lookups.setdefault(lookup)
        self._harvest.needs_trust |= end.scheme == "https" and verified
        if name not in self._harvest.clusters:
            tls_host = end.host if end.scheme == "https" else ""
            self._harvest.clusters[name] = cluster(name, tls_host=tls_host, verified=verified)
            self._harvest.origins[name] = integration.origin
        return name


def _action(name: str, route: Message) -> dict[str, object]:
    return {"name": name, "typed_config": packed(route)}


def _mock_target(answer: MockAnswer) -> str:
    return f"mock {answer.status}"


def _verb(method: Method) -> str:
    """The verb that the backend gets, "" for the client's own."""
    verb = method.integration.http_method
    return "" if verb in ("ANY", method.http_method) else verb


def unserved_methods(api: RestApi, complaints: Complaints) -> frozenset[Origin]:
    """Complain about what an API asks for and this version does not do; the methods that must answer 501."""
    support.refuse_unsupported_api(api, complaints)
    return frozenset(m.origin for m in api.methods if support.unsupported(api, m, complaints))
