"""References: which clusters, secrets and assignments a resource names.

Envoy takes a route to a cluster that does not exist and answers 503, so a snapshot is checked before it is
sent. The messages are deep (a secret's name stands in an Any inside a map of a route), but only a few of
their types can hold a name at all. So the walk asks each descriptor once whether a name can stand below it,
and skips the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateline.compile import wire

_ANY: Final = "google.protobuf.Any"


@dataclass(slots=True)
class References:
    """What a resource names. `scoped_routes`: a listener that asks for scoped routes over ADS."""

    clusters: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    assignments: set[str] = field(default_factory=set)
    scoped_routes: bool = False

    def add(self, other: References) -> None:
        """Take in what another resource names."""
        self.clusters |= other.clusters
        self.secrets |= other.secrets
        self.assignments |= other.assignments
        self.scoped_routes |= other.scoped_routes


def merged(parts: Iterable[References]) -> References:
    """What several resources name together."""
    whole = References()
    for each in parts:
        whole.add(each)
    return whole


def references(message: Message) -> References:
    """What a resource names, Any fields unfolded."""
    found = References()
    _walk(message, found, {})
    return found


# A generated message's fields are not known to the type checker, hence `Any` in the readers: one border.


def _route_action(action: Any, found: References) -> None:  # noqa: ANN401
    if action.WhichOneof("cluster_specifier") == "cluster":
        found.clusters.add(action.cluster)


def _named_cluster(weighted: Any, found: References) -> None:  # noqa: ANN401
    if weighted.name:
        found.clusters.add(weighted.name)


def _mirror(policy: Any, found: References) -> None:  # noqa: ANN401
    if policy.cluster:
        found.clusters.add(policy.cluster)


def _tcp_proxy(proxy: Any, found: References) -> None:  # noqa: ANN401
    if proxy.WhichOneof("cluster_specifier") == "cluster":
        found.clusters.add(proxy.cluster)


def _secret(config: Any, found: References) -> None:  # noqa: ANN401
    if config.HasField("sds_config"):  # without it the secret is a static one of the bootstrap
        found.secrets.add(config.name)


def _cluster(cluster: Any, found: References) -> None:  # noqa: ANN401
    if cluster.WhichOneof("cluster_discovery_type") == "type" and cluster.type == _eds():
        found.assignments.add(cluster.eds_cluster_config.service_name or cluster.name)


def _connection_manager(manager: Any, found: References) -> None:  # noqa: ANN401
    found.scoped_routes |= manager.WhichOneof("route_specifier") == "scoped_routes"


_READERS: Final[Mapping[str, Callable[[Any, References], None]]] = {
    "envoy.config.route.v3.RouteAction": _route_action,
    "envoy.config.route.v3.RouteAction.RequestMirrorPolicy": _mirror,
    "envoy.config.route.v3.WeightedCluster.ClusterWeight": _named_cluster,
    "envoy.config.cluster.v3.Cluster": _cluster,
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager": _connection_manager,
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": _tcp_proxy,
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight": _named_cluster,
    "envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig": _secret,
}


@cache
def _eds() -> int:
    cluster = wire.message_class("envoy.config.cluster.v3.Cluster").DESCRIPTOR
    return cluster.enum_types_by_name["DiscoveryType"].values_by_name["EDS"].number


@cache
def _plan(full_name: str) -> frozenset[int]:
    """The numbers of the fields below which a name can stand."""
    descriptor = wire.pool().FindMessageTypeByName(full_name)
    return frozenset(
        each.number
        for each in descriptor.fields
        if each.message_type is not None and _names_below(each.message_type)
    )


@cache
def _can_name(full_name: str) -> bool:
    try:
        descriptor = wire.pool().FindMessageTypeByName(full_name)
    except KeyError:  # a type that is not in the pool cannot have been packed by us
        return False
    return _names_below(descriptor)


def _names_below(descriptor: Descriptor) -> bool:
    """Whether a message of this type can name something, itself or through its fields."""
    seen: set[str] = set()
    waiting = [descriptor]
    while waiting:
        current = waiting.pop()
        if current.full_name in _READERS or current.full_name == _ANY:
            return True
        if current.full_name not in seen:
            seen.add(current.full_name)
            waiting.extend(each.message_type for each in current.fields if each.message_type is not None)
    return False


def _walk(message: Message, found: References, unfolded: dict[bytes, References]) -> None:
    name = message.DESCRIPTOR.full_name
    if name == _ANY:
        _unfold(message, found, unfolded)
        return
    reader = _READERS.get(name)
    if reader is not None:
        reader(message, found)
    plan = _plan(name)
    if plan:
        for descriptor, value in message.ListFields():
            if descriptor.number in plan:
                for below in _messages(descriptor, value):
                    _walk(below, found, unfolded)


def _messages(descriptor: FieldDescriptor, value: Any) -> Iterator[Message]:  # noqa: ANN401
    assert descriptor.message_type is not None
    if not descriptor.is_repeated:
        yield value
    elif descriptor.message_type.GetOptions().map_entry:
        yield from value.values()
    else:
        yield from value


def _unfold(packed: Any, found: References, unfolded: dict[bytes, References]) -> None:  # noqa: ANN401
    """Look into an Any; thousands of routes carry the same few, so each content is read once."""
    name = packed.type_url.removeprefix(wire.TYPE_URL_PREFIX)
    if not _can_name(name):
        return
    key = packed.SerializeToString()
    known = unfolded.get(key)
    if known is None:
        known = References()
        _walk(wire.message_class(name).FromString(packed.value), known, unfolded)
        unfolded[key] = known
    found.add(known)
