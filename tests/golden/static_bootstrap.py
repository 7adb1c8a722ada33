"""Resources as a static bootstrap, for `envoy --mode validate` and for tests that need no control plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.message import Message

from gateline.compile.bootstrap import RUNTIME
from gateline.compile.endpoint import assignments
from gateline.compile.link_listener import acceptor, internal_listeners
from gateline.compile.resources import (
    CLUSTER,
    LISTENER,
    SCOPED_ROUTE,
    SECRET,
    HostLookup,
    Resources,
)
from gateline.compile.wire import new, to_dict


def static_bootstrap(
    resources: Resources, answers: Mapping[HostLookup, Sequence[str]], *, admin: str = ""
) -> dict[str, Any]:
    """A bootstrap that holds everything itself; what came over ADS is looked up statically."""
    endpoints = {
        name: to_dict(message) for name, message in assignments(answers, resources.target_groups).items()
    }
    clusters = []
    for name, message in sorted(resources.by_type[CLUSTER].items()):
        cluster: dict[str, Any] = without_ads(to_dict(message))
        if cluster.get("type") == "EDS":
            cluster["type"] = "STATIC"
            cluster.pop("eds_cluster_config", None)
            cluster["load_assignment"] = endpoints.get(name, {"cluster_name": name})
        clusters.append(cluster)
    listeners = [_listener(m, resources.by_type[SCOPED_ROUTE]) for m in resources.by_type[LISTENER].values()]
    secrets = [to_dict(message) for message in resources.by_type[SECRET].values()]
    links: dict[str, Any] = to_dict(
        new("envoy.config.bootstrap.v3.Bootstrap", bootstrap_extensions=[acceptor(), internal_listeners()])
    )
    bootstrap: dict[str, Any] = {
        "static_resources": {"clusters": clusters, "listeners": listeners, "secrets": secrets},
        "bootstrap_extensions": links["bootstrap_extensions"],
        "layered_runtime": {"layers": [{"name": "gateline", "static_layer": dict(RUNTIME)}]},
    }
    if admin:
        bootstrap["admin"] = {"address": {"pipe": {"path": admin, "mode": 0o600}}}
    return bootstrap


def _listener(message: Message, scopes: Mapping[str, Message]) -> dict[str, Any]:
    listener: dict[str, Any] = without_ads(to_dict(message))
    for chain in listener.get("filter_chains", []):  # none where datagrams come
        for manager in (each["typed_config"] for each in chain["filters"]):
            if "scoped_routes" not in manager:
                continue
            manager["scoped_routes"].pop("scoped_rds", None)
            manager["scoped_routes"]["rds_config_source"] = {"ads": {}, "resource_api_version": "V3"}
            manager["scoped_routes"]["scoped_route_configurations_list"] = {
                "scoped_route_configurations": [without_ads(to_dict(s)) for _, s in sorted(scopes.items())]
            }
    return listener


def without_ads(value: Any) -> Any:
    """The value with every `sds_config` taken out."""
    if isinstance(value, dict):
        return {str(k): without_ads(v) for k, v in value.items() if k != "sds_config"}
    if isinstance(value, list):
        return [without_ads(v) for v in value]
    return value
