from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from gateline.compile.wire import extension, new, packed
from gateline.control.reference import merged, references

from .conftest import ADS, Pieces

TLS = "envoy.extensions.transport_sockets.tls.v3"


def tls(**common: object) -> dict[str, object]:
    return extension("tls", f"{TLS}.UpstreamTlsContext", common_tls_context=common)


def test_routes_name_their_clusters(pieces: Pieces) -> None:
    scope = pieces.scope("a", pieces.route("c1"), pieces.route("c2"), pieces.route("c1"))
    assert references(scope).clusters == {"c1", "c2"}


def test_weighted_and_mirrored_clusters_are_named(pieces: Pieces) -> None:
    weighted = new(
        "envoy.config.route.v3.Route",
        route={
            "weighted_clusters": {"clusters": [{"name": "w1"}, {"name": "w2"}]},
            "request_mirror_policies": [{"cluster": "mirror"}],
        },
    )
    assert references(pieces.scope("a", weighted)).clusters == {"w1", "w2", "mirror"}


def test_a_cluster_chosen_by_a_header_is_not_a_name(pieces: Pieces) -> None:
    route = new("envoy.config.route.v3.Route", route={"cluster_header": "x-cluster"})
    assert references(pieces.scope("a", route)).clusters == set()


def test_routes_inside_a_matcher_tree_are_read(pieces: Pieces) -> None:
    action = {"action": {"name": "r", "typed_config": packed(pieces.route("deep", secret="s"))}}
    header = "envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
    tree = {
        "input": extension("path", header, header_name=":path"),
        "prefix_match_map": {"map": {"/": action}},
    }
    host = {"name": "all", "domains": ["*"], "matcher": {"matcher_tree": tree}}
    scope = new(
        "envoy.config.route.v3.ScopedRouteConfiguration",
        name="a",
        route_configuration={"virtual_hosts": [host]},
    )
    found = references(scope)
    assert (found.clusters, found.secrets) == ({"deep"}, {"s"})


def test_a_secret_in_a_formatter_is_named(pieces: Pieces) -> None:
    assert references(pieces.scope("a", pieces.route("c", secret="s"))).secrets == {"s"}


def test_a_keeper_names_what_it_keeps(pieces: Pieces) -> None:
    assert references(pieces.keeper("s1", "s2")).secrets == {"s1", "s2"}


def test_secrets_of_tls_are_named(pieces: Pieces) -> None:
    socket = tls(
        tls_certificate_sds_secret_configs=[{"name": "own", "sds_config": ADS}],
        validation_context_sds_secret_config={"name": "trust", "sds_config": ADS},
    )
    assert references(pieces.cluster("c", transport_socket=socket)).secrets == {"own", "trust"}


def test_a_static_secret_is_not_asked_for(pieces: Pieces) -> None:
    socket = tls(tls_certificate_sds_secret_configs=[{"name": "of the bootstrap"}])
    assert references(pieces.cluster("c", transport_socket=socket)).secrets == set()


def test_an_eds_cluster_names_its_assignment(pieces: Pieces) -> None:
    other = new(
        "envoy.config.cluster.v3.Cluster",
        name="c",
        type="EDS",
        eds_cluster_config={"eds_config": ADS, "service_name": "other"},
    )
    assert references(pieces.cluster("c")).assignments == {"c"}
    assert references(other).assignments == {"other"}


def test_another_cluster_names_no_assignment(pieces: Pieces) -> None:
    assert references(pieces.keeper("s")).assignments == set()


def test_a_listener_says_whether_it_wants_scoped_routes(pieces: Pieces) -> None:
    assert references(pieces.listener()).scoped_routes
    assert not references(new("envoy.config.listener.v3.Listener", name="l")).scoped_routes


def test_a_tcp_proxy_names_its_cluster() -> None:
    assert references(listener_to({"cluster": "tcp"})).clusters == {"tcp"}
    weighted = {"weighted_clusters": {"clusters": [{"name": "w", "weight": 1}]}}
    assert references(listener_to(weighted)).clusters == {"w"}


def listener_to(target: Mapping[str, object]) -> Message:
    full_name = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
    proxy = extension("tcp", full_name, stat_prefix="t", **target)
    return new("envoy.config.listener.v3.Listener", name="l", filter_chains=[{"filters": [proxy]}])


def test_a_type_that_nobody_knows_names_nothing() -> None:
    unknown = new("google.protobuf.Any", type_url="type.googleapis.com/nobody.Knows", value=b"\x0a\x01x")
    route = new("envoy.config.route.v3.Route", typed_per_filter_config={"x": unknown})
    found = references(route)
    assert (found.clusters, found.secrets, found.assignments) == (set(), set(), set())


def test_what_several_name_is_put_together(pieces: Pieces) -> None:
    whole = merged(
        [references(pieces.cluster("c")), references(pieces.listener()), references(pieces.keeper("s"))]
    )
    assert (whole.assignments, whole.secrets, whole.scoped_routes) == ({"c"}, {"s"}, True)
