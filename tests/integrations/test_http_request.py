"""`http`: what a backend gets (api-gateway.md sections 5, 5.1 and 9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateline.integrations.http_request import http_request
from gateline.integrations.outgoing import HttpRequest, Refusal
from gateline.integrations.parameters import Parameters, PathValue
from gateline.model.integration import Integration
from integrations.hosted import integration, request
from integrations.samples import CALL


def made(
    of: Integration, parameters: Parameters | None = None, *, verb: str = "POST", payload: bytes = b"body"
) -> HttpRequest:
    return http_request(of, request(of, call=replace(CALL, verb=verb)), parameters or Parameters(), payload)


def test_nothing_of_the_clients_is_sent_but_what_is_mapped() -> None:
    made_request = made(integration())
    assert made_request.target == "/base"
    assert made_request.authority == "backend.example"
    assert made_request.body == b"body"
    assert dict(made_request.headers) == {
        "User-Agent": "AmazonAPIGateway_1234567890",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-Amzn-Trace-Id": CALL.trace_id,
        "x-amzn-apigateway-api-id": "1234567890",
    }


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("http://h", "/"),
        ("https://h:8443/a/b", "/a/b"),
        ("http://h?x=1", "/?x=1"),
        ("http://h/a?x=1#part", "/a?x=1"),
        ("http://h/{id}/x", "/7/x"),
    ],
)
def test_path_and_query_are_the_uris(uri: str, target: str) -> None:
    parameters = Parameters(path={"id": PathValue("7")})
    assert made(integration(uri=uri), parameters).target == target


@pytest.mark.parametrize(
    ("uri", "query", "target"),
    [
        ("http://h/a", {"b": ["1"]}, "/a?b=1"),
        ("http://h/a?b=0", {"b": ["1", "2"]}, "/a?b=0&b=1&b=2"),
        ("http://h/a", {"b c": ["x&y"]}, "/a?b%20c=x%26y"),
    ],
)
def test_the_uris_own_query_comes_first(uri: str, query: dict[str, list[str]], target: str) -> None:
    assert made(integration(uri=uri), Parameters(query=query)).target == target


@pytest.mark.parametrize(
    ("configured", "verb", "sent"),
    [("ANY", "PUT", "PUT"), ("POST", "GET", "POST"), ("GET", "POST", "GET")],
)
def test_any_is_the_clients_verb(configured: str, verb: str, sent: str) -> None:
    assert made(integration(verb=configured), verb=verb).verb == sent


@pytest.mark.parametrize("verb", ["GET", "HEAD", "OPTIONS"])
def test_verbs_without_bodies_send_none(verb: str) -> None:
    assert made(integration(verb=verb)).body == b""


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
def test_verbs_with_bodies_send_theirs(verb: str) -> None:
    assert made(integration(verb=verb)).body == b"body"


def test_a_mapped_host_is_the_authority_and_no_header() -> None:
    made_request = made(integration(), Parameters(headers={"host": ("Host", "other.example:81")}))
    assert made_request.authority == "other.example:81"
    assert "host" not in {name.lower() for name, _ in made_request.headers}


def test_an_empty_mapped_host_is_the_integrations_own() -> None:
    assert made(integration(), Parameters(headers={"host": ("Host", "")})).authority == "backend.example"


@pytest.mark.parametrize("host", ["a b", "a/../b", "user@evil", "a\r\nX: y"])
def test_a_mapped_host_that_is_none_is_400(host: str) -> None:
    with pytest.raises(Refusal) as refused:
        made(integration(), Parameters(headers={"host": ("Host", host)}))
    assert refused.value.message == "Bad Request"


def test_via_is_dropped_even_if_mapped() -> None:
    made_request = made(integration(), Parameters(headers={"via": ("Via", "1.1 x")}))
    assert "Via" not in dict(made_request.headers)


@pytest.mark.parametrize("value", ["http://evil/", "//evil", "@evil", "evil:80"])
def test_a_path_parameter_never_chooses_the_host(value: str) -> None:
    parameters = Parameters(path={"p": PathValue(value)})
    made_request = made(integration(uri="http://backend.example/{p}"), parameters)
    assert made_request.authority == "backend.example"
    assert made_request.target.startswith("/")
    assert not made_request.target.startswith("//")
