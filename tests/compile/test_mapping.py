"""Which mappings are native and which the script's: what it does with its own is in tests/dataplane/test_mapping.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compile.gateways import ORIGIN, api, gateway, http_proxy, literal, mapping, method, of_request
from gateline.compile.mapping import (
    HeaderFormat,
    Mapped,
    NotMappable,
    StageContext,
    illegal_header,
    map_parameters,
    mapped_bodies,
    resource_id,
)
from gateline.model.integration import (
    BodySource,
    ContextSource,
    IntegrationKind,
    LiteralSource,
    ParameterMapping,
    StageVariableSource,
)
from gateline.model.rest_api import Stage
from gateline.model.secret import SecretRef


def mapped(*mappings: ParameterMapping, target: str = "/up", template: str = "/a/{id}/{rest+}") -> Mapped:
    """The mappings of one method, divided."""
    stage = Stage(name="dev", variables=(("tenant", "acme"),), origin=ORIGIN)
    served = method("GET", template, http_proxy("http://b.test/", *mappings))
    project = gateway(api(served, api_id="a1b2c3", stages=(stage,)), account_id="000000000001")
    context = StageContext(edge=project.edge, api=project.apis[0], stage=stage, method=served)
    return map_parameters(target, context)


def test_what_is_known_beforehand_is_native() -> None:
    found = mapped(
        mapping("header.X-Literal", literal("100%")),
        mapping("header.X-Variable", StageVariableSource("tenant")),
        mapping("header.X-Api", ContextSource("apiId")),
        mapping("header.X-Account", ContextSource("accountId")),
        mapping("header.X-Stage", ContextSource("stage")),
        mapping("header.X-Path", ContextSource("resourcePath")),
    )
    assert found.headers == ()
    assert found.formats == (
        HeaderFormat(name="x-literal", value="100%%", parts=("100%",)),
        HeaderFormat(name="x-variable", value="acme", parts=("acme",)),
        HeaderFormat(name="x-api", value="a1b2c3", parts=("a1b2c3",)),
        HeaderFormat(name="x-account", value="000000000001", parts=("000000000001",)),
        HeaderFormat(name="x-stage", value="dev", parts=("dev",)),
        HeaderFormat(name="x-path", value="/a/{id}/{rest+}", parts=("/a/{id}/{rest+}",)),
    )


def test_what_depends_on_the_request_is_the_scripts() -> None:
    found = mapped(
        mapping("header.X-Id", of_request("path.id")),
        mapping("header.X-Rest", of_request("path.rest")),
        mapping("header.X-In", of_request("header.X-In")),
        mapping("header.X-All", of_request("multivalueheader.X-In")),
        mapping("header.X-Query", of_request("querystring.Q")),
        mapping("header.X-Ip", ContextSource("identity.sourceIp")),
    )
    assert found.formats == ()
    assert found.headers == (
        ("x-id", ("segment", 2)),
        ("x-rest", ("greedy", 3)),
        ("x-in", ("header", "x-in")),
        ("x-all", ("headers", "x-in")),
        ("x-query", ("query", "Q")),
        ("x-ip", ("context", "identity.sourceIp")),
    )


def test_a_secret_is_named_and_its_value_never_known() -> None:
    found = mapped(mapping("header.X-S", LiteralSource(("a%", SecretRef("one"), "b", SecretRef("two")))))
    [form] = found.formats
    assert form.value == "a%%%SECRET(secret/one)%b%SECRET(secret/two)%"
    assert form.secrets == ("one", "two")


def test_a_secret_anywhere_but_in_a_header_cannot_be_mapped() -> None:
    for place in ("querystring.q", "path.id"):
        with pytest.raises(NotMappable):
            mapped(mapping(place, LiteralSource((SecretRef("one"),))), target="/{id}")


def test_what_is_read_from_the_body_is_numbered_as_the_host_is_asked_for_it() -> None:
    lines = (
        mapping("header.X", BodySource("x")),
        mapping("querystring.whole", BodySource("")),
        mapping("path.id", BodySource("x")),
    )
    found = mapped(*lines, target="/{id}")
    assert (found.headers, found.query) == ((("x", ("body", 1)),), (("whole", ("body", 2)),))
    assert found.path == (("literal", "/"), ("absent", "{id}"), ("body", 1))
    assert mapped_bodies(method("GET", "/a", http_proxy("http://b.test/", *lines))) == ("x", "")


def test_an_absent_fixed_source_is_left_out() -> None:
    found = mapped(
        mapping("header.X-None", StageVariableSource("none")),
        mapping("header.X-Unknown", ContextSource("identity.user")),
        mapping("querystring.q", StageVariableSource("none")),
        mapping("header.X-No-Parameter", of_request("path.none")),
    )
    assert (found.headers, found.query) == ((), ())
    # What the gateway would say and cannot, the client does not say either: the headers are taken away.
    assert [(form.name, form.value) for form in found.formats] == [("x-none", ""), ("x-unknown", "")]


def test_a_parameter_of_the_gateways_own_that_has_no_value_takes_the_clients_away() -> None:
    found = mapped(mapping("querystring.q", ContextSource("identity.user")))
    assert found.query == (("q", ("unknown", "")),)


@pytest.mark.parametrize("name", ["Via", "TE", "Expect", "Proxy-Authenticate", "Connection"])
def test_headers_that_reach_no_backend_are_dropped_even_if_mapped(name: str) -> None:
    found = mapped(mapping(f"header.{name}", literal("x")), mapping(f"header.{name}", of_request("header.X")))
    assert (found.formats, found.headers) == ((), ())


@pytest.mark.parametrize(
    "name", ["Content-Length", "transfer-encoding", "X-Amzn-Trace-Id", "X-AMZN-APIGATEWAY-API-ID"]
)
def test_headers_that_no_mapping_may_set_are_named(name: str) -> None:
    assert illegal_header(http_proxy("", mapping(f"header.{name}", literal("x")))) == name
    assert illegal_header(http_proxy("", mapping("header.X", literal("x")))) == ""


@pytest.mark.parametrize("name", ["Authorization", "Connection", "Expect", "Proxy-Authenticate", "TE"])
def test_amazons_own_services_may_get_fewer_headers(name: str) -> None:
    proxy = http_proxy("", mapping(f"header.{name}", literal("x")))
    assert illegal_header(proxy) == ""
    assert illegal_header(replace(proxy, kind=IntegrationKind.AWS_PROXY)) == name


def test_a_mapped_host_is_the_scripts_authority() -> None:
    for source in (literal("t.test"), of_request("header.Host"), StageVariableSource("tenant")):
        found = mapped(mapping("header.Host", source))
        assert found.host_mapped
        assert found.formats == ()
        assert [name for name, _ in found.headers] == [":authority"]


def test_a_path_template_is_literals_and_sources_in_order() -> None:
    found = mapped(
        mapping("path.id", of_request("path.id")),
        mapping("path.v", StageVariableSource("tenant")),
        mapping("path.unused", literal("x")),
        target="/a/{id}.json/{other}/{v}{id}?q={id}",
    )
    assert found.path == (
        ("literal", "/a/"),
        ("segment", 2),
        ("literal", ".json/{other}/"),
        ("literal", "acme"),
        ("segment", 2),
        ("literal", "?q="),
        ("segment", 2),
    )


def test_a_path_value_that_may_be_absent_is_told_as_it_is_written() -> None:
    found = mapped(
        mapping("path.h", of_request("header.X")),
        mapping("path.none", of_request("path.none")),
        target="/{h}/{none}",
    )
    assert found.path == (
        ("literal", "/"),
        ("absent", "{h}"),
        ("header", "x"),
        ("literal", "/"),
        ("literal", "{none}"),
    )


def test_mapped_names_are_told_for_content_encoding() -> None:
    assert mapped(mapping("header.Content-Encoding", literal("gzip"))).set_headers == {"content-encoding"}


def test_a_resource_id_is_stable_and_looks_like_amazons() -> None:
    assert resource_id("a1b2c3", "/a") == resource_id("a1b2c3", "/a")
    assert resource_id("a1b2c3", "/a") != resource_id("a1b2c3", "/b")
    assert len(resource_id("x", "/")) == 6
    assert resource_id("x", "/").isalnum()
