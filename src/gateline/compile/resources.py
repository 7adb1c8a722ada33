"""Resources: what the compiler makes, by xDS type and name, and the check that they fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from google.protobuf.message import Message

from gateline.compile.wire import TYPE_URL_PREFIX
from gateline.model.origin import Origin
from gateline.model.target_group import MinimumHealthy

CLUSTER: Final = TYPE_URL_PREFIX + "envoy.config.cluster.v3.Cluster"
ENDPOINT: Final = TYPE_URL_PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENER: Final = TYPE_URL_PREFIX + "envoy.config.listener.v3.Listener"
SCOPED_ROUTE: Final = TYPE_URL_PREFIX + "envoy.config.route.v3.ScopedRouteConfiguration"
SECRET: Final = TYPE_URL_PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret"

TYPES: Final = (SECRET, CLUSTER, ENDPOINT, SCOPED_ROUTE, LISTENER)
"""In the order in which an Envoy needs them: what is named comes before what names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLookup:
    """An upstream host that must be resolved: the runtime turns it into a ClusterLoadAssignment.

    With a `tunnel` there is nothing to be resolved: host and port are the name of an export.
    """

    cluster: str
    host: str
    port: int
    tunnel: str = ""
    health_port: int = 0  # where a target of a target group is asked whether it is well; 0: at `port`
    origin: Origin = field(compare=False)  # the first place that names it; others are the same question


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRow:
    """One line of `gateline routes`."""

    api: str
    stage: str
    method: str
    path: str
    authorization: str
    integration: str  # "http_proxy", "mock", ...
    target: str  # the upstream uri of this stage, or the mock's status
    route: str  # the name of the Envoy route
    origin: Origin
    rule: str = ""  # "internal:80 rule 10": the balancer's rules that may decide, "" without a balancer
    target_groups: tuple[str, ...] = ()  # those that the request may go to
    credentials: tuple[str, ...] = ()  # the headers by which its callers are known, an API key's too
    api_key: bool = False  # it asks for an API key


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Everything an Envoy is told, without versions. `origins` say which definition a resource came from."""

    by_type: Mapping[str, Mapping[str, Message]] = field(repr=False)  # messages print secrets too
    lookups: tuple[HostLookup, ...] = ()
    target_groups: Mapping[str, str] = field(default_factory=dict)  # cluster → the target group it holds
    minimums: Mapping[str, MinimumHealthy] = field(default_factory=dict)  # of target groups that have another
    origins: Mapping[str, Origin]
    routes: tuple[RouteRow, ...] = ()
