"""Which certificates the edge shows."""

from __future__ import annotations

from typing import Any

from compile.gateways import ORIGIN, api, domain, gateway, method
from gateline.compile.edge_tls import (
    compares_names,
    downstream_tls,
    edge_certificates,
    speaks_tls,
    tls_inspector,
)
from gateline.compile.wire import to_dict
from gateline.model.domain import Domain
from gateline.model.gateway import Gateway, SelfSigned

TO_ORDERS = {"": "orders/dev"}


def project(*domains: Domain, tls: bool = False) -> Gateway:
    return gateway(api(method("GET", "/a")), domains=domains, tls=SelfSigned(origin=ORIGIN) if tls else None)


def test_without_any_certificate_the_edge_speaks_plain_http() -> None:
    plain = project(domain("api.example.com", TO_ORDERS))
    assert edge_certificates(plain) == ()
    assert not speaks_tls(plain)
    assert not compares_names(plain)


def test_the_edges_own_certificate_is_the_one_for_unknown_names() -> None:
    both = project(
        domain("b.example.com", TO_ORDERS, "b"),
        domain("a.example.com", TO_ORDERS, "a"),
        domain("c.example.com", TO_ORDERS, "b"),
        domain("d.example.com", TO_ORDERS),
        tls=True,
    )
    assert edge_certificates(both) == ("edge/certificate", "certificate/b", "certificate/a")
    assert compares_names(both)


def test_a_domains_certificate_alone_makes_the_edge_speak_tls() -> None:
    alone = project(domain("api.example.com", TO_ORDERS), domain("b.example.com", TO_ORDERS, "b"))
    assert edge_certificates(alone) == ("certificate/b",)
    assert speaks_tls(alone)
    assert compares_names(alone)


def test_names_are_not_compared_where_no_domain_is() -> None:
    assert speaks_tls(project(tls=True))
    assert not compares_names(project(tls=True))


def test_certificates_come_over_sds_in_their_order() -> None:
    shown: Any = to_dict(downstream_tls(("x", "y"))["typed_config"])  # type: ignore[arg-type]
    context = shown["common_tls_context"]
    assert [config["name"] for config in context["tls_certificate_sds_secret_configs"]] == ["x", "y"]


def test_the_inspector_is_envoys() -> None:
    assert tls_inspector()["name"] == "envoy.filters.listener.tls_inspector"
