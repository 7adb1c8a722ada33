"""What the host sends to backends: its scope, its routes and the listener on a Unix socket."""

from __future__ import annotations

from typing import Any

from compile.gateways import ORIGIN, api, compiled, gateway, http_proxy, literal, mapping, method, of_request
from gateline.compile.names import EGRESS_SCOPE
from gateline.compile.resources import CLUSTER, LISTENER, SCOPED_ROUTE, Resources
from gateline.compile.wire import to_dict
from gateline.dataplane import keys
from gateline.model.integration import Integration, IntegrationKind, LiteralSource, ParameterMapping
from gateline.model.secret import SecretRef


def http(uri: str, *mappings: ParameterMapping) -> Integration:
    """An http integration."""
    return Integration(
        kind=IntegrationKind.HTTP,
        uri=uri,
        http_method="GET",
        request_parameters=mappings,
        origin=ORIGIN,
    )


def egress(resources: Resources) -> dict[str, Any]:
    """The egress scope of the only stage."""
    scopes = resources.by_type[SCOPED_ROUTE]
    [name] = [each for each in scopes if EGRESS_SCOPE in each]
    assert name.startswith("orders/dev egress ")
    found: Any = to_dict(scopes[name])
    assert isinstance(found, dict)
    return found


def actions(resources: Resources) -> dict[str, Any]:
    [host] = egress(resources)["route_configuration"]["virtual_hosts"]
    tree = host["matcher"]["matcher_tree"]
    assert tree["input"]["typed_config"]["header_name"] == keys.EGRESS_HEADER
    found: dict[str, Any] = tree["exact_match_map"]["map"]
    return {name: action["action"]["typed_config"] for name, action in found.items()}


def test_an_http_integration_leads_to_the_host_and_from_there_to_its_cluster() -> None:
    resources = compiled(gateway(api(method("GET", "/a", http("http://b.test:81/x")))))
    [(name, route)] = actions(resources).items()
    assert name == "orders/dev GET /a"
    assert route["route"]["cluster"] == "http://b.test:81"
    assert {"http://b.test:81", keys.HOST_CLUSTER, keys.FUNCTIONS_CLUSTER} <= set(resources.by_type[CLUSTER])
    assert names_of_listeners(resources) == {"edge", "egress"}


def names_of_listeners(resources: Resources) -> set[str]:
    return set(resources.by_type[LISTENER])


def test_there_is_no_egress_where_nothing_needs_one() -> None:
    resources = compiled(gateway(api(method("GET", "/a", http_proxy("http://b.test/")))))
    assert names_of_listeners(resources) == {"edge"}
    assert not [name for name in resources.by_type[SCOPED_ROUTE] if EGRESS_SCOPE in name]


def test_envoy_adds_secrets_and_nothing_else_of_the_mappings() -> None:
    lines = (
        mapping("header.X-Secret", LiteralSource(("pre-", SecretRef("one")))),
        mapping("header.X-Plain", literal("x")),
        mapping("header.X-Client", of_request("header.X")),
    )
    project = gateway(api(method("GET", "/a", http("http://b.test/", *lines))), secrets=("one",))
    [route] = actions(compiled(project)).values()
    text = str(route["typed_per_filter_config"])
    assert "pre-%SECRET(secret/one)%" in text
    assert "x-plain" not in text


def test_the_socket_is_for_this_user_alone() -> None:
    resources = compiled(gateway(api(method("GET", "/a", http("http://b.test/")))))
    listener: Any = to_dict(resources.by_type[LISTENER]["egress"])
    pipe = listener["address"]["pipe"]
    assert pipe == {"path": "egress.sock", "mode": 0o600}


def test_no_backend_can_say_that_envoy_failed() -> None:
    resources = compiled(gateway(api(method("GET", "/a", http("http://b.test/")))))
    assert keys.FAILURE_HEADER in egress(resources)["route_configuration"]["response_headers_to_remove"]
