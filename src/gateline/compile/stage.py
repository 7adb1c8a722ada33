"""A stage's scope: the table of its methods for `gateway.lua` and the routes that they lead to.

The script names the route in filter state, and an exact-match tree finds it: the cost of a route does not
depend on how many there are. No header takes part, so none can move a request to another route.
"""

from __future__ import annotations

from google.protobuf.message import Message

from gateline.compile import names, support
from gateline.compile.cluster import cluster
from gateline.compile.entry import LUA_FILTER, NOWHERE, scoped
from gateline.compile.harvest import Harvest
from gateline.compile.mapping import Mapped, NotMappable, Source, StageContext, map_parameters
from gateline.compile.mock import MockAnswer, NotStatic, mock_answer
from gateline.compile.resources import HostLookup, RouteRow
from gateline.compile.route import CleanedHeaders, mock_route, proxy_route, scope_headers
from gateline.compile.table import Table, table_id
from gateline.compile.upstream import NoEndpoint, Upstream, upstream, with_stage_variables
from gateline.compile.wire import new, packed, struct
from gateline.dataplane import keys
from gateline.model import codes
from gateline.model.address import forbidden_reason
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Edge, Gateway
from gateline.model.integration import ConnectionType, IntegrationKind, VpcLink
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, RestApi, Stage

_INTERNAL_ERROR = ("500", '{"message": "Internal server error"}', "InternalServerErrorException")
_NOT_IMPLEMENTED = ("501", '{"message":"Not Implemented"}', "NotImplementedException")


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
        self._edge: Edge = gateway.edge
        self._cleaned = cleaned
        self._links: dict[str, VpcLink] = {link.name: link for link in gateway.vpc_links}
        self._api = api
        self._stage = stage
        self._unserved = unserved
        self._harvest = Harvest()
        self._routes: dict[str, Message] = {}

    def compile(self, complaints: Complaints) -> Harvest:
        """The scope with its table and routes, and what they need."""
        table = Table()
        table.put(max((len(m.path.segments) for m in self._api.methods), default=0), len(self._api.methods))
        for method in self._api.methods:
            table.put(method.path.text, method.http_method)
            details = Table()
            self._method(method, details, complaints)
            table.put(details.text)
        self._scope(table.text)
        return self._harvest

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

    def _method(self, method: Method, details: Table, complaints: Complaints) -> None:
        name = names.route(self._api.name, self._stage.name, method.http_method, method.path.text)
        target = ""
        if method.origin in self._unserved:
            details.put("error", name, *_NOT_IMPLEMENTED, "not_supported")
        elif method.integration.kind is IntegrationKind.MOCK:
            target = self._mock(method, name, details, complaints)
        else:
            target = self._proxy(method, name, details, complaints)
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
            )
        )

    def _mock(self, method: Method, name: str, details: Table, complaints: Complaints) -> str:
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
            details.put("error", name, *_NOT_IMPLEMENTED, "not_supported")
            return ""
        if answer.failed:
            details.put("error", name, *_INTERNAL_ERROR, "mock_without_status")
            return "500 Internal server error"
        self._routes[name] = mock_route(name, answer)
        details.put("mock", name, str(method.integration.passthrough_behavior))
        details.put_all(media_type.lower() for media_type, _ in method.integration.request_templates)
        return _mock_target(answer)

    def _proxy(self, method: Method, name: str, details: Table, complaints: Complaints) -> str:
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
            details.put("error", name, *_INTERNAL_ERROR, "invalid_endpoint")
            return f"500 Invalid endpoint address: {problem}"
        except NotMappable:
            details.put("error", name, *_NOT_IMPLEMENTED, "not_supported")
            return ""
        if mapped.illegal_header:  # the front end has warned
            details.put("error", name, *_INTERNAL_ERROR, "illegal_header")
            return f"500 Illegal header mapping: {mapped.illegal_header}"
        self._harvest.secrets.update(s for form in mapped.formats for s in form.secrets)
        self._routes[name] = proxy_route(
            name,
            cluster=cluster_name,
            authority="" if mapped.host_mapped else end.authority,
            timeout=method.integration.timeout,
            mapped=mapped,
            verb=_verb(method),
        )
        _write_proxy(details, name, method, mapped, end.authority if mapped.host_mapped else "")
        return end.uri

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


def _put_source(table: Table, source: Source) -> None:
    kind, argument = source
    table.put(kind, argument)


def _write_proxy(table: Table, name: str, method: Method, mapped: Mapped, authority: str) -> None:
    table.put("proxy", name, _verb(method), authority)
    table.put(len(mapped.path))
    for source in mapped.path:
        _put_source(table, source)
    for named in (mapped.query, mapped.headers):
        table.put(len(named))
        for target, source in named:
            table.put(target)
            _put_source(table, source)


def unserved_methods(api: RestApi, complaints: Complaints) -> frozenset[Origin]:
    """Complain about what an API asks for and this version does not do; the methods that must answer 501."""
    support.refuse_unsupported_api(api, complaints)
    return frozenset(m.origin for m in api.methods if support.unsupported(api, m, complaints))
