"""Only the gateway reaches services behind the guard, and they know for whom: FastAPI, Flask and Node."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from compile.gateways import api, gateway
from end_to_end.assertions.conftest import ANN, NODE, Guarded, sent
from gateline.authority.assertion import Claims, Signer, make_key
from gateline.model.assertion import AssertionKey
from gateline.model.secret import Secret
from gateline.runtime.assertion_keys import signing
from gateline.runtime.state_dir import StateDir

HEADER = b"X-Gateline-Assertion: "
GOLD = {"tier": "gold", "count": "3"}
SERVICES = [
    "asgi", "wsgi",
    pytest.param("node", marks=pytest.mark.skipif(NODE is None, reason="node is not installed")),
]  # fmt: skip

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("assertions")]


def signer(guarded: Guarded) -> Signer:
    """The gateway's own key: what no attacker has."""
    wanted = replace(gateway(api()), jwks_path="/.well-known/jwks.json")
    key, _ = signing(
        wanted, StateDir(path=guarded.gateway.state, sockets=guarded.gateway.state), datetime.now(UTC)
    )
    assert key is not None
    return Signer(key)


def claims(audience: str = "orders") -> Claims:
    return Claims(issuer="gateline:shop", audience=audience, principal="eve", scope="shop/live", context={})


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_knows_the_caller_and_what_the_authorizer_said(guarded: Guarded, service: str) -> None:
    told = guarded.told(b"GET", f"/live/guarded/{service}/a", ANN)
    assert (told["principal"], told["scope"], told["context"]) == ("ann", "shop/live", GOLD)
    told = guarded.told(b"GET", f"/live/open/{service}/a")
    assert (told["principal"], told["context"]) == ("", {})


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_else_reaches_a_service(guarded: Guarded, service: str) -> None:
    port = guarded.told(b"GET", f"/live/open/{service}/a")["port"]
    now, key = time.time(), signer(guarded)
    good = key.sign(claims(), now)
    foreign = Signer(AssertionKey(kid="other", private_key=Secret("k", make_key()))).sign(claims(), now)
    head, _, signature = good.rpartition(".")
    bad = [
        foreign,
        f"{head}.{signature[::-1]}",
        key.sign(claims(), now - 120),
        key.sign(claims("billing"), now),
        "",
        "nonsense",
    ]
    assert sent(port, b"GET", "/a").status == 401
    assert [sent(port, b"GET", "/a", HEADER + token.encode()).status for token in bad] == [401] * len(bad)
    assert sent(port, b"GET", "/a", HEADER + good.encode(), HEADER + good.encode()).status in {400, 401}
    assert sent(port, b"GET", "/a", HEADER + good.encode()).status == 200  # so it was the tokens


@pytest.mark.parametrize("stage", ["live", "bound"])
@pytest.mark.parametrize("service", ["asgi", "wsgi"])
def test_what_a_client_sends_under_the_name_never_arrives(guarded: Guarded, service: str, stage: str) -> None:
    key = signer(guarded)
    forged = key.sign(claims(), time.time()).encode()  # even a good one
    names = [
        b"X-Gateline-Assertion",
        b"x-gateline-assertion",
        b"x.gateline.assertion",
        b"x_gateline_assertion",
        b"x~gateline-assertion",
    ]
    lines = [name + b": " + forged for name in names]
    told = guarded.told(b"GET", f"/{stage}/guarded/{service}/a", ANN, *lines)
    assert told["principal"] == "ann"
    (copy,) = told["copies"]
    assert copy.encode() != forged


@pytest.mark.parametrize("stage", ["live", "bound"])
def test_a_client_cannot_have_it_taken_away(guarded: Guarded, stage: str) -> None:
    for nominated in (
        b"Connection: close, X-Gateline-Assertion",
        b"Connection: Upgrade, x-gateline-assertion",
    ):
        told = guarded.told(b"GET", f"/{stage}/guarded/asgi/a", ANN, nominated, b"Upgrade: websocket")
        assert told["principal"] == "ann"


def test_a_host_that_a_uri_names_gets_neither_ours_nor_a_clients(guarded: Guarded) -> None:
    guarded.public.clear()
    assert guarded.send(b"GET", "/live/public", HEADER + b"forged").status == 200
    (received,) = guarded.public.received()
    assert [name for name, _ in received.headers if b"assertion" in name.lower()] == []


@pytest.mark.parametrize("service", ["asgi", "wsgi"])
@pytest.mark.parametrize("body", [b"", b"hello", b"x" * 300_000])
def test_a_bound_assertion_lets_its_request_in_with_its_body(
    guarded: Guarded, service: str, body: bytes
) -> None:
    told = guarded.told(b"POST", f"/bound/guarded/{service}/a/b?x=1&y=%2F", ANN, body=body)
    assert (told["principal"], told["body"]) == ("ann", hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("service", ["asgi", "wsgi"])
def test_a_bound_assertion_lets_nothing_else_in_and_not_twice(guarded: Guarded, service: str) -> None:
    told = guarded.told(b"POST", f"/bound/open/{service}/a?x=1", body=b"hello")
    port, proof = told["port"], HEADER + told["copies"][0].encode()
    path = f"/request/{service}/a?x=1"
    for verb, where, body in [
        (b"POST", path, b"hello"),  # it was used before
        (b"PUT", path, b"hello"),
        (b"POST", f"/request/{service}/a?x=2", b"hello"),
        (b"POST", path, b"hallo"),
    ]:
        assert sent(port, verb, where, proof, body=body).status == 401
    unbound = HEADER + signer(guarded).sign(claims(), time.time()).encode()
    assert sent(port, b"POST", path, unbound, body=b"hello").status == 401


@pytest.mark.parametrize("stage", ["live", "bound"])
@pytest.mark.parametrize("service", ["asgi", "wsgi"])
def test_a_request_that_the_host_makes_carries_one_too(guarded: Guarded, service: str, stage: str) -> None:
    told = guarded.told(
        b"POST", f"/{stage}/hosted/{service}", ANN, b"Content-Type: application/json", body=b"[1]"
    )
    assert (told["principal"], told["context"], told["verb"]) == ("ann", GOLD, "PUT")
    assert told["body"] == hashlib.sha256(b'{"wrapped": [1]}').hexdigest()


def test_only_the_first_request_of_a_caller_costs_a_visit_to_the_host(guarded: Guarded) -> None:
    carol = b"Authorization: good carol"
    guarded.told(b"GET", "/live/guarded/asgi/a", carol)
    guarded.told(b"GET", "/live/open/asgi/a")
    before = guarded.visits()
    for _ in range(20):
        guarded.told(b"GET", "/live/guarded/asgi/a", carol)
        guarded.told(b"GET", "/live/open/wsgi/a")
    assert guarded.visits() == before
    for _ in range(3):
        guarded.told(b"GET", "/bound/open/asgi/a")
    assert guarded.visits() == before + 3


def test_the_public_keys_are_shown_to_everybody_and_nothing_else_is(guarded: Guarded) -> None:
    answer = guarded.send(b"GET", "/.well-known/jwks.json")
    assert answer.status == 200
    assert answer.one(b"cache-control") == b"public, max-age=300"
    assert answer.one(b"content-type") == b"application/jwk-set+json"
    (key,) = json.loads(answer.body)["keys"]
    assert sorted(key) == ["alg", "e", "kid", "kty", "n", "use"]
    assert guarded.send(b"POST", "/.well-known/jwks.json").status == 403
    assert guarded.send(b"GET", "/.well-known/jwks.json/more").status == 403


def test_no_private_key_is_in_any_output(guarded: Guarded) -> None:
    wanted = replace(gateway(api()), jwks_path="/.well-known/jwks.json")
    key, _ = signing(
        wanted, StateDir(path=guarded.gateway.state, sockets=guarded.gateway.state), datetime.now(UTC)
    )
    assert key is not None
    line = key.private_key.reveal().splitlines()[5]
    assert len(line) > 60
    state = guarded.gateway.state
    kept = [path.name for path in state.rglob("*") if path.is_file() and line in path.read_bytes()]
    assert (kept, line.decode() in guarded.gateway.output.text) == ([], False)
