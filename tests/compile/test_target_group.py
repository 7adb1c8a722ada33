"""Clusters of target groups: Amazon's numbers in Envoy's terms. What follows from them: tests/end_to_end/balancers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from compile.gateways import ORIGIN
from gateline.compile import names
from gateline.compile.cluster import CONNECTION_LIFE
from gateline.compile.resources import HostLookup
from gateline.compile.target_group import (
    MOST_FLOWS,
    lookups,
    shown_certificate,
    spoken_tls,
    target_group_cluster,
)
from gateline.compile.upstream_tls import UpstreamTls
from gateline.compile.wire import to_dict
from gateline.model.target_group import (
    Algorithm,
    HealthCheck,
    MinimumHealthy,
    Target,
    TargetGroup,
    TargetProtocol,
    TargetTls,
)

GROUP = TargetGroup(name="orders", origin=ORIGIN)


def made(group: TargetGroup = GROUP, *, behind_api: bool = False, tls_host: str = "") -> Any:
    """The cluster as Envoy writes it."""
    name = names.target_group(group.name)
    return to_dict(target_group_cluster(group, name=name, behind_api=behind_api, tls_host=tls_host))


def check(**fields: Any) -> Any:
    """The health check of a cluster."""
    [found] = made(replace(GROUP, health_check=HealthCheck(**fields)))["health_checks"]
    return found


def filters(cluster: Any) -> list[str]:
    """The names of the upstream HTTP filters."""
    [options] = cluster["typed_extension_protocol_options"].values()
    return [each["name"] for each in options["http_filters"]]


def policy(cluster: Any) -> Any:
    """The algorithm inside the subset."""
    [subset] = cluster["load_balancing_policy"]["policies"]
    config = subset["typed_extension_config"]["typed_config"]
    [chosen] = config["subset_lb_policy"]["policies"]
    return chosen["typed_extension_config"]


def test_the_numbers_are_the_groups_and_never_envoys_own() -> None:
    found = check(
        path="/well",
        interval=timedelta(seconds=7),
        timeout=timedelta(seconds=3),
        healthy_threshold=4,
        unhealthy_threshold=6,
    )
    assert (found["interval"], found["no_traffic_interval"], found["timeout"]) == ("7s", "7s", "3s")
    assert (found["healthy_threshold"], found["unhealthy_threshold"]) == (4, 6)
    assert found["reuse_connection"] is False
    assert found["http_health_check"]["path"] == "/well"


def test_codes_that_say_yes_are_ranges_and_all_others_count_against_the_threshold() -> None:
    found = check(matcher=((200, 200), (300, 499)))["http_health_check"]
    assert found["expected_statuses"] == [{"start": "200", "end": "201"}, {"start": "300", "end": "500"}]
    assert found["retriable_statuses"] == [{"start": "100", "end": "600"}]


def test_a_check_by_tcp_sends_nothing() -> None:
    assert check(protocol=TargetProtocol.TCP)["tcp_health_check"] == {}


def test_the_algorithm_chooses_among_registered_targets() -> None:
    [subset] = made()["load_balancing_policy"]["policies"]
    config = subset["typed_extension_config"]["typed_config"]
    assert config["fallback_policy"] == "DEFAULT_SUBSET"
    assert config["default_subset"] == {"target": "registered"}
    assert policy(made())["name"] == "envoy.load_balancing_policies.round_robin"


def test_least_outstanding_requests_compares_all_targets() -> None:
    found = policy(made(replace(GROUP, algorithm=Algorithm.LEAST_OUTSTANDING_REQUESTS)))
    assert found["typed_config"]["selection_method"] == "FULL_SCAN"


def test_only_behind_an_api_headers_of_answers_are_renamed() -> None:
    assert filters(made()) == ["envoy.filters.http.upstream_codec"]
    assert filters(made(behind_api=True)) == ["gateline.remap", "envoy.filters.http.upstream_codec"]


def test_targets_certificates_are_not_verified_and_no_name_is_asked_for() -> None:
    secure = replace(
        GROUP, protocol=TargetProtocol.HTTPS, health_check=HealthCheck(protocol=TargetProtocol.HTTPS)
    )
    found = made(secure)
    config = found["transport_socket"]["typed_config"]
    assert "sni" not in config
    assert "combined_validation_context" not in config.get("common_tls_context", {})
    assert "transport_socket_matches" not in found


@pytest.mark.parametrize(
    ("protocol", "checked_by", "tls_host", "socket"),
    [
        (TargetProtocol.HTTP, TargetProtocol.HTTPS, "", "envoy.transport_sockets.tls"),
        (TargetProtocol.HTTPS, TargetProtocol.HTTP, "", "envoy.transport_sockets.raw_buffer"),
        (TargetProtocol.HTTPS, TargetProtocol.TCP, "", "envoy.transport_sockets.raw_buffer"),
        (TargetProtocol.TCP, TargetProtocol.TCP, "h", "envoy.transport_sockets.raw_buffer"),
        (TargetProtocol.TCP, TargetProtocol.HTTPS, "h", "envoy.transport_sockets.tls"),
    ],
)
def test_checks_connect_in_their_own_way_where_requests_do_it_otherwise(
    protocol: TargetProtocol, checked_by: TargetProtocol, tls_host: str, socket: str
) -> None:
    found = made(
        replace(GROUP, protocol=protocol, health_check=HealthCheck(protocol=checked_by)), tls_host=tls_host
    )
    [match] = found["transport_socket_matches"]
    assert match["match"] == found["health_checks"][0]["transport_socket_match_criteria"]
    assert match["transport_socket"]["name"] == socket


def test_flows_of_a_sick_target_end_only_at_a_network_balancers_listener() -> None:
    tcp = replace(GROUP, protocol=TargetProtocol.TCP)
    assert made(tcp)["close_connections_on_host_health_failure"] is True
    for kept in (made(tcp, behind_api=True), made()):
        assert "close_connections_on_host_health_failure" not in kept


def test_every_static_target_is_looked_up_for_the_cluster() -> None:
    targets = (Target(host="a", port=1, origin=ORIGIN), Target(host="b", port=2, origin=ORIGIN))
    group = replace(GROUP, targets=targets, health_check=HealthCheck(port=9))
    assert lookups(group, "c") == (
        HostLookup(cluster="c", host="a", port=1, health_port=9, origin=ORIGIN),
        HostLookup(cluster="c", host="b", port=2, health_port=9, origin=ORIGIN),
    )


def test_targets_that_come_and_go_do_not_change_the_cluster() -> None:
    assert made(replace(GROUP, targets=(Target(host="a", port=1, origin=ORIGIN),))) == made()


def test_flows_of_datagrams_are_bounded_and_connections_are_not() -> None:
    def bound(protocol: TargetProtocol, *, behind_api: bool = False) -> int:
        group = replace(GROUP, protocol=protocol)
        made: Any = to_dict(target_group_cluster(group, name="targets/g", behind_api=behind_api))
        [threshold] = made["circuit_breakers"]["thresholds"]
        return int(threshold["max_connections"])

    assert bound(TargetProtocol.UDP) == bound(TargetProtocol.TCP_UDP) == MOST_FLOWS
    assert bound(TargetProtocol.TCP) == bound(TargetProtocol.TCP_UDP, behind_api=True) > MOST_FLOWS


TLS = TargetTls(authority="/ca.pem", identity="orders.internal", client_certificate="own", origin=ORIGIN)


@pytest.mark.parametrize(
    ("protocol", "checked", "chosen", "over_tls", "shown"),
    [
        ("HTTPS", "HTTP", "", False, "own"),
        ("HTTPS", "HTTP", "stage", False, "stage"),
        ("HTTP", "HTTPS", "", False, "own"),
        ("HTTP", "HTTP", "stage", False, ""),
        ("TCP", "TCP", "stage", False, ""),
        ("TCP", "TCP", "stage", True, "stage"),
        ("TLS", "TCP", "", False, "own"),
    ],
)
def test_a_certificate_is_shown_where_tls_is_spoken_and_a_stages_goes_before_the_groups(
    protocol: str, checked: str, chosen: str, over_tls: bool, shown: str
) -> None:
    group = replace(
        GROUP,
        protocol=TargetProtocol(protocol),
        health_check=HealthCheck(protocol=TargetProtocol(checked)),
        tls=TLS,
    )
    assert shown_certificate(group, chosen, over_tls=over_tls) == shown
    assert not shown_certificate(replace(group, tls=None), "", over_tls=over_tls)


def test_what_a_group_says_of_its_targets_goes_before_the_uris_host() -> None:
    group = replace(GROUP, protocol=TargetProtocol.TCP, tls=TLS)
    found = spoken_tls(group, host="orders.example.com", verified=False)
    assert found == UpstreamTls(
        server_name="orders.example.com", trust="trust/targets/orders", identity="orders.internal"
    )
    assert spoken_tls(group) is None
    plain = spoken_tls(replace(group, tls=None), host="orders.example.com")
    assert plain is not None
    assert (plain.trust, plain.identity) == ("trust/system", "orders.example.com")


@pytest.mark.parametrize(
    ("said", "spoken"),
    [
        (
            TargetTls(authority="system", identity="api.example", server_name="alb.example", origin=ORIGIN),
            UpstreamTls(server_name="alb.example", trust=names.TRUST, identity="api.example"),
        ),
        (
            TargetTls(authority="system", identity="api.example", origin=ORIGIN),
            UpstreamTls(server_name="api.example", trust=names.TRUST, identity="api.example"),
        ),
        (TargetTls(server_name="alb.example", origin=ORIGIN), UpstreamTls(server_name="alb.example")),
    ],
)
def test_a_balancer_behind_is_asked_for_by_its_name(said: TargetTls, spoken: UpstreamTls) -> None:
    assert spoken_tls(replace(GROUP, protocol=TargetProtocol.HTTPS, tls=said)) == spoken


def test_connections_on_which_certificates_say_who_is_who_end_within_their_bound() -> None:
    def bound(group: TargetGroup) -> object:
        [options] = made(group)["typed_extension_protocol_options"].values()
        return options["common_http_protocol_options"].get("max_connection_duration")

    encrypted = replace(GROUP, protocol=TargetProtocol.HTTPS)
    assert bound(encrypted) is None
    assert bound(replace(encrypted, tls=TLS)) == f"{CONNECTION_LIFE.total_seconds():.0f}s"


def test_a_slow_start_is_envoys_linear_one() -> None:
    found = policy(made(replace(GROUP, slow_start=timedelta(seconds=45))))["typed_config"]
    assert found["slow_start_config"] == {"slow_start_window": "45s"}
    assert "slow_start_config" not in policy(made())["typed_config"]


def test_weighted_random_without_weights_is_random() -> None:
    found = policy(made(replace(GROUP, algorithm=Algorithm.WEIGHTED_RANDOM)))
    assert found["name"] == "envoy.load_balancing_policies.random"


@pytest.mark.parametrize(
    ("minimum", "threshold"), [(MinimumHealthy(), 1.0), (MinimumHealthy(count=2), 100.0)]
)
def test_another_minimum_leaves_the_threshold_to_the_endpoints_factor(
    minimum: MinimumHealthy, threshold: float
) -> None:
    found = made(replace(GROUP, minimum_healthy=minimum))["common_lb_config"]
    assert found["healthy_panic_threshold"] == {"value": threshold}
