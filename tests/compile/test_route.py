"""Routes: what Envoy does natively with a decided request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateline.compile.mapping import HeaderFormat, Mapped
from gateline.compile.mock import MockAnswer
from gateline.compile.route import CleanedHeaders, Hop, header, mock_route, proxy_route, scope_headers
from gateline.compile.wire import to_dict
from gateline.model.secret import SecretRef


def proxied(
    mapped: Mapped | None = None, *, authority: str = "b.test", verb: str = "", hop: Hop | None = None
) -> dict[str, Any]:
    """A route to a backend."""
    route = proxy_route(
        "r",
        match={"prefix": "/"},
        destination={"cluster": "c"},
        authority=authority,
        timeout=timedelta(seconds=7),
        mapped=mapped or Mapped(path=(("literal", "/"),)),
        verb=verb,
        hop=hop,
    )
    return to_dict(route)


def test_a_balancer_on_the_way_says_what_it_speaks_and_where() -> None:
    added = proxied(hop=Hop("https", 443))["request_headers_to_add"]
    assert {each["header"]["key"]: each["header"]["value"] for each in added} == {
        "x-forwarded-proto": "https",
        "x-forwarded-port": "443",
    }
    assert all(each["append_action"] == "OVERWRITE_IF_EXISTS_OR_ADD" for each in added)


def test_a_proxy_route_names_its_cluster_host_and_timeout() -> None:
    assert proxied()["route"] == {
        "cluster": "c",
        "timeout": "7s",
        "host_rewrite_literal": "b.test",
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
    }


def test_a_mapped_host_is_not_rewritten_again() -> None:
    assert "host_rewrite_literal" not in proxied(authority="")["route"]


def test_no_backend_gets_via_and_content_encoding_is_dropped_unless_it_is_mapped() -> None:
    assert proxied()["request_headers_to_remove"] == ["via", "content-encoding"]
    mapped = Mapped(path=(), set_headers=frozenset({"content-encoding"}))
    assert proxied(mapped)["request_headers_to_remove"] == ["via"]


def test_each_fixed_header_is_removed_before_it_is_set() -> None:
    forms = (
        HeaderFormat(name="x-a", value="1"),
        HeaderFormat(name="x-s", value="%SECRET(secret/s)%", parts=(SecretRef("s"),)),
    )
    config = proxied(Mapped(path=(), formats=forms))["typed_per_filter_config"][
        "envoy.filters.http.header_mutation"
    ]
    kinds = [
        (key, m[key] if key == "remove" else m[key]["header"]["key"])
        for m in config["mutations"]["request_mutations"]
        for key in m
    ]
    assert kinds == [("remove", "x-a"), ("append", "x-a"), ("remove", "x-s"), ("append", "x-s")]
    assert len(config["mutations"]["formatters"]) == 1


def test_a_fixed_header_without_a_value_is_only_removed() -> None:
    mapped = Mapped(path=(("literal", "/"),), formats=(HeaderFormat(name="x-user", value=""),))
    config = proxied(mapped)["typed_per_filter_config"]["envoy.filters.http.header_mutation"]
    assert config["mutations"]["request_mutations"] == [{"remove": "x-user"}]


def test_a_route_without_secrets_has_no_formatter() -> None:
    forms = (HeaderFormat(name="x-a", value="1"),)
    config = proxied(Mapped(path=(), formats=forms))["typed_per_filter_config"][
        "envoy.filters.http.header_mutation"
    ]
    assert "formatters" not in config["mutations"]


def test_the_answer_to_a_head_promises_no_body_to_a_client_that_waits_for_one() -> None:
    assert proxied(verb="HEAD")["response_headers_to_remove"] == ["content-length"]
    assert "response_headers_to_remove" not in proxied(verb="PUT")


def test_a_mocks_answer_is_constant() -> None:
    answer = MockAnswer(status=201, body="100%", content_type="a/b", headers=(("x-p", "50%"),))
    shown: Any = to_dict(mock_route("r", answer))
    assert shown["direct_response"] == {"status": 201, "body": {"inline_string": "100%"}}
    added = {h["header"]["key"]: h["header"]["value"] for h in shown["response_headers_to_add"]}
    assert added == {"content-type": "a/b", "x-p": "50%%"}


def test_a_stages_headers_hide_ours_and_name_the_api() -> None:
    found: Any = scope_headers("a1b2c3", CleanedHeaders(secrets=frozenset({"x-gw-secret"})))
    assert {"x-gl-scope", "x-gl-rid"} <= set(found["request_headers_to_remove"])
    assert found["response_headers_to_remove"] == ["x-gw-secret", "x_gw_secret"]
    added = {h["header"]["key"]: h for h in found["request_headers_to_add"]}
    assert added["x-amzn-apigateway-api-id"]["header"]["value"] == "a1b2c3"
    assert added["user-agent"]["append_action"] == "ADD_IF_ABSENT"


@pytest.mark.parametrize("action", ["OVERWRITE_IF_EXISTS_OR_ADD", "ADD_IF_ABSENT"])
def test_a_header_says_what_it_does_with_one_that_is_there(action: str) -> None:
    assert header("a", "b", action) == {"header": {"key": "a", "value": "b"}, "append_action": action}
