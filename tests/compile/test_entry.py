"""The entry scope: which requests are usual, and what the script is told about hosts and stages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compile.gateways import api, gateway, method
from gateline.compile.entry import PLAIN_TARGET, entry_scope, listens_on_loopback
from gateline.compile.wire import to_dict
from golden.readable import netstrings

FORBIDDEN = re.compile(r"[%;\\#\x00-\x20\x7f-\U0010ffff]|//|/\.")


def usual(target: str) -> bool:
    """Whether the first entry route takes the target: by its prefix and its expression, anchored at both ends."""
    return target.startswith("/") and re.fullmatch(PLAIN_TARGET, target) is not None


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/dev",
        "/dev/orders/7",
        "/dev/a.b/c~d",
        "/dev/orders/",
        "/dev/a!$&'()*+,=:@_-",
        "/dev?q=1",
        "/dev?a=%20&b=/../x",
        "/dev?",
        "/dev/a?x=\\",
    ],
)
def test_usual_targets(target: str) -> None:
    assert usual(target)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "*",
        "dev",
        "//dev",
        "/dev//a",
        "/dev/a%20b",
        "/dev/a;b",
        "/dev/../a",
        "/dev/.",
        "/dev/.hidden",
        "/dev/a\\b",
        "/dev/a#b",
        "/dev?a#b",
        "/dev/\x7f",
        "/dev/\xff",
        "/dev?\x00",
        "http://x/",
        "/dev/a//",
        "?x",
        "/dev\n",
    ],
)
def test_unusual_targets(target: str) -> None:
    assert not usual(target)


@given(st.text(alphabet="/ab.%;#?\\&=\x00é~", max_size=12))
def test_a_usual_path_has_nothing_to_look_at_twice(target: str) -> None:
    if usual(target):
        path, _, query = target.partition("?")
        assert not FORBIDDEN.search(path)
        assert "#" not in query
        assert not re.search(r"[\x00-\x1f\x7f-\U0010ffff]", query)


def shown(**edge: Any) -> Any:
    """An entry scope, as Envoy's documentation writes it."""
    project = gateway(api(method("GET", "/a")), api(method("GET", "/a"), name="users"), **edge)
    return to_dict(entry_scope(project, {"orders/dev": "id1", "users/dev": "id2"}, {}, logged=False))


def test_its_routes_lead_nowhere() -> None:
    [host] = shown()["route_configuration"]["virtual_hosts"]
    assert [route["direct_response"]["status"] for route in host["routes"]] == [500, 500]
    assert not [route for route in host["routes"] if "route" in route or "redirect" in route]


def test_the_second_route_takes_what_the_first_does_not_know_and_says_so() -> None:
    [host] = shown()["route_configuration"]["virtual_hosts"]
    contexts = [
        route["typed_per_filter_config"]["envoy.filters.http.lua"]["filter_context"]
        for route in host["routes"]
    ]
    assert contexts[1]["id"] == contexts[0]["id"] + "~"
    assert contexts[0]["table"] == contexts[1]["table"]
    assert "headers" not in host["routes"][1]["match"]


def test_the_table_names_hosts_in_lower_case_apis_stages_and_their_tables() -> None:
    [host] = shown(hosts=("GW.Example.com",))["route_configuration"]["virtual_hosts"]
    context = host["routes"][0]["typed_per_filter_config"]["envoy.filters.http.lua"]["filter_context"]
    texts = netstrings(context["table"])
    assert texts is not None
    assert "gw.example.com" in texts
    for text in ("orders", "users", "dev", "id1", "id2"):
        assert text in texts


def test_the_table_holds_the_generation_of_the_api_keys() -> None:
    project = gateway(api(method("GET", "/a")))
    held: list[Any] = [
        to_dict(entry_scope(project, {"orders/dev": "id1"}, {}, logged=False, keys_generation=generation))
        for generation in ("", "k1")
    ]
    tables = [
        each["route_configuration"]["virtual_hosts"][0]["routes"][0]["typed_per_filter_config"][
            "envoy.filters.http.lua"
        ]["filter_context"]["table"]
        for each in held
    ]
    assert "k1" in (netstrings(tables[1]) or ())
    assert tables[0] != tables[1]


@pytest.mark.parametrize(
    ("address", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("gw.test", False),
    ],
)
def test_which_addresses_only_this_machine_reaches(address: str, is_loopback: bool) -> None:
    assert listens_on_loopback(address) is is_loopback


def test_the_public_keys_are_shown_before_anything_else_and_the_script_does_not_see_it() -> None:
    project = replace(
        gateway(api(method("GET", "/a"))),
        jwks_path="/.well-known/jwks.json",
        assertion_keys_every=timedelta(seconds=40),
    )
    scope: Any = to_dict(entry_scope(project, {"orders/dev": "id1"}, {}, logged=False, jwks=b'{"keys":[1]}'))
    [host] = scope["route_configuration"]["virtual_hosts"]
    first, *others = host["routes"]
    assert (first["match"]["path"], first["direct_response"]["status"]) == ("/.well-known/jwks.json", 200)
    assert first["typed_per_filter_config"]["envoy.filters.http.lua"]["disabled"] is True
    added = {each["header"]["key"]: each["header"]["value"] for each in first["response_headers_to_add"]}
    assert added["cache-control"] == "public, max-age=10"
    assert [route["direct_response"]["status"] for route in others] == [500, 500]
    assert "max_direct_response_body_size_bytes" in scope["route_configuration"]
