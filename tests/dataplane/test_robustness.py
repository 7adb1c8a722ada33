"""Whatever a client sends, the script decides: it never raises, never passes something unsealed, never stalls."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compile.gateways import api, compiled, gateway, http_proxy, mapping, method, mock, of_request
from dataplane.simulated_envoy import Outcome, SimulatedEnvoy
from gateline.dataplane import keys
from gateline.model.gateway import PathMode
from gateline.model.integration import ContextSource, PassthroughBehavior

BYTES = st.binary(max_size=60).map(lambda data: data.decode("latin-1"))
PIECES = st.sampled_from(
    [
        "/",
        "//",
        ".",
        "..",
        ";",
        "%",
        "%2",
        "%2f",
        "%2E",
        "%25",
        "%00",
        "%c0%ae",
        "\\",
        "#",
        "?",
        "a",
        "\xff",
        "+",
    ]
)
ODD_PATHS = st.lists(st.one_of(PIECES, BYTES), max_size=30).map("".join)
HOSTS = st.one_of(
    st.sampled_from(["localhost", "orders.localhost:8080", "127.0.0.1", "[::1]:80", "users.execute-api.x"]),
    BYTES,
)
VERBS = st.one_of(st.sampled_from(["GET", "HEAD", "TRACE", "ANY", "CONNECT"]), BYTES)
HEADER_NAMES = ("x-in", "content-type", "user-agent", "x-amzn-trace-id")


@cache
def envoy_in(mode: PathMode) -> SimulatedEnvoy:
    """Methods that read all that a request has."""
    sources = [
        mapping("path.p", of_request("path.p")),
        mapping("path.h", of_request("header.x-in")),
        mapping("querystring.q", of_request("querystring.a")),
        mapping("querystring.all", of_request("multivaluequerystring.a")),
        mapping("header.X-All", of_request("multivalueheader.x-in")),
        mapping("header.X-Query", of_request("querystring.a")),
        *(
            mapping(f"header.X-C{index}", ContextSource(name))
            for index, name in enumerate(
                ("identity.sourceIp", "path", "domainName", "domainPrefix", "httpMethod")
            )
        ),
    ]
    served = api(
        method("ANY", "/x/{p+}", http_proxy("http://b.test/{h}/{p}", *sources)),
        method("ANY", "/x/admin"),
        method("ANY", "/m", mock(passthrough_behavior=PassthroughBehavior.NEVER)),
        method("ANY", "/"),
    )
    return SimulatedEnvoy(compiled(gateway(served, api(method("GET", "/a"), name="users"), paths=mode)))


def must_be_decided(outcome: Outcome) -> None:
    """Either a refusal with a reason, or the end mark and a route; and nothing left over."""
    assert outcome.thrown == ""
    assert outcome.logged == ()
    assert not outcome.hooked
    if outcome.answer is None:
        assert outcome.sealed
        assert outcome.route.startswith(outcome.scope + " ")
        assert not any((c < " " and c != "\t") or c == "\x7f" for _, value in added(outcome) for c in value)
    else:
        assert 400 <= outcome.answer.status < 500
        assert not outcome.sealed
        assert outcome.why


def added(outcome: Outcome) -> list[tuple[str, str]]:
    """The headers that mappings wrote."""
    return [pair for pair in outcome.headers if pair[0].startswith("x-c") or pair[0] in ("x-all", "x-query")]


@pytest.mark.parametrize("mode", list(PathMode))
@settings(max_examples=400, deadline=None)
@given(
    path=ODD_PATHS, query=BYTES, stage=st.sampled_from(["/dev/x/", "/dev/m", "/dev", "/", "", "//dev//x/"])
)
@example(path="%", query="%", stage="/dev/x/")
@example(path="%2e%2E", query="&;=&a=%", stage="/dev/x/")
@example(path="\xf0\x80", query="", stage="/dev/x/")
def test_no_path_and_no_query_raises_an_error(mode: PathMode, path: str, query: str, stage: str) -> None:
    target = f"{stage}{path}?a={query}" if query else stage + path
    must_be_decided(envoy_in(mode).request("GET", target, [("x-in", "v")]))


@settings(max_examples=300, deadline=None)
@given(
    host=HOSTS,
    verb=VERBS,
    values=st.lists(st.text("\t" + "".join(map(chr, range(32, 256))), max_size=40), max_size=6),
)
def test_no_host_no_verb_and_no_header_raises_an_error(host: str, verb: str, values: list[str]) -> None:
    headers = [(HEADER_NAMES[index % 4], value.replace("\x7f", "")) for index, value in enumerate(values)]
    for path in ("/dev/x/a", "/dev/m", "/restapis/users/dev/_user_request_/a"):
        must_be_decided(envoy_in(PathMode.STRICT).request(verb, path, headers, host=host))


@pytest.mark.parametrize(
    "unit",
    [
        "/",
        "%2F",
        "%252F",
        "/;",
        "/.a",
        "//%252Fb;x",
        "/%2561;/",
        "//;.a%41",
        "/%25%32%35a;//",
        ";",
        "%20",
        "a",
        "/a%20",
    ],
)
@pytest.mark.parametrize("mode", list(PathMode))
def test_a_path_of_the_longest_length_stays_within_the_budget(mode: PathMode, unit: str) -> None:
    tail = unit * ((keys.URL_LIMIT - 20) // len(unit))
    must_be_decided(envoy_in(mode).request("GET", f"/dev/x/a{tail}", [("x-in", "v")]))


@pytest.mark.parametrize("unit", ["&", ";", "a&", "a=1&", "%41=&", "+&", "=", "&a"])
def test_a_long_query_of_separators_is_no_fault(unit: str) -> None:
    lines = [mapping(f"querystring.q{index}", of_request(f"querystring.x{index}")) for index in range(20)]
    served = gateway(api(method("GET", "/a", http_proxy("http://b.test/", *lines))))
    query = unit * ((keys.URL_LIMIT - 20) // len(unit))
    must_be_decided(SimulatedEnvoy(compiled(served)).request("GET", f"/dev/a?{query}"))


def test_a_request_that_overruns_its_budget_is_a_500_and_the_next_one_is_served() -> None:
    lines = [
        mapping(f"header.x{index}", of_request(f"multivaluequerystring.a{index}")) for index in range(300)
    ]
    served = gateway(api(method("GET", "/a", http_proxy("http://b.test/{p}", *lines)), method("GET", "/b")))
    envoy = SimulatedEnvoy(compiled(served), budget=20_000)
    outcome = envoy.request("GET", "/dev/a?" + "a=%41&" * 1600)
    assert outcome.verdict == "500 script"
    assert "budget" in outcome.logged[0]
    assert not outcome.sealed
    assert not outcome.hooked
    assert envoy.request("GET", "/dev/b").sealed
