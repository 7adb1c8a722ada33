"""Tunnels at the gateway: endpoints, clusters and the two listeners inside."""

from __future__ import annotations

import json

from gateline.compile import names
from gateline.compile.tunnel import (
    EXPORT,
    export_endpoint,
    export_transport,
    through_tunnel,
    tunnel_clusters,
    tunnel_listeners,
)
from gateline.compile.upstream_tls import host_tls, tls_socket
from gateline.compile.wire import new, to_dict
from gateline.model.tunnel import EnrolledNode

N1, N2, N3 = (EnrolledNode(tunnel="plant", node=f"n{n}", id=f"a{n}") for n in (1, 2, 3))


def test_an_exports_endpoint_leads_inside_and_carries_the_exports_name() -> None:
    made = export_endpoint("plant", "db:5432")
    address = {"server_listener_name": names.tunnel("plant"), "endpoint_id": "db:5432"}
    assert json.dumps({"envoy_internal_address": address}) in json.dumps(made, default=str)
    assert "db:5432" in str(made["metadata"])


def test_the_name_of_the_export_goes_on_to_the_listener_inside() -> None:
    made = json.dumps(to_dict(export_transport()))
    assert f'"name": "{EXPORT}"' in made
    assert "RawBuffer" in made


def test_what_is_spoken_to_an_export_may_be_encrypted() -> None:
    spoken = tls_socket(host_tls("orders.internal", verified=True))
    encrypted = new("envoy.config.cluster.v3.Cluster", name="orders", transport_socket=spoken)
    made = json.dumps(to_dict(through_tunnel(encrypted)))
    assert made.index("InternalUpstreamTransport") < made.index("UpstreamTlsContext")
    assert '"sni": "orders.internal"' in made


def test_health_checks_have_no_way_of_their_own_into_a_tunnel() -> None:
    match = {"name": "health check", "transport_socket": tls_socket(host_tls("", verified=False))}
    checked = new("envoy.config.cluster.v3.Cluster", name="orders", transport_socket_matches=[match])
    assert "transport_socket_matches" not in to_dict(through_tunnel(checked))
    assert to_dict(checked)["transport_socket_matches"]


def test_the_listener_inside_asks_for_the_export_that_the_endpoint_names_and_for_no_other() -> None:
    made = json.dumps(to_dict(tunnel_listeners("plant", (N1,))[names.tunnel("plant")]))
    assert f'"hostname": "%DYNAMIC_METADATA({EXPORT}:name)%"' in made
    assert "headers_to_add" not in made


def test_no_request_chooses_the_node_that_is_asked() -> None:
    made = json.dumps(to_dict(tunnel_clusters("plant", (N1,))[names.tunnel_node("plant", "n1")]))
    assert '"host_id_format": "n1.a1.plant.link.gateline"' in made


def test_where_a_node_fails_others_are_asked_that_have_not_been_yet() -> None:
    listener = json.dumps(to_dict(tunnel_listeners("plant", (N1, N2))[names.tunnel_connect("plant")]))
    assert f'"cluster": "{names.tunnel_nodes("plant")}"' in listener
    assert "PreviousHostsPredicate" in listener
    assert '"retriable_status_codes": [404]' in listener
    nodes = json.dumps(to_dict(tunnel_clusters("plant", (N1, N2))[names.tunnel_nodes("plant")]))
    for node in ("n1", "n2"):
        assert f'"server_listener_name": "{names.tunnel_node("plant", node)}"' in nodes


def test_what_goes_through_a_node_goes_through_its_own_listener_alone() -> None:
    listeners = tunnel_listeners("plant", (N1, N2))
    name = names.tunnel_node("plant", "n1")
    leading = [key for key, made in listeners.items() if f'"cluster": "{name}"' in json.dumps(to_dict(made))]
    assert leading == [name]


def test_a_node_that_is_revoked_has_neither_cluster_nor_listener() -> None:
    clusters, listeners = tunnel_clusters("plant", (N1,)), tunnel_listeners("plant", (N1,))
    assert "n2" not in " ".join([*clusters, *listeners])
    assert "n2" not in "".join(
        json.dumps(to_dict(made)) for made in (*clusters.values(), *listeners.values())
    )


def test_a_tunnel_without_nodes_leads_nowhere() -> None:
    made = to_dict(tunnel_clusters("plant", ())[names.tunnel_nodes("plant")])
    assert set(tunnel_clusters("plant", ())) == {names.tunnel_nodes("plant"), names.tunnel_connect("plant")}
    assert "envoy_internal_address" not in json.dumps(made)
