"""A stage's scope: its table, its routes and what they need."""

from __future__ import annotations

from typing import Any

import pytest

from compile.gateways import (
    ORIGIN,
    api,
    compiled,
    gateway,
    http_proxy,
    keyring,
    literal,
    mapping,
    method,
    mock,
)
from gateline.compile import compile_gateway
from gateline.compile.resources import CLUSTER, SCOPED_ROUTE, Resources
from gateline.dataplane import keys
from gateline.model.assertion import Assertion
from gateline.model.gateway import Keyring
from gateline.model.integration import ConnectionType, LiteralSource, VpcLink
from gateline.model.rest_api import Method, Stage
from gateline.model.secret import SecretRef


def scope(resources: Resources, name: str = "orders/dev") -> Any:
    """A scope's only virtual host."""
    message: Any = resources.by_type[SCOPED_ROUTE][name]
    [host] = message.route_configuration.virtual_hosts
    return host


def test_routes_are_found_by_filter_state_alone() -> None:
    host = scope(compiled(gateway(api(method("GET", "/a"), method("POST", "/a")))))
    assert len(host.routes) == 0
    assert set(host.matcher.matcher_tree.exact_match_map.map) == {"orders/dev GET /a", "orders/dev POST /a"}
    assert keys.ROUTE_STATE.encode() in host.matcher.matcher_tree.input.typed_config.value


def test_a_route_leads_nowhere_without_the_mark() -> None:
    host = scope(compiled(gateway(api(method("GET", "/a")))))
    assert b"cluster" not in host.matcher.on_no_match.action.typed_config.value


def test_a_stage_of_refusals_only_has_a_table_and_no_routes() -> None:
    host = scope(compiled(gateway(api(method("GET", "/a", http_proxy("http:///"))))))
    assert not host.matcher.HasField("matcher_tree")
    assert host.matcher.HasField("on_no_match")


def test_methods_to_one_host_share_a_cluster_and_one_lookup() -> None:
    served = api(
        method("GET", "/a", http_proxy("http://b.test/1")),
        method("GET", "/b", http_proxy("http://B.TEST:80/2")),
        method("GET", "/c", http_proxy("http://b.test:81/2")),
    )
    resources = compiled(gateway(served))
    assert set(resources.by_type[CLUSTER]) == {"http://b.test:80", "http://b.test:81"}
    assert sorted((found.host, found.port) for found in resources.lookups) == [("b.test", 80), ("b.test", 81)]


def linked(uri: str, connection: str = "l", **fields: Any) -> Resources:
    """A method behind a VPC link with two targets."""
    link = VpcLink(name="l", targets=(("10.0.0.1", 8000), ("tasks.test", 8001)), origin=ORIGIN)
    integration = http_proxy(uri, connection_type=ConnectionType.VPC_LINK, connection_id=connection, **fields)
    stage = Stage(name="dev", variables=(("link", "l"),), origin=ORIGIN)
    return compiled(gateway(api(method("GET", "/a", integration), stages=(stage,)), links=(link,)))


def test_a_vpc_link_leads_to_its_targets_and_keeps_the_uris_host() -> None:
    resources = linked("http://orders.internal/x", "${stageVariables.link}")
    assert sorted((found.host, found.port) for found in resources.lookups) == [
        ("10.0.0.1", 8000),
        ("tasks.test", 8001),
    ]
    route = scope(resources).matcher.matcher_tree.exact_match_map.map["orders/dev GET /a"]
    assert b"orders.internal" in route.action.typed_config.value


def test_a_linked_host_with_tls_has_a_cluster_of_its_own() -> None:
    assert set(linked("https://one.internal/x").by_type[CLUSTER]) == {"link/l https://one.internal"}


def test_a_link_that_does_not_exist_is_an_internal_error_and_a_warning() -> None:
    integration = http_proxy(connection_type=ConnectionType.VPC_LINK, connection_id="none")
    result = compile_gateway(gateway(api(method("GET", "/a", integration))), keyring())
    assert result.resources is not None
    assert [d.code.name for d in result.report.diagnostics] == ["GL602"]
    [row] = result.resources.routes
    assert row.target.startswith("500 ")


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "0xa9fea9fe", "metadata.google.internal", "[fd00:ec2::254]"]
)
def test_a_forbidden_address_of_a_stage_stops_the_project(host: str) -> None:
    result = compile_gateway(gateway(api(method("GET", "/a", http_proxy(f"http://{host}/")))), keyring())
    assert result.resources is None
    assert [d.code.name for d in result.report.diagnostics] == ["GL601"]


def test_a_secret_without_a_value_stops_the_project() -> None:
    secret = http_proxy("http://b.test/", mapping("header.X", LiteralSource((SecretRef("s"),))))
    result = compile_gateway(gateway(api(method("GET", "/a", secret))), keyring())
    assert result.resources is None
    assert [d.code.name for d in result.report.diagnostics] == ["GL603"]


def test_a_secret_in_the_host_header_stops_the_project() -> None:
    secret = http_proxy("http://b.test/", mapping("header.Host", LiteralSource((SecretRef("s"),))))
    result = compile_gateway(gateway(api(method("GET", "/a", secret)), secrets=("s",)), keyring("s"))
    assert result.resources is None
    assert [d.code.name for d in result.report.diagnostics] == ["GL604"]


def test_every_method_is_a_row_that_says_where_it_leads() -> None:
    served = api(
        method("GET", "/a", http_proxy("http://b.test/x")),
        method("GET", "/m", mock(204)),
        method("GET", "/f", mock(templates=(("application/json", "{}"),))),
        method("GET", "/i", http_proxy("http://b.test/", mapping("header.Content-Length", literal("1")))),
    )
    rows = compiled(gateway(served)).routes
    assert [(row.method, row.path, row.target) for row in rows] == [
        ("GET", "/a", "http://b.test/x"),
        ("GET", "/m", "mock 204"),
        ("GET", "/f", "500 Internal server error"),
        ("GET", "/i", "500 Illegal header mapping: Content-Length"),
    ]


def test_every_route_and_cluster_knows_where_it_was_written() -> None:
    resources = compiled(gateway(api(method("GET", "/a"))))
    named = [*resources.by_type[CLUSTER], *resources.by_type[SCOPED_ROUTE], "orders/dev GET /a", "edge"]
    missing = [name for name in named if name not in resources.origins and name != keys.ENTRY_SCOPE]
    assert missing == []


def asserting(*methods: Method, everywhere: bool = False) -> Any:
    """What becomes of a stage with assertions, and what is said about it."""
    assertion = Assertion(audience="orders", everywhere=everywhere, origin=ORIGIN)
    stage = Stage(name="dev", assertion=assertion, origin=ORIGIN)
    link = VpcLink(name="inner", targets=(("10.0.1.5", 80),), origin=ORIGIN)
    result = compile_gateway(gateway(api(*methods, stages=(stage,)), links=(link,)), Keyring())
    (hosted,) = result.hosting.stages
    assert hosted.assertion == assertion
    return result.hosting.is_needed, [each.code.name for each in result.report.diagnostics]


def test_a_stage_whose_assertions_nobody_gets_is_told() -> None:
    public = method("GET", "/a", http_proxy("http://b.test/x"))
    private = method(
        "GET",
        "/b",
        http_proxy("http://b.test/x", connection_type=ConnectionType.VPC_LINK, connection_id="inner"),
    )
    assert asserting(public) == (True, ["GL516"])
    assert asserting(public, private) == (True, [])
    assert asserting(public, everywhere=True) == (True, [])
