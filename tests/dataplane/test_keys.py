"""What `gateway.lua` and the compiler both know is one value in two files."""

from __future__ import annotations

import re

import pytest

from gateline import dataplane
from gateline.dataplane import keys

LUA_CONSTANT = re.compile(r'^local ([A-Z_]+) = (?:"([^"]*)"|(\d+))', re.MULTILINE)


OF_REASONS = {"REASON_HEADER", "ERROR_REASON"}
"""Of `login.lua` and `function_reason.lua`."""


def lua_constants() -> dict[str, str | int]:
    """The script's constants in capitals."""
    found: dict[str, str | int] = {}
    for name, text, number in LUA_CONSTANT.findall(dataplane.script()):
        found[name] = int(number) if number else text
    return found


def python_constants() -> dict[str, str | int]:
    """The words of keys.py but those between Envoy and the host: the script has no part in these."""
    theirs = {"EGRESS_HEADER", "FAILURE_HEADER", "TARGET_HEADER", "SOURCE_HEADER", *OF_REASONS}
    return {name: value for name, value in vars(keys).items() if name.isupper() and name not in theirs}


def test_the_script_and_python_use_the_same_words_and_limits() -> None:
    script = lua_constants()
    assert {name: script.get(name) for name in python_constants()} == python_constants()


@pytest.mark.parametrize(
    ("text", "used"),
    [
        (dataplane.balancer_script(), {"ERROR_REASON", "NAMESPACE"}),
        (dataplane.function_reason_script(), {*OF_REASONS, "NAMESPACE"}),
    ],
)
def test_scripts_that_tell_access_logs_of_reasons_use_the_same_words(text: str, used: set[str]) -> None:
    found = {name: value for name, value, _ in LUA_CONSTANT.findall(text)}
    assert {name: found[name] for name in used} == {name: vars(keys)[name] for name in used}


def test_a_bodys_limit_is_the_one_that_its_refusal_names() -> None:
    assert f"HTTP content length exceeded {keys.BODY_LIMIT} bytes." in dataplane.script()


def test_headers_of_ours_are_lower_case_as_envoy_keeps_them() -> None:
    for name in (keys.SCOPE_HEADER, keys.REQUEST_ID_HEADER):
        assert name == name.lower()
        assert name.startswith("x-gl-")  # the prefix that header cleaning takes from clients


def test_no_api_name_can_be_the_entry_scope() -> None:
    assert "@" in keys.ENTRY_SCOPE
