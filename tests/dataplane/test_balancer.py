"""balancer.lua: targets of unusual form, trace ids, and what happens when the script fails."""

from __future__ import annotations

import re

import pytest

from dataplane.lone_script import LoneScript, Ran
from gateline import dataplane
from gateline.compile.balancer_listener import NO_HOST
from gateline.compile.balancer_login import CLOSED
from gateline.compile.balancer_routes import JUDGED, UNUSUAL
from gateline.compile.table import Table
from gateline.dataplane import keys
from gateline.expressions.automaton import automaton

PATTERNS = ("/admin*", "/files/*", r"/lit\*")
FRESH = "1-[0-9a-f]{8}-[0-9a-f]{24}"


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


def test_readings_must_fit_the_same_expressions(script: LoneScript) -> None:
    known = context(automaton("^/v[0-9]+/[a-z]+$").table())
    for target in ("/v1%2Fx", "/%761/x", "/v12//x"):
        ran = script.request(target, route=UNUSUAL, context=known)
        assert ran.metadata == {keys.WHY: "path_ambiguous"}
    for target in ("/w%31/x", "/v1/%41", "/v1/x?%2F"):
        assert is_let_on(script.request(target, route=UNUSUAL, context=known))


def test_an_expression_without_a_table_refuses_whatever_has_more_than_one_reading(script: LoneScript) -> None:
    table = automaton("^/(?:a|b)*a(?:a|b){12}$").table()
    refused = script.request("/x%20y", route=UNUSUAL, context=context(table))
    assert refused.metadata == {keys.WHY: "path_ambiguous"}
    lenient = context(table, strict=False)
    assert is_let_on(script.request("/x%20y", route=UNUSUAL, context=lenient))


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


MANY = tuple(f"/files/*/{'x' * 20}{rule}-{value}" for rule in range(100) for value in range(5))
"""As many patterns as Amazon's quotas let a listener have, which all begin as the path does."""


@pytest.mark.parametrize("odd", ["%20", "%c3%a9", ";v=1", "//"])
def test_an_odd_path_is_judged_by_very_many_patterns_within_the_budget(script: LoneScript, odd: str) -> None:
    target = "/files/" + ("x" * 100 + odd) * 20 + "/" + "x" * 19
    ran = script.request(target, route=UNUSUAL, context=context(*MANY))
    assert is_let_on(ran)
    assert script.request(target + MANY[-1][8:], route=UNUSUAL, context=context(*MANY)).metadata


def test_a_path_that_costs_more_than_the_budget_stays_where_it_is(script: LoneScript) -> None:
    patterns = [f"/*a?b*{number}" for number in range(100)]
    ran = script.request("/%20" + "a" * 10000 + "0", route=UNUSUAL, context=context(*patterns))
    assert (ran.status, ran.clears, ran.metadata) == ("", 0, {keys.WHY: "script"})
    assert not ran.hooked


def test_a_usual_request_is_not_judged(script: LoneScript) -> None:
    ran = script.request("/admin", route="balancer/public:80 rule 1")
    assert (ran.metadata, ran.clears, ran.hooked) == ({}, 0, False)


def test_a_url_over_the_limit_is_414(script: LoneScript) -> None:
    assert script.request("/" + "a" * 16383).status == ""
    assert script.request("/" + "a" * 16384).status == "414"


@pytest.mark.parametrize("value", [" admin", "admin ", "\tadmin", "admin\t", " "])
def test_a_loose_value_is_refused_over_http2(script: LoneScript, value: str) -> None:
    headers = (("x-role", "user"), ("x-role", value), ("x-last", "1"))
    ran = script.request("/", *headers, protocol="HTTP/2")
    assert (ran.status, ran.metadata) == ("400", {keys.WHY: "header_white_space"})
    assert script.request("/", *headers, protocol="HTTP/1.1").status == ""


def test_white_space_inside_of_a_value_is_none_of_our_business(script: LoneScript) -> None:
    headers = (("x-role", "a user"), ("x-empty", ""))
    assert script.request("/", *headers, protocol="HTTP/2").status == ""


def test_a_header_over_the_limit_is_refused_and_looked_for_only_among_many_bytes(script: LoneScript) -> None:
    fits, large = ("x-large", "x" * (16384 - 7)), ("x-large", "x" * (16384 - 6))
    assert script.request("/", fits, told="17000").status == ""
    for told in ("17000", "c17000"):
        ran = script.request("/", large, told=told)
        assert (ran.status, ran.metadata) == ("400", {keys.WHY: "header_length"})
    assert script.request("/", large, told="16384").status == ""  # as it cannot be


def test_a_client_of_http_10_has_no_chunks_and_no_upgrades(script: LoneScript) -> None:
    for told, upgrade in (("c200", ()), ("200", (("upgrade", "websocket"),))):
        ran = script.request("/", *upgrade, protocol="HTTP/1.0", told=told)
        assert (ran.status, ran.metadata) == ("400", {keys.WHY: "old_version"})
        assert script.request("/", *upgrade, told=told).status == ""


def test_a_host_that_was_left_out_becomes_the_balancers_address_and_logs_nobody_in(
    script: LoneScript,
) -> None:
    assert script.request("/", host="-", protocol="HTTP/1.0").header(":authority") == "192.0.2.80"
    assert script.request("/", host="-").header(":authority") == "-"  # said by the client
    asked = Table()
    asked.put("id", "name", "session", "authenticate", "Sess", "")
    ran = script.request("/", host="-", protocol="HTTP/1.0", login=asked.text, route=f"rule 1{CLOSED}")
    assert (ran.status, ran.metadata) == ("401", {keys.WHY: "login_host"})


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


def test_no_trace_is_begun_twice_by_one_worker_or_by_two(script: LoneScript) -> None:
    workers = [script, LoneScript(dataplane.balancer_script())]
    begun = [re.sub("Root=1-[0-9a-f]{8}-", "", traced(worker)) for worker in workers for _ in range(20)]
    assert len(set(begun)) == 40
    assert len({each[:16] for each in begun}) == 2


def test_a_script_that_fails_lets_nothing_on(script: LoneScript) -> None:
    ran = script.request("/a%20b", route=UNUSUAL, context={"id": "broken", "table": "no table"})
    assert ran.metadata == {keys.WHY: "script"}
    assert ran.clears == 0
    assert ran.logged[0].startswith("balancer.lua: ")
    assert not ran.hooked


def test_a_script_that_fails_on_a_usual_request_refuses_it() -> None:
    broken = LoneScript(
        dataplane.balancer_script().replace("local function serve(h)", "local function serve()")
    )
    ran = broken.request("/", route="balancer/public:80 rule 1")
    assert ran.status == "500"
    assert ran.metadata == {keys.WHY: "script"}
    assert not ran.hooked


def test_script_and_compiler_agree_about_the_route_and_the_mark() -> None:
    text = dataplane.balancer_script()
    assert f'local UNUSUAL = "{UNUSUAL}"' in text
    assert f'local JUDGED = "{JUDGED}"' in text
    assert f'local NO_HOST = "{NO_HOST}"' in text
