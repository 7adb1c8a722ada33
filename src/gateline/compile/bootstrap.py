"""The static part that an Envoy starts with: where its control plane is, and its admin socket."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile.link_listener import acceptor, internal_listeners
from gateline.compile.wire import extension, new, packed, to_dict

_OWNER_ONLY: Final = 0o600
_RECONNECT: Final = {
    "retry_back_off": {
        "base_interval": timedelta(milliseconds=100),
        "max_interval": timedelta(seconds=1),
    }
}
"""After 10 s without its control plane an Envoy took up to 19 s to come back; with this, 0.7 s."""
_MAX_CONNECTIONS: Final = 50_000
# The names cleaned from clients make one regular expression, larger than Envoy's cautious default.
RUNTIME: Final = {"re2.max_program_size.error_level": 100_000}
"""Runtime settings of every Envoy of ours."""


_HEAP: Final = "envoy.resource_monitors.fixed_heap"
_TRACKED: Final = 20
"""Streams that hold less than 2^20 bytes are never reset: all but those whose bodies are held back."""
_SCARCE: Final[dict[str, object]] = {"scaled": {"scaling_threshold": 0.8, "saturation_threshold": 0.95}}


def bootstrap(*, node: str, xds_socket: str, admin_socket: str, memory: int) -> dict[str, object]:
    """The bootstrap as JSON-able values.

    Args:
        node: the node id by which the control plane knows this Envoy.
        xds_socket: path of the control plane's Unix socket.
        admin_socket: path of the admin interface's Unix socket; never TCP.
        memory: bytes of heap that it may have.

    """
    return to_dict(_message(node, xds_socket, admin_socket, memory))


def _message(node: str, xds_socket: str, admin_socket: str, memory: int) -> Message:
    ads = {"ads": {}, "resource_api_version": "V3"}
    http2 = new(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config={"http2_protocol_options": {}},
    )
    control = {
        "name": "control",
        "type": "STATIC",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed(http2)
        },
        "load_assignment": {
            "cluster_name": "control",
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": xds_socket}}}}]},
            ],
        },
    }
    return new(
        "envoy.config.bootstrap.v3.Bootstrap",
        node={"id": node, "cluster": "gateline"},
        admin={"address": {"pipe": {"path": admin_socket, "mode": _OWNER_ONLY}}},
        static_resources={"clusters": [control]},
        dynamic_resources={
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {"cluster_name": "control", "retry_policy": _RECONNECT}}],
            },
            "cds_config": ads,
            "lds_config": ads,
        },
        bootstrap_extensions=[acceptor(), internal_listeners()],
        layered_runtime={"layers": [{"name": "gateline", "static_layer": dict(RUNTIME)}]},
        overload_manager=_overload_manager(memory),
    )


def _overload_manager(memory: int) -> dict[str, object]:
    """What gives way while the heap fills; `memory`: bytes that it may have."""
    return {
        "refresh_interval": timedelta(milliseconds=100),
        "resource_monitors": [
            extension(
                "envoy.resource_monitors.global_downstream_max_connections",
                "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                max_active_downstream_connections=_MAX_CONNECTIONS,
            ),
            extension(
                _HEAP,
                "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                max_heap_size_bytes=memory,
            ),
        ],
        "buffer_factory_config": {"minimum_account_to_track_power_of_two": _TRACKED},
        "actions": [
            _action("shrink_heap", {"threshold": {"value": 0.7}}),
            # Bodies that are held back are what many clients can fill. Streams of HTTP/2 that hold most are reset;
            # those of HTTP/1 cannot be (below), and before it is all gone no more are taken.
            _action("reset_high_memory_stream", _SCARCE),
            _action("stop_accepting_requests", {"threshold": {"value": 0.95}}),
        ],
        # A connection of HTTP/1 on which more comes then is closed, sooner or later: a large body comes in many
        # pieces, so it is hit before all others. Without this, requests that have begun would fill what there is.
        "loadshed_points": [_triggered("envoy.load_shed_points.http1_server_abort_dispatch", _SCARCE)],
    }


def _action(name: str, trigger: dict[str, object]) -> dict[str, object]:
    """What is done when the heap is so full: a part of what it may have."""
    return _triggered(f"envoy.overload_actions.{name}", trigger)


def _triggered(name: str, trigger: dict[str, object]) -> dict[str, object]:
    return {"name": name, "triggers": [{"name": _HEAP, **trigger}]}
