"""What is known of the request that a method sends to a balancer."""

from __future__ import annotations

import pytest

from compile.gateways import DEV, api, http_proxy, literal, mapping, method, of_request
from gateline.compile.folding import Fixed, FromClient, KnownRequest
from gateline.compile.mapping import StageContext, map_parameters
from gateline.compile.request_view import known_request
from gateline.compile.upstream import upstream
from gateline.model.gateway import Edge
from gateline.model.integration import ContextSource, LiteralSource, ParameterMapping
from gateline.model.origin import Origin
from gateline.model.secret import SecretRef


def known(
    uri: str = "http://Inner.test:8080/orders",
    *mappings: ParameterMapping,
    path: str = "/a/{id}",
    verb: str = "GET",
    sent: str = "ANY",
) -> KnownRequest:
    """What is known of requests of a method with this integration."""
    served = method(verb, path, http_proxy(uri, *mappings, http_method=sent))
    whole = api(served)
    end = upstream(uri, DEV)
    edge = Edge(origin=Origin(""))
    mapped = map_parameters(end.target, StageContext(edge=edge, api=whole, stage=DEV, method=served))
    return known_request(whole, served, end, mapped, "" if sent in ("ANY", verb) else sent)


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("http://Inner.test:8080/", "inner.test"),
        ("http://inner.test./", "inner.test"),
        ("http://[::1]:80/", "[::1]"),
    ],
)
def test_the_host_is_the_uris_without_its_port(uri: str, host: str) -> None:
    assert known(uri).host == host


def test_a_mapped_host_is_known_when_it_is_text() -> None:
    assert known("http://b.test/", mapping("header.Host", literal("A.test:81"))).host == "a.test"
    assert known("http://b.test/", mapping("header.Host", literal(""))).host == "b.test"
    assert known("http://b.test/", mapping("header.Host", of_request("header.X"))).host is None


@pytest.mark.parametrize(
    ("verb", "sent", "expected"),
    [
        ("GET", "ANY", "GET"),
        ("GET", "POST", "POST"),
        ("ANY", "ANY", None),
        ("ANY", "POST", None),  # a client's HEAD stays one
        ("HEAD", "GET", "HEAD"),
    ],
)
def test_the_verb_is_known_unless_it_may_be_the_clients(verb: str, sent: str, expected: str | None) -> None:
    assert known(verb=verb, sent=sent).verb == expected


def test_the_path_is_known_in_pieces_and_ends_before_the_query() -> None:
    in_path = mapping("path.id", of_request("path.id"))
    assert known().path == ("/orders",)
    assert known("http://b.test/o/{id}/x", in_path).path == ("/o/", None, "/x")
    assert known("http://b.test/o?id={id}", in_path).path == ("/o",)


def test_headers_are_known_by_who_writes_them() -> None:
    header = known(
        "http://b.test/",
        mapping("header.X-Text", literal("a%b")),
        mapping("header.X-Proof", LiteralSource((SecretRef("Proof"),))),
        mapping("header.X-Account", ContextSource("accountId")),
        mapping("header.X-Id", ContextSource("requestId")),
        mapping("header.X-Unknown", ContextSource("identity.user")),
        mapping("header.Via", literal("x")),
    ).header
    assert header("x-text") == Fixed(("a%b",))
    assert header("x-proof") == Fixed((SecretRef("Proof"),))
    assert isinstance(header("x-account"), Fixed)
    assert header("x-id") == FromClient()
    assert header("x-unknown") == Fixed(())
    assert header("via") == Fixed(())
    assert header("content-encoding") == Fixed(())
    assert header("x-amzn-apigateway-api-id") == Fixed(("orders",))
    assert header("user-agent") == FromClient("AmazonAPIGateway_orders")
    assert header("x-anything") == FromClient()
