"""What the real `gateway.lua` says of a request, read here, and the event that comes of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st
from lupa.luajit21 import LuaRuntime

from compile.gateways import (
    DEV,
    api,
    authorized,
    aws_proxy,
    compiled,
    function,
    gateway,
    method,
    request_authorizer,
)
from dataplane.asking import TestHost, allow, policy_reply
from dataplane.simulated_envoy import REQUEST_ID, SimulatedEnvoy
from gateline import dataplane
from gateline.dataplane import keys
from gateline.dataplane.netstring import NetstringReader
from gateline.integrations.call import Authorized, Call, read_call
from gateline.integrations.context import Circumstances
from gateline.integrations.event import request_event
from gateline.integrations.query import parse_query
from integrations.samples import EPOCH_MS, METHOD, STAGE

SENT = [
    ("x-tenant", "acme"),
    ("x-many", "1"),
    ("x-many", "2"),
    ("user-agent", "curl/8.5.0"),
    ("x-forwarded-proto", "https"),
]


def asked(path: str, *, template: str = "/a/{id}/{rest+}", verb: str = "GET") -> tuple[TestHost, Any]:
    """Send a request to a function behind a REQUEST authorizer that allows everything."""
    authorizer = request_authorizer("method.request.header.X-Tenant")
    served = api(
        method("ANY", template, aws_proxy(), authorization=authorized("request")),
        authorizers=(authorizer,),
        stages=(DEV,),
    )
    host = TestHost(policy_reply(allow("*"), context={"plan": "gold", "size": 3}))
    envoy = SimulatedEnvoy(compiled(gateway(served, functions=(function(),))))
    envoy.host = host
    return host, envoy.request(verb, path, SENT, host="orders.localhost:8080")


def question_call(host: TestHost) -> Call:
    return read_call(host.questions[0][8].encode("latin-1"))


def test_the_call_for_an_authorizer_is_read() -> None:
    host, _ = asked("/dev/a/7/x//y%2Fz/?q=1&q=2", verb="POST")
    call = question_call(host)
    assert call == Call(
        scope="orders/dev",
        route="orders/dev ANY /a/{id}/{rest+}",
        request_id=REQUEST_ID,
        trace_id=call.trace_id,
        verb="POST",
        full_path="/dev/a/7/x//y%2Fz/",
        path="/a/7/x//y%2Fz/",
        query=b"q=1&q=2",
        authority="orders.localhost:8080",
        source_ip="127.0.0.1",
        protocol="HTTP/1.1",
        path_parameters=(("id", "7"), ("rest", "x//y%2Fz")),
        revision=call.revision,
    )
    assert call.trace_id.startswith("Root=1-")


def test_the_call_for_a_function_says_what_the_authorizer_said() -> None:
    _, outcome = asked("/dev/a/7/x")
    call = read_call((outcome.header(keys.CALL_HEADER) or "").encode("latin-1"))
    said = call.authorized
    assert said == Authorized(
        principal="alice",
        integration_latency=said.integration_latency if said else -1,
        context=(("plan", "gold"), ("size", "3")),
    )
    assert (call.route, call.path) == ("orders/dev ANY /a/{id}/{rest+}", "/a/7/x")


def test_the_headers_that_the_script_tells_make_the_event() -> None:
    host, _ = asked("/dev/a/7/x")
    listed = "".join(f"{len(value)}:{value}" for value in host.questions[0][9:])
    headers = NetstringReader(listed.encode("latin-1")).take_pairs()
    circumstances = Circumstances(call=question_call(host), stage=STAGE, method=METHOD, epoch_ms=EPOCH_MS)
    event = json.loads(request_event(circumstances, headers, method_arn="arn"))
    assert event["multiValueHeaders"] == {
        "Host": ["orders.localhost:8080"],
        "User-Agent": ["curl/8.5.0"],
        "X-Amzn-Trace-Id": [circumstances.call.trace_id],
        "X-Forwarded-For": ["127.0.0.1"],
        "X-Forwarded-Port": ["443"],
        "X-Forwarded-Proto": ["https"],
        "x-many": ["1", "2"],
        "X-Tenant": ["acme"],
    }


LUA = LuaRuntime(encoding="latin-1")
PARSE: Any = LUA.execute(dataplane.script().encode().decode("latin-1") + "\nreturn parse_query")


def parsed_by_the_script(query: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, values in PARSE(query.decode("latin-1")).items():
        text = name.encode("latin-1").decode(errors="replace")
        found[text] = [value.encode("latin-1").decode(errors="replace") for value in values.values()]
    return found


@given(query=st.text(alphabet="ab=&;+%204f?é/", max_size=24).map(str.encode))
@example(query=b"=;&a&=b&%61=c+%2b&%=1&a=%4&&")
def test_a_query_has_the_same_parameters_for_mappings_and_events(query: bytes) -> None:
    parsed = parse_query(query)
    assume("\ufffd" not in "".join(parsed))  # as text, names that are not UTF-8 may become one
    assert parsed == parsed_by_the_script(query)
