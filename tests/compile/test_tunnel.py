"""Tunnels at the gateway: endpoints, clusters and the two listeners inside."""

from __future__ import annotations

import json

from gateline.compile import names
from gateline.compile.tunnel import (
    EXPORT,
    export_endpoint,
    export_transport,
    tunnel_clusters,
    tunnel_listeners,
)
from gateline.compile.wire import new, to_dict


def test_an_exports_endpoint_leads_inside_and_carries_the_exports_name() -> None:
    made = export_endpoint("plant", "db:5432")
    address = {"server_listener_name": names.tunnel("plant"), "endpoint_id": "db:5432"}
    assert json.dumps({"envoy_internal_address": address}) in json.dumps(made, default=str)
    assert "db:5432" in str(made["metadata"])


def test_the_name_of_the_export_goes_on_to_the_listener_inside() -> None:
    made = json.dumps(to_dict_of(export_transport()))
    assert f'"name": "{EXPORT}"' in made
    assert "RawBuffer" in made


def test_what_is_spoken_to_an_export_may_be_encrypted() -> None:
    tls: dict[str, object] = {"name": "envoy.transport_sockets.tls"}
    assert export_transport(tls) != export_transport()


def test_the_listener_inside_asks_for_the_export_that_the_endpoint_names_and_for_no_other() -> None:
    made = json.dumps(to_dict(tunnel_listeners("plant")[names.tunnel("plant")]))
    assert f'"hostname": "%DYNAMIC_METADATA({EXPORT}:name)%"' in made
    assert "headers_to_add" not in made


def test_no_request_chooses_the_tunnel_whose_nodes_are_asked() -> None:
    made = json.dumps(to_dict(tunnel_clusters("plant")[names.tunnel("plant")]))
    assert '"host_id_format": "plant"' in made


def test_a_tunnel_leads_to_its_own_nodes_alone() -> None:
    for made in (*tunnel_clusters("plant").values(), *tunnel_listeners("plant").values()):
        assert "lab" not in json.dumps(to_dict(made))
        assert "plant" in json.dumps(to_dict(made))


def to_dict_of(transport: dict[str, object]) -> dict[str, object]:
    """The transport socket as JSON-able values."""
    return to_dict(new("envoy.config.core.v3.TransportSocket", **transport))
