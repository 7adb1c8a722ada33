"""Small resources, snapshots of them, and an Envoy that is a model of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from google.protobuf.message import Message

from gateline.compile import wire
from gateline.compile.resources import CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE, SECRET, TYPES, Resources
from gateline.compile.wire import TYPE_URL_PREFIX, extension, new, packed
from gateline.control.exchange import Action, Finished, Linger, Request, Respond, Watch
from gateline.control.node import Node
from gateline.control.outcome import Accepted, NodeOutcome
from gateline.control.snapshot import Snapshot, Versioned
from gateline.model.origin import Origin

ADS = {"ads": {}, "resource_api_version": "V3"}
SHORT = {SECRET: "SDS", CLUSTER: "CDS", ENDPOINT: "EDS", SCOPED_ROUTE: "SRDS", LISTENER: "LDS"}
KEY = b"of the tests" + b"." * 20


class Pieces:
    """Envoy resources of the smallest useful size."""

    def secret(self, name: str, value: str = "v") -> Message:
        """A generic secret."""
        full_name = "envoy.extensions.transport_sockets.tls.v3.Secret"
        return new(full_name, name=name, generic_secret={"secret": {"inline_string": value}})

    def cluster(self, name: str, *, seconds: int = 5, **fields: object) -> Message:
        """An EDS cluster; another number of seconds makes it another version."""
        return new(
            "envoy.config.cluster.v3.Cluster",
            name=name,
            type="EDS",
            eds_cluster_config={"eds_config": ADS},
            connect_timeout=timedelta(seconds=seconds),
            **fields,
        )

    def endpoints(self, name: str, *ports: int) -> Message:
        """A cluster's endpoints on the loopback address."""
        places = [
            {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}
            for port in ports
        ]
        full_name = "envoy.config.endpoint.v3.ClusterLoadAssignment"
        return new(full_name, cluster_name=name, endpoints=[{"lb_endpoints": places}])

    def keeper(self, *secrets: str) -> Message:
        """A cluster without endpoints that holds secrets: they are there before a route names them."""
        full_name = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
        holder = extension("envoy.filters.http.header_mutation", full_name, mutations=self._naming(*secrets))
        codec = "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"
        options = new(
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            explicit_http_config={"http_protocol_options": {}},
            http_filters=[holder, extension("envoy.filters.http.upstream_codec", codec)],
        )
        return new(
            "envoy.config.cluster.v3.Cluster",
            name="keeper",
            type="STATIC",
            typed_extension_protocol_options={
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed(options)
            },
        )

    def route(self, cluster: str, *, secret: str = "", **action: object) -> Message:
        """A route for everything; with a secret it sends its value as `x-secret`."""
        full_name = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute"
        injected = {
            "envoy.filters.http.header_mutation": packed(new(full_name, mutations=self._naming(secret)))
        }
        return new(
            "envoy.config.route.v3.Route",
            match={"prefix": "/"},
            route={"cluster": cluster, **action},
            typed_per_filter_config=injected if secret else {},
        )

    def scope(self, name: str, *routes: Message) -> Message:
        """Scoped routes with the name as key."""
        host = {"name": "all", "domains": ["*"], "routes": list(routes)}
        return new(
            "envoy.config.route.v3.ScopedRouteConfiguration",
            name=name,
            key={"fragments": [{"string_key": name}]},
            route_configuration={"name": name, "virtual_hosts": [host]},
        )

    def listener(self, port: int = 8080, *, statistics: str = "edge") -> Message:
        """A listener whose requests choose their scope by the header `x-scope`."""
        by_header = {"name": "x-scope", "element_separator": "\x1f", "index": 0}
        mutation = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
        router = "envoy.extensions.filters.http.router.v3.Router"
        manager = extension(
            "envoy.filters.network.http_connection_manager",
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            stat_prefix=statistics,
            scoped_routes={
                "name": "edge",
                "scope_key_builder": {"fragments": [{"header_value_extractor": by_header}]},
                "rds_config_source": ADS,
                "scoped_rds": {"scoped_rds_config_source": ADS},
            },
            http_filters=[
                extension("envoy.filters.http.header_mutation", mutation),
                extension("envoy.filters.http.router", router),
            ],
        )
        return new(
            "envoy.config.listener.v3.Listener",
            name="edge",
            address={"socket_address": {"address": "127.0.0.1", "port_value": port}},
            filter_chains=[{"filters": [manager]}],
        )

    def resources(self, *messages: Message, origins: Mapping[str, Origin] | None = None) -> Resources:
        """The messages by type and name."""
        by_type: dict[str, dict[str, Message]] = {type_url: {} for type_url in TYPES}
        for message in messages:
            fields = wire.to_dict(message)
            name = fields.get("name") or fields["cluster_name"]
            by_type[TYPE_URL_PREFIX + message.DESCRIPTOR.full_name][str(name)] = message
        return Resources(by_type=by_type, origins=origins or {})

    def snapshot(
        self,
        *messages: Message,
        previous: Snapshot | None = None,
        origins: Mapping[str, Origin] | None = None,
    ) -> Snapshot:
        """A snapshot of the messages."""
        return Snapshot.of(self.resources(*messages, origins=origins), previous=previous, key=KEY)

    def _naming(self, *secrets: str) -> dict[str, object]:
        configs = {name: {"name": name, "sds_config": ADS} for name in secrets}
        formatter = extension(
            "envoy.formatter.generic_secret",
            "envoy.extensions.formatter.generic_secret.v3.GenericSecret",
            secret_configs=configs,
        )
        changes: list[dict[str, object]] = []
        for name in secrets:
            changes.append({"remove": "x-secret"})
            header = {"key": "x-secret", "value": f"%SECRET({name})%"}
            changes.append({"append": {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}})
        return {"request_mutations": changes, "formatters": [formatter]}


class ModelEnvoy:
    """Asks and answers as Envoy 1.40 was seen to: clusters first, then whatever these resources name.

    Attributes:
        refuses: names of resources, and why it refuses a response that holds one.
        silent: types that it does not answer.
        heard: what it was sent, such as `CDS a b -old`.

    """

    def __init__(self, deliver: Callable[[Request], None]) -> None:
        self.deliver = deliver
        self.refuses: dict[str, str] = {}
        self.silent: set[str] = set()
        self.heard: list[str] = []
        self._held: dict[str, dict[str, Versioned]] = {type_url: {} for type_url in TYPES}
        self._asked: dict[str, set[str]] = {}
        self._inbox: list[Respond] = []

    def connect(self) -> None:
        """Open a stream: what it holds from an earlier one is told."""
        before, self._asked = self._asked, {}
        self._inbox.clear()
        for type_url in before or {CLUSTER: set[str]()}:
            self._ask(type_url, frozenset(before.get(type_url, ())), known=True)
        self.pump()

    def send(self, response: Respond) -> None:
        """Receive a response."""
        self._inbox.append(response)

    def hang_up(self) -> None:
        """See the stream end."""
        self.heard.append("hung up")

    def answer(self, type_url: str, nonce: str) -> None:
        """Accept a response that it was silent about."""
        self.deliver(Request(type_url=type_url, nonce=nonce))
        self.pump()

    def pump(self) -> None:
        """Answer everything that has come."""
        while self._inbox:
            self._receive(self._inbox.pop(0))

    def _receive(self, response: Respond) -> None:
        names = [each.name for each in response.resources] + [f"-{name}" for name in response.removed]
        self.heard.append(" ".join([SHORT[response.type_url], *names]))
        reason = next((self.refuses[name] for name in names if name in self.refuses), None)
        if reason is None:
            held = self._held[response.type_url]
            held.update({each.name: each for each in response.resources})
            for name in response.removed:
                held.pop(name, None)
            self._ask_for_what_is_named()
        if response.type_url not in self.silent:
            self.deliver(Request(type_url=response.type_url, nonce=response.nonce, refusal=reason))

    def _ask_for_what_is_named(self) -> None:
        everything = [each for held in self._held.values() for each in held.values()]
        assignments = frozenset[str]().union(*(each.references.assignments for each in everything))
        secrets = frozenset[str]().union(*(each.references.secrets for each in everything))
        self._ask(ENDPOINT, assignments)
        self._ask(SECRET, secrets)
        if any(each.references.scoped_routes for each in everything):
            self._ask(SCOPED_ROUTE, frozenset())
        self._ask(LISTENER, frozenset())

    def _ask(self, type_url: str, names: frozenset[str], *, known: bool = False) -> None:
        asked = self._asked.get(type_url)
        if asked is None and type_url in {ENDPOINT, SECRET} and not names:
            return
        if asked is not None and asked == names:
            return
        self._asked[type_url] = set(names)
        held = {name: each.version for name, each in self._held[type_url].items()} if known else {}
        gone = frozenset(asked or ()) - names
        for name in gone:
            self._held[type_url].pop(name, None)
        added = names - frozenset(asked or ())
        self.deliver(Request(type_url=type_url, subscribe=added, unsubscribe=gone, known=held))


class Bench:
    """A node, its model Envoy, and what the node wants besides talking to it."""

    def __init__(self) -> None:
        self.node = Node()
        self.envoy = ModelEnvoy(self._take)
        self.outcomes: list[NodeOutcome] = []
        self.lingering: list[frozenset[str]] = []
        self.run = 0
        self.others: list[Action] = []

    def connect(self, latest: Snapshot | None) -> None:
        """The Envoy opens a stream."""
        self.perform(self.node.connect(latest))
        self.envoy.connect()

    def publish(self, snapshot: Snapshot, last_good: Snapshot | None = None) -> list[str]:
        """Publish, let the Envoy answer; what it was sent."""
        return self.do(lambda: self.node.publish(snapshot, last_good))

    def overdue(self) -> list[str]:
        """The time for the run is over; what the Envoy was sent."""
        return self.do(lambda: self.node.overdue(self.run))

    def linger(self) -> list[str]:
        """The lingering clusters' time is over; what the Envoy was sent."""
        due, self.lingering = self.lingering, []
        return self.do(lambda: [each for clusters in due for each in self.node.retire(clusters)])

    def do(self, act: Callable[[], list[Action]]) -> list[str]:
        """Act, let the Envoy answer; what it was sent."""
        before = len(self.envoy.heard)
        self.perform(act())
        self.envoy.pump()
        return self.envoy.heard[before:]

    def perform(self, actions: list[Action]) -> None:
        """Perform a node's actions."""
        for each in actions:
            match each:
                case Respond():
                    self.envoy.send(each)
                case Finished(outcome=outcome):
                    self.outcomes.append(outcome)
                case Linger(clusters=clusters):
                    self.lingering.append(clusters)
                case Watch(run=run):
                    self.run = run
                case _:
                    self.others.append(each)

    def _take(self, request: Request) -> None:
        self.perform(self.node.request(request))


def gateway(pieces: Pieces, *more: Message, seconds: int = 5, port: int = 1, routes: int = 1) -> Snapshot:
    """One API with one cluster; every argument changes another type."""
    return pieces.snapshot(
        pieces.listener(),
        pieces.scope("api", *(pieces.route("c") for _ in range(routes))),
        pieces.cluster("c", seconds=seconds),
        pieces.endpoints("c", port),
        *more,
    )


def with_secret(pieces: Pieces, name: str, value: str = "v") -> Snapshot:
    """One API whose cluster and secret carry a name."""
    return pieces.snapshot(
        pieces.listener(),
        pieces.scope("api", pieces.route(name, secret=name)),
        pieces.cluster(name),
        pieces.endpoints(name, 1),
        pieces.keeper(name),
        pieces.secret(name, value),
    )


def serving(bench: Bench, snapshot: Snapshot) -> Snapshot:
    """An Envoy that has accepted the snapshot, its story so far forgotten."""
    bench.connect(snapshot)
    assert bench.outcomes == [Accepted(version=snapshot.version)]
    bench.outcomes.clear()
    bench.envoy.heard.clear()
    return snapshot


@pytest.fixture
def pieces() -> Pieces:
    """What snapshots are made of."""
    return Pieces()


@pytest.fixture
def bench() -> Bench:
    """A node with an Envoy."""
    return Bench()
