"""What the backend gets: path, query and headers as the mappings say (api-gateway.md sections 5.1, 7 and 9)."""

from __future__ import annotations

import re

import pytest

from compile.gateways import api, compiled, gateway, http_proxy, literal, mapping, method, of_request
from dataplane.simulated_envoy import REQUEST_ID, Headers, Outcome, SimulatedEnvoy
from gateline.model.integration import ContextSource, MappingSource, ParameterMapping, StageVariableSource
from gateline.model.origin import Origin
from gateline.model.rest_api import Stage


def mapped(
    path: str,
    *mappings: ParameterMapping,
    template: str = "/a/{id}/{rest+}",
    uri: str = "http://b.test/up",
    headers: Headers = (),
    verb: str = "ANY",
    sent: str = "GET",
    **request: str,
) -> Outcome:
    """Send one request to a method with these mappings."""
    stage = Stage(name="dev", variables=(("tenant", "acme"),), origin=Origin("gateline.yaml"))
    served = api(
        method("ANY", template, http_proxy(uri, *mappings, http_method=verb)),
        api_id="a1b2c3",
        stages=(stage,),
    )
    outcome = SimulatedEnvoy(compiled(gateway(served))).request(sent, f"/dev{path}", headers, **request)
    assert outcome.verdict == f"orders/dev ANY {template}"
    return outcome


def header_from(
    source: MappingSource, *, path: str = "/a/1/x", headers: Headers = (), **request: str
) -> str | None:
    """The value of a header that is mapped from a source."""
    line = mapping("header.X-Out", source)
    return mapped(path, line, headers=headers, **request).header("x-out")


def test_a_path_parameter_is_put_into_the_uri_as_the_bytes_are() -> None:
    by_id = mapping("path.id", of_request("path.id"))
    assert mapped("/a/a%2Bb@c/x", by_id, uri="http://b.test/{id}/end").path == "/a%2Bb@c/end"


def test_a_greedy_parameter_keeps_its_slashes_and_loses_the_trailing_one() -> None:
    by_rest = mapping("path.rest", of_request("path.rest"))
    assert mapped("/a/1/x//y%2Fz/", by_rest, uri="http://b.test/{rest}").path == "/x//y%2Fz"


def test_a_part_without_a_mapping_stays_as_it_is_written() -> None:
    assert mapped("/a/1/x", uri="http://b.test/{id}/{other}").path == "/{id}/{other}"


def test_the_query_of_the_uri_comes_first_then_the_clients_then_what_is_mapped() -> None:
    line = mapping("querystring.m", literal("v"))
    outcome = mapped("/a/1/x?testVar=bar", line, uri="http://b.test/up?testVar=foobar")
    assert outcome.path == "/up?testVar=foobar&testVar=bar&m=v"


def test_a_mapped_query_parameter_joins_one_of_the_same_name() -> None:
    assert mapped("/a/1/x?q=1", mapping("querystring.q", literal("2"))).path == "/up?q=1&q=2"


def test_a_clients_query_is_handed_on_as_its_bytes_are() -> None:
    assert mapped("/a/1/x?b=%20+&a&&c==;d").path == "/up?b=%20+&a&&c==;d"


def test_an_empty_query_adds_nothing() -> None:
    assert mapped("/a/1/x?").path == "/up"
    assert mapped("/a/1/x?", mapping("querystring.q", of_request("querystring.none"))).path == "/up"


def test_the_last_value_of_a_query_parameter_counts() -> None:
    assert header_from(of_request("querystring.q"), path="/a/1/x?q=1&p=9&q=2") == "2"


def test_all_values_of_a_query_parameter_become_several_parameters() -> None:
    line = mapping("querystring.all", of_request("multivaluequerystring.q"))
    assert mapped("/a/1/x?q=1&q=a%26b", line).path == "/up?q=1&q=a%26b&all=1&all=a%26b"


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("q=a+b", "a b"),
        ("q=a%2Bb", "a+b"),
        ("q=%41", "A"),
        ("%71=x", "x"),
        ("p=1;q=2", "2"),
        ("q", ""),
        ("q=", ""),
        ("q=a=b", "a=b"),
        ("q=%zz", "%zz"),
        ("Q=1", None),
        ("", None),
        ("qq=1", None),
    ],
)
def test_a_query_value_is_decoded(query: str, value: str | None) -> None:
    assert header_from(of_request("querystring.q"), path=f"/a/1/x?{query}") == value


def test_a_query_value_in_a_query_is_encoded_again() -> None:
    line = mapping("querystring.m", of_request("querystring.q"))
    assert mapped("/a/1/x?q=a%26x%3D1+%C3%BC", line).path.endswith("&m=a%26x%3D1%20%C3%BC")


@pytest.mark.parametrize("value", ["?x=1", "#f", "a/b", "@evil", "a%2Fb", ";x", "//evil.test"])
def test_a_header_in_the_path_can_add_no_segment_no_query_and_no_host(value: str) -> None:
    line = mapping("path.id", of_request("header.X-Id"))
    path = mapped("/a/1/x", line, uri="http://b.test/{id}/end", headers=[("x-id", value)]).path
    assert re.fullmatch(r"/[A-Za-z0-9._~%-]+/end", path)
    assert "/../" not in path


@pytest.mark.parametrize("value", [".", "..", "../admin", "a/../b", "..;x", "\\", "\xc0\xae"])
def test_a_header_or_query_value_with_a_form_that_no_path_may_have_is_refused(value: str) -> None:
    line = mapping("path.id", of_request("header.X-Id"))
    served = api(method("GET", "/a", http_proxy("http://b.test/{id}/end", line)))
    envoy = SimulatedEnvoy(compiled(gateway(served)))
    assert envoy.request("GET", "/dev/a", [("x-id", value)]).verdict == "400 mapped_dot_segment"


def test_a_mapped_header_replaces_the_clients() -> None:
    line = mapping("header.X-Out", of_request("path.id"))
    outcome = mapped("/a/7/x", line, headers=[("x-out", "forged"), ("x-out", "twice")])
    assert outcome.header("x-out") == "7"


def test_a_mapping_from_an_absent_source_is_left_out() -> None:
    for source in (
        "header.X-None",
        "multivalueheader.X-None",
        "querystring.none",
        "multivaluequerystring.none",
    ):
        line = mapping("header.X-Out", of_request(source))
        assert mapped("/a/1/x", line).header("x-out") is None
        assert mapped("/a/1/x", mapping("querystring.m", of_request(source))).path == "/up"


@pytest.mark.parametrize(
    "source", ["header.X-None", "querystring.none", "multivaluequerystring.none", "path.none"]
)
def test_a_path_value_that_is_absent_stays_as_it_is_written(source: str) -> None:
    line = mapping("path.x", of_request(source))
    assert mapped("/a/1/x", line, uri="http://b.test/{x}/{y}?q={x}").path == "/{x}/{y}?q={x}"


def test_the_last_value_of_a_header_counts_and_all_are_joined() -> None:
    headers = [("x-in", "1"), ("x-in", "2, 3")]
    assert header_from(of_request("header.X-In"), headers=headers) == "2, 3"
    assert header_from(of_request("multivalueheader.x-in"), headers=headers) == "1,2, 3"


def test_all_values_of_a_query_parameter_in_a_header_are_joined() -> None:
    assert header_from(of_request("multivaluequerystring.q"), path="/a/1/x?q=1&q=2%2C3") == "1,2,3"


def test_mappings_read_what_the_client_sent_and_not_each_other() -> None:
    swap = (
        mapping("header.X-A", of_request("header.X-B")),
        mapping("header.X-B", of_request("header.X-A")),
    )
    outcome = mapped("/a/1/x", *swap, headers=[("x-a", "1"), ("x-b", "2")])
    assert (outcome.header("x-a"), outcome.header("x-b")) == ("2", "1")


@pytest.mark.parametrize("value", ["%0d%0aX-Forged:1", "a%00b", "%0a", "%7f", "%1b"])
def test_a_decoded_query_value_cannot_write_header_lines(value: str) -> None:
    line = mapping("header.X-Out", of_request("querystring.q"))
    envoy = SimulatedEnvoy(compiled(gateway(api(method("GET", "/a", http_proxy("http://b.test/", line))))))
    outcome = envoy.request("GET", f"/dev/a?q={value}")
    assert outcome.verdict == "400 mapped_header_bytes"
    assert outcome.header("x-out") is None


def test_the_host_that_the_client_named_can_be_mapped() -> None:
    assert header_from(of_request("header.Host"), host="orders.localhost:8080") == "orders.localhost:8080"


# Header cleaning takes the others away before the script (tests/end_to_end/test_responses.py).
@pytest.mark.parametrize("value", ["tenant-1.example.com", "a_b:8080", "[2001:db8::1]:80", "A.Z", "0.9", "z"])
def test_a_host_from_a_header_is_the_host_that_the_backend_sees(value: str) -> None:
    line = mapping("header.Host", of_request("header.X-Tenant"))
    assert mapped("/a/1/x", line, headers=[("x-tenant", value)]).header(":authority") == value


@pytest.mark.parametrize(
    "value",
    [
        "a/b",
        "a b",
        "a@b",
        "a,b",
        "a?b",
        "a#b",
        "a\\b",
        "a%2e",
        "\xfc",
        "a`",
        "a{",
        "a^",
        "x" * 256,
        "a:x",
        "a:",
        "a:80:80",
        "a..",
        ".a",
        "a..b",
        "[a",
        "a]",
        "[::1",
        "[::1]x",
        ":80",
        "~a",
    ],
)
def test_a_text_that_is_no_host_is_refused_as_one(value: str) -> None:
    line = mapping("header.Host", of_request("header.X-Tenant"))
    envoy = SimulatedEnvoy(compiled(gateway(api(method("GET", "/a", http_proxy("http://b.test/", line))))))
    assert envoy.request("GET", "/dev/a", [("x-tenant", value)]).verdict == "400 mapped_header_bytes"


@pytest.mark.parametrize("headers", [[], [("x-tenant", "")]])
def test_without_a_mapped_host_the_backend_sees_the_integrations(headers: Headers) -> None:
    line = mapping("header.Host", of_request("header.X-Tenant"))
    assert (
        mapped("/a/1/x", line, uri="http://b.test:81/", headers=headers).header(":authority") == "b.test:81"
    )


@pytest.mark.parametrize("name", ["Connection", "Content-Length", "Transfer-Encoding"])
def test_dropped_headers_never_reach_a_mapping(name: str) -> None:
    assert header_from(of_request(f"header.{name}"), headers=[(name.lower(), "5")]) is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("requestId", REQUEST_ID),
        ("extendedRequestId", REQUEST_ID[:15] + "="),
        ("identity.sourceIp", "203.0.113.9"),
        ("identity.userAgent", "curl/8"),
        ("requestTimeEpoch", "1760000000123"),
        ("path", "/dev/a/1/x"),
        ("httpMethod", "GET"),
        ("protocol", "HTTP/1.1"),
        ("domainName", "orders.localhost"),
        ("domainPrefix", "orders"),
    ],
)
def test_context_variables_of_a_request(variable: str, value: str) -> None:
    found = header_from(
        ContextSource(variable),
        host="orders.localhost:8080",
        remote_address="203.0.113.9:4711",
        headers=[("user-agent", "curl/8")],
    )
    assert found == value


def test_the_source_address_of_an_ipv6_client_has_no_brackets() -> None:
    assert header_from(ContextSource("identity.sourceIp"), remote_address="[2001:db8::1]:80") == "2001:db8::1"


def test_the_time_of_a_request_is_written_as_logs_write_it() -> None:
    value = header_from(ContextSource("requestTime"))
    assert value is not None
    assert re.fullmatch(r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} \+0000", value)


def test_a_trace_id_is_made_when_the_client_has_none_and_each_is_another() -> None:
    served = api(
        method(
            "GET", "/a", http_proxy("http://b.test/", mapping("header.X-Out", ContextSource("xrayTraceId")))
        )
    )
    envoy = SimulatedEnvoy(compiled(gateway(served)))
    seen = set()
    for _ in range(100):
        outcome = envoy.request("GET", "/dev/a")
        value = outcome.header("x-amzn-trace-id") or ""
        assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", value)
        assert outcome.header("x-out") == value
        seen.add(value)
    assert len(seen) == 100


def test_a_clients_trace_id_is_kept_and_a_missing_parent_added() -> None:
    whole = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    assert mapped("/a/1/x", headers=[("x-amzn-trace-id", whole)]).header("x-amzn-trace-id") == whole
    root = "Root=1-5759e988-bd862e3fe1be46a994272793"
    value = mapped("/a/1/x", headers=[("x-amzn-trace-id", root)]).header("x-amzn-trace-id") or ""
    assert re.fullmatch(re.escape(root) + ";Parent=[0-9a-f]{16};Sampled=0", value)
    made = mapped("/a/1/x", headers=[("x-amzn-trace-id", "x" * 600)]).header("x-amzn-trace-id") or ""
    assert made.startswith("Root=1-")
    assert "xxx" not in made


def test_the_backend_gets_the_integrations_verb_or_the_clients() -> None:
    assert mapped("/a/1/x", sent="POST").header(":method") == "POST"
    assert mapped("/a/1/x", sent="POST", verb="PUT").header(":method") == "PUT"
    assert mapped("/a/1/x", sent="GET", verb="GET").header(":method") == "GET"


def test_a_head_stays_one_whatever_the_integration_says() -> None:
    assert mapped("/a/1/x", sent="HEAD", verb="GET").header(":method") == "HEAD"


def test_a_static_resource_without_mappings_gets_the_uris_path() -> None:
    assert mapped("/a", template="/a", uri="http://b.test/up?x=1").path == "/up?x=1"
    assert mapped("/a?y=2", template="/a", uri="http://b.test/up?x=1").path == "/up?x=1&y=2"
    assert mapped("/a/", template="/a", uri="http://b.test").path == "/"


def test_stage_variables_and_fixed_values_stand_in_the_path_and_query() -> None:
    lines = (
        mapping("path.id", StageVariableSource("tenant")),
        mapping("querystring.api", ContextSource("apiId")),
        mapping("querystring.none", StageVariableSource("none")),
        mapping("querystring.l", literal("a b&c")),
    )
    assert mapped("/a/1/x", *lines, uri="http://b.test/{id}").path == "/acme?api=a1b2c3&l=a%20b%26c"
