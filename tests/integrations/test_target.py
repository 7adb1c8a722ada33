"""Paths and hosts of backends: a client fills in values, and nothing but values (section 5.1, attacks.md)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa.luajit21 import LuaRuntime

from gateline import dataplane
from gateline.integrations.outgoing import Refusal
from gateline.integrations.parameters import PathValue
from gateline.integrations.target import filled, is_authority


@pytest.mark.parametrize(
    ("template", "values", "target"),
    [
        ("/base", {}, "/base"),
        ("/users/{id}", {"id": PathValue("7", is_raw=True)}, "/users/7"),
        ("/users/{id}", {}, "/users/{id}"),
        ("/{proxy}", {"proxy": PathValue("a/b%20c", is_raw=True)}, "/a/b%20c"),
        ("/{x}", {"x": PathValue("a/b?c#d e%")}, "/a%2Fb%3Fc%23d%20e%25"),
        ("/a?x={x}", {"x": PathValue("1&y=2")}, "/a?x=1%26y%3D2"),
        ("/a?x={x}", {"x": PathValue("1&y=2;z#", is_raw=True)}, "/a?x=1%26y%3D2%3Bz%23"),
        ("/{a}/{b}", {"a": PathValue("1"), "b": PathValue("2")}, "/1/2"),
        ("/x{a}", {"a": PathValue("")}, "/x"),
        ("/{x}", {"x": PathValue("ü", is_raw=True)}, "/%C3%BC"),
        ("/keep%20this?a=b%26c", {}, "/keep%20this?a=b%26c"),
    ],
)
def test_names_of_a_uri_are_filled_in(template: str, values: dict[str, PathValue], target: str) -> None:
    assert filled(template, values) == target


@pytest.mark.parametrize("is_raw", [True, False])
@pytest.mark.parametrize("value", [".", "..", "../x", "x/..", "a/./b", "..;x/y"])
def test_a_value_makes_no_dot_segment(value: str, is_raw: bool) -> None:
    with pytest.raises(Refusal) as refused:
        filled("/users/{id}/x", {"id": PathValue(value, is_raw)})
    assert (refused.value.type, refused.value.message) == ("BAD_REQUEST_PARAMETERS", "Bad Request")


@pytest.mark.parametrize("value", ["%2e%2e", "a%2f..%2fb", ".%2E"])
def test_a_raw_value_makes_none_when_it_is_decoded_either(value: str) -> None:
    with pytest.raises(Refusal):
        filled("/users/{id}", {"id": PathValue(value, is_raw=True)})


def test_what_the_definition_writes_beside_a_value_counts_too() -> None:
    with pytest.raises(Refusal):
        filled("/.{id}/x", {"id": PathValue("")})


@pytest.mark.parametrize("value", ["a\\b", "a\nb", "a\x00", "\x7f"])
def test_a_value_holds_no_byte_that_readers_disagree_about(value: str) -> None:
    with pytest.raises(Refusal):
        filled("/users/{id}", {"id": PathValue(value)})


@given(value=st.text(max_size=12), is_raw=st.booleans())
def test_no_value_leaves_its_folder(value: str, is_raw: bool) -> None:
    try:
        target = filled("/users/{id}/orders", {"id": PathValue(value, is_raw)})
    except Refusal:
        return
    assert target.isascii()
    assert target.startswith("/users/")
    assert target.endswith("/orders")
    assert "?" not in target
    assert "#" not in target
    assert ".." not in PurePosixPath(unquote(target)).parts


@given(value=st.text(max_size=12))
def test_a_value_that_is_not_raw_stays_one_segment(value: str) -> None:
    try:
        assert filled("/a/{x}/b", {"x": PathValue(value)}).count("/") == 3
    except Refusal:
        return


@pytest.mark.parametrize(
    "host",
    ["a", "api.example.com", "API.example.com:8080", "example.com.", "under_score.x", "10.0.0.1", "[::1]:80"],
)
def test_a_mapped_host_is_a_name_or_an_address(host: str) -> None:
    assert is_authority(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a..b",
        "a b",
        "a/b",
        "user@a",
        "a:",
        "a:x",
        "a:123456",
        ".a",
        "a,b",
        "[::1",
        "[g]",
        "[::1%25eth0]",
        "a\nb",
        "a" * 256,
    ],
)
def test_nothing_else_is(host: str) -> None:
    assert not is_authority(host)


LUA = LuaRuntime(encoding="latin-1")
SCRIPT: Any = LUA.execute(
    dataplane.script().encode().decode("latin-1")
    + "\nreturn { is_authority = is_authority, encode = encode, within_parameter = within_parameter }"
)


@given(host=st.text(alphabet="aB.:-_[]@/ 0129", max_size=14))
def test_the_script_takes_the_same_mapped_hosts(host: str) -> None:
    if host and not host.startswith("["):  # an address is judged by its bytes only there
        assert is_authority(host) == bool(SCRIPT.is_authority(host))
    elif is_authority(host):
        assert SCRIPT.is_authority(host)


@given(value=st.text(max_size=12))
def test_the_script_escapes_a_value_in_the_same_way(value: str) -> None:
    try:
        target = filled("/{x}", {"x": PathValue(value)})
    except Refusal:
        return
    assert target == "/" + SCRIPT.encode(value.encode().decode("latin-1"))


@given(value=st.text(alphabet="ab&=;+#%20/?", max_size=12))
def test_the_script_escapes_a_segment_within_a_query_in_the_same_way(value: str) -> None:
    if "?" not in value:  # no segment of a path holds one
        raw = PathValue(value, is_raw=True)
        assert filled("/a?x={x}", {"x": raw}) == "/a?x=" + SCRIPT.within_parameter(value)
