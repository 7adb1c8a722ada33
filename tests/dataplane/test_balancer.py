"""balancer.lua: targets of unusual form, trace ids, and what happens when the script fails."""

from __future__ import annotations

import re

import pytest

from dataplane.lone_script import LoneScript, Ran
from dataplane.simulated_envoy import REQUEST_ID
from gateline import dataplane
from gateline.compile.balancer_routes import JUDGED, UNUSUAL
from gateline.compile.table import Table
from gateline.dataplane import keys

PATTERNS = ("/admin*", "/files/*", r"/lit\*")
FRESH = "1-[0-9a-f]{8}-" + REQUEST_ID[24:36] + REQUEST_ID[:8] + REQUEST_ID[9:13]


@pytest.fixture(scope="module")
def script() -> LoneScript:
    return LoneScript(dataplane.balancer_script())


def context(*patterns: str, strict: bool = True) -> dict[str, str]:
    table = Table()
    table.put(int(strict))
    table.put_all(patterns)
    return {"id": f"{patterns}{strict}", "table": table.text}


def judge(script: LoneScript, target: str, *, strict: bool = True) -> Ran:
    return script.request(target, route=UNUSUAL, context=context(*PATTERNS, strict=strict))


def is_let_on(ran: Ran) -> bool:
    return ran.metadata.get(JUDGED) == "1" and ran.clears == 1


FORBIDDEN = {
    "/x/../admin": "path_dot_segment",
    "/x/%2e%2e/admin": "path_dot_segment",
    "/x/..;a/admin": "path_dot_segment",
    "/x\\admin": "path_backslash",
    "/x%5cadmin": "path_backslash",
    "/x%00": "path_control_byte",
    "/x%": "path_percent",
    "/x%zz": "path_percent",
    "/x#y": "path_fragment",
    "/x?a#b": "path_fragment",
    "/x%c0%ae": "path_overlong_utf8",
    "*": "request_target",
    "": "request_target",
}


@pytest.mark.parametrize("target", FORBIDDEN)
@pytest.mark.parametrize("strict", [True, False])
def test_a_form_that_no_path_may_have_stays_on_its_route(
    script: LoneScript, target: str, *, strict: bool
) -> None:
    ran = judge(script, target, strict=strict)
    assert (ran.metadata, ran.clears) == ({keys.WHY: FORBIDDEN[target]}, 0)


TORN = [
    "/%61dmin",
    "//admin",
    "/;x/admin",
    "/%2561dmin",
    "/files%2Fx",
    "/x%2f..%252fadmin",
    "/x/%252e%252e/y",
    "/lit%2A",
    "/%2561dmin;a%252Fb%3Bc%2F%2Fd;e%253Bf%252F%252Fg",  # more readings than are looked at
]


@pytest.mark.parametrize("target", TORN)
def test_a_path_that_other_rules_could_get_is_refused_when_strict_only(
    script: LoneScript, target: str
) -> None:
    assert judge(script, target).metadata == {keys.WHY: "path_ambiguous"}
    assert is_let_on(judge(script, target, strict=False))


@pytest.mark.parametrize(
    "target",
    ["/a%20b", "/files/a%2Fb", "/files//a", "/admin;x=1", "/x;y=1", "/.well-known/x", "/files/%c3%a9?q=%00"],
)
def test_a_path_that_reads_alike_for_all_rules_passes(script: LoneScript, target: str) -> None:
    assert is_let_on(judge(script, target))


def test_a_usual_request_is_not_judged(script: LoneScript) -> None:
    ran = script.request("/admin", route="balancer/public:80 rule 1")
    assert (ran.metadata, ran.clears, ran.hooked) == ({}, 0, False)


def test_a_url_over_the_limit_is_414(script: LoneScript) -> None:
    assert script.request("/" + "a" * 16383).status == ""
    assert script.request("/" + "a" * 16384).status == "414"


def traced(script: LoneScript, *given: str) -> str:
    headers = [("x-amzn-trace-id", value) for value in given]
    return script.request("/", *headers).header("x-amzn-trace-id") or ""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), f"Root={FRESH}"),
        (("",), f"Root={FRESH}"),
        (("Root=1-a-b",), f"Self={FRESH};Root=1-a-b"),
        (("Root=1-a-b;Sampled=1",), f"Self={FRESH};Root=1-a-b;Sampled=1"),
        (("Self=1-c-d;Root=1-a-b;k=v",), f"Self={FRESH};Root=1-a-b;k=v"),
        (("Root=1-a-b; Self=1-c-d",), f"Self={FRESH};Root=1-a-b"),
        (("k=v",), f"Root={FRESH};k=v"),
        (("Root=" + "a" * 600,), f"Root={FRESH}"),
    ],
)
def test_a_trace_gets_a_root_or_a_self(script: LoneScript, given: tuple[str, ...], expected: str) -> None:
    assert re.fullmatch(expected, traced(script, *given))


def test_a_script_that_fails_lets_nothing_on(script: LoneScript) -> None:
    ran = script.request("/a%20b", route=UNUSUAL, context={"id": "broken", "table": "no table"})
    assert JUDGED not in ran.metadata
    assert ran.clears == 0
    assert ran.logged[0].startswith("balancer.lua: ")
    assert not ran.hooked


def test_script_and_compiler_agree_about_the_route_and_the_mark() -> None:
    text = dataplane.balancer_script()
    assert f'local UNUSUAL = "{UNUSUAL}"' in text
    assert f'local JUDGED = "{JUDGED}"' in text
