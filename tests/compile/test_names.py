"""Names of resources are readable, stable and different for different things."""

from __future__ import annotations

from gateline.compile import names


def test_names_say_what_they_are() -> None:
    assert names.scope("orders", "prod") == "orders/prod"
    assert names.route("orders", "prod", "GET", "/a/{b}") == "orders/prod GET /a/{b}"
    assert names.secret("x") == "secret/x"


def test_a_clusters_name_tells_apart_what_its_connections_must_not_share() -> None:
    found = {
        names.host_cluster("http", "a.test", 80, verified=True),
        names.host_cluster("http", "a.test", 81, verified=True),
        names.host_cluster("https", "a.test", 443, verified=True),
        names.host_cluster("https", "a.test", 443, verified=False),
        names.host_cluster("https", "b.test", 443, verified=True),
        names.link_cluster("l", "http", "a.test", verified=True),
        names.link_cluster("l", "https", "a.test", verified=True),
        names.link_cluster("l", "https", "a.test", verified=False),
        names.link_cluster("l", "https", "b.test", verified=True),
        names.link_cluster("m", "http", "a.test", verified=True),
    }
    assert len(found) == 10


def test_verification_means_nothing_without_tls() -> None:
    assert names.host_cluster("http", "a.test", 80, verified=False) == "http://a.test:80"
    assert names.link_cluster("l", "http", "a", verified=False) == names.link_cluster(
        "l", "http", "b", verified=True
    )


def test_an_ipv6_host_has_its_brackets() -> None:
    assert names.host_cluster("http", "::1", 80, verified=True) == "http://[::1]:80"
