"""What a guard lets through and what not, without a server."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline_guard import Guard, Proof, Refused, watched_file
from guard import tokens

SECRET = "x-gateway-secret"
ASSERTION = "x-gateline-assertion"


def refusal(guard: Guard, headers: list[tuple[Any, Any]], path: str = "/", body: bytes = b"") -> Refused:
    with pytest.raises(Refused) as caught:
        guard.check("GET", path, headers, body)
    return caught.value


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    return tokens.jwks_file(tmp_path)


@pytest.fixture
def asserted(jwks: Path) -> Guard:
    return Guard(jwks_file=jwks, audience="orders", issuer="gateline:shop")


@pytest.fixture
def bound(jwks: Path) -> Guard:
    return Guard(jwks_file=jwks, audience="orders", bind="request")


@pytest.fixture
def always_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "STAT_EVERY", 0.0)


def test_the_secret_alone_proves_no_identity() -> None:
    assert Guard(secret="s3").check("GET", "/", [(SECRET, "s3")]) == Proof(by="secret")


def test_wrong_missing_and_doubled_secrets_are_refused_alike() -> None:
    guard = Guard(secret="s3")
    cases: list[list[tuple[Any, Any]]] = [
        [],
        [(SECRET, "")],
        [(SECRET, "s")],
        [(SECRET, "s3, s3")],
        [(SECRET, "s3,s3")],
        [(SECRET, "s3"), (SECRET, "s3")],
        [(SECRET, "s3"), ("X-Gateway-Secret", "s3")],
        [("x_gateway_secret", "s3")],
        [("x.gateway.secret", "s3")],
        [(SECRET, "s3"), ("x_gateway_secret", "other")],
        [(SECRET, "s3\u20ac")],
    ]
    assert {refusal(guard, headers).status for headers in cases} == {401}


def test_the_text_before_the_secret_belongs_to_it() -> None:
    guard = Guard(secret="s3", header="Authorization", prefix="Bearer ")
    assert guard.check(b"GET", b"/", [(b"authorization", b"Bearer s3")]).by == "secret"
    assert refusal(guard, [("authorization", "s3")]).status == 401


@pytest.mark.usefixtures("always_looked_at")
def test_a_rotation_passes_through_the_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old\n")
    guard = Guard(secret_file=path)
    for content, good, bad in [("new\nold\n", ("new", "old"), "x"), ("new\n", ("new",), "old")]:
        (tmp_path / "next").write_text(content)
        (tmp_path / "next").replace(path)
        for value in good:
            guard.check("GET", "/", [(SECRET, value)])
        refusal(guard, [(SECRET, bad)])


@pytest.mark.usefixtures("always_looked_at")
def test_an_emptied_and_a_missing_file_take_away_what_they_allowed(tmp_path: Path, jwks: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("s3\n")
    keys = jwks.read_text()
    by_secret, by_key = Guard(secret_file=path), Guard(jwks_file=jwks, audience="orders")
    token = tokens.signed(tokens.claims())
    for content in ("", " \n", None):
        for file in (path, jwks):
            if content is None:
                file.unlink()
            else:
                file.write_text(content)
        refusal(by_secret, [(SECRET, "s3")])
        refusal(by_secret, [(SECRET, "")])
        refusal(by_key, [(ASSERTION, token)])
        path.write_text("s3\n")
        jwks.write_text(keys)
        assert by_secret.check("GET", "/", [(SECRET, "s3")]).by == "secret"
        assert by_key.check("GET", "/", [(ASSERTION, token)]).by == "assertion"


@pytest.mark.usefixtures("always_looked_at")
def test_a_slow_thread_does_not_bring_back_what_a_file_said_before(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one")
    parsing, go_on = threading.Event(), threading.Event()

    def parse(content: bytes) -> bytes:
        if content == b"two":
            parsing.set()
            assert go_on.wait(30)
        return content

    watched = watched_file.WatchedFile(path, parse, nothing=b"")
    path.write_text("two")
    slow = threading.Thread(target=watched.value)
    slow.start()
    assert parsing.wait(30)
    path.write_text("three")
    assert watched.value() == b"three"
    go_on.set()
    slow.join()
    assert watched.value() == b"three"


def test_a_file_with_its_time_put_back_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old\n")
    before = path.stat()
    guard = Guard(secret_file=path)
    path.write_text("new\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    deadline = time.monotonic() + 30
    while guard.probe("GET", "/.well-known/gateline-guard", [(SECRET, "new")]) != 204:
        assert time.monotonic() < deadline
    refusal(guard, [(SECRET, "old")])


def test_a_body_that_comes_late_does_not_revive_an_assertion(jwks: Path) -> None:
    now = [time.time()]
    guard = Guard(jwks_file=jwks, audience="orders", bind="request", clock=lambda: now[0])
    bound_to = [tokens.signed(tokens.claims(req=tokens.request("GET", "/"))) for _ in range(2)]
    headers = [[(ASSERTION, token)] for token in bound_to]
    held_back = guard.begin("GET", "/", headers[0])
    guard.check("GET", "/", headers[0])
    now[0] += 70
    later = tokens.claims(req=tokens.request("GET", "/"), iat=int(now[0]), exp=int(now[0]) + 60)
    guard.check("GET", "/", [(ASSERTION, tokens.signed(later))])  # whose taking forgets the first
    with pytest.raises(Refused):
        guard.finish(held_back, b"")


def test_the_environment_gives_two_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S", "new")
    monkeypatch.setenv("S_PREVIOUS", "old")
    guard = Guard(secret_environment="S")
    assert guard.check("GET", "/", [(SECRET, "new")]) == guard.check("GET", "/", [(SECRET, "old")])
    monkeypatch.setenv("S", os.fsdecode(b"\xff\xfe"))
    assert Guard(secret_environment="S").check("GET", "/", [(SECRET, b"\xff\xfe")]).by == "secret"
    monkeypatch.delenv("S")
    with pytest.raises(ValueError, match="no S"):
        Guard(secret_environment="S")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"secret": ""},
        {"secret": []},
        {"secret": "a", "secret_environment": "PATH"},
        {"secret": "a", "require": "both"},
        {"secret": "a", "require": "any"},
        {"secret": "a", "require": "nothing"},
        {"secret": "a", "bind": "body"},
        {"secret": "a", "audience": "orders"},
        {"secret": "a", "header": "x_gateway_secret"},
    ],
)
def test_settings_that_do_not_fit_are_refused_at_the_start(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Guard(**settings)


def test_an_assertion_says_who_calls(asserted: Guard) -> None:
    said = tokens.claims()
    proof = asserted.check("GET", "/", [(ASSERTION, tokens.signed(said))])
    assert (proof.by, proof.principal, proof.scope, proof.context) == (
        "assertion",
        "alice",
        "shop/live",
        {"tier": "gold"},
    )
    assert tokens.signed(said) not in repr(proof)


NOW = int(time.time())


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "billing"},
        {"aud": ["orders"]},
        {"iss": "gateline:other"},
        {"exp": NOW + 100_000},
        {"iat": NOW - 100, "exp": NOW - 50},
        {"iat": NOW + 100_000, "exp": NOW + 100_060},
        {"iat": NOW + 60, "exp": NOW},
        {"iat": True},
        {"exp": float(NOW + 30)},
        {"exp": "soon"},
        {"sub": 7},
        {"ctx": {"a": 1}},
        {"ctx": []},
        {"jti": ""},
        *({name: None} for name in ("iss", "aud", "sub", "scope", "ctx", "iat", "exp", "jti")),
    ],
)
def test_claims_that_are_amiss_are_refused(asserted: Guard, changes: dict[str, Any]) -> None:
    assert refusal(asserted, [(ASSERTION, tokens.signed(tokens.claims(**changes)))]).status == 401


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS256"}, {"typ": "JWT"}, {"crit": ["b64"]}, {"jku": "x"}]
)
def test_headers_of_other_tokens_are_refused(asserted: Guard, header: dict[str, Any]) -> None:
    refusal(asserted, [(ASSERTION, tokens.signed(tokens.claims(), **header))])


def test_a_key_that_is_not_in_the_set_and_a_torn_token_are_refused(asserted: Guard) -> None:
    good = tokens.signed(tokens.claims())
    head, payload, signature = good.split(".")
    swapped = tokens.signed(tokens.claims(sub="bob")).split(".")[1]
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled_otherwise = signature[:-1] + last[(last.index(signature[-1]) ^ 1)]
    for token in [
        tokens.signed(tokens.claims(), kid="k2"),
        f"{head}.{swapped}.{signature}",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        f"{good}.x",
        f"{good}=",
        f"{good},{good}",
        f"{head}.{payload}.{spelled_otherwise}",
        tokens.signed(b'{"aud":"orders","aud":"orders"}'),
        tokens.signed(b"[" * 40_000),
        tokens.signed(b"[]"),
        tokens.signed(b'{"iat":NaN}'),
        "a" * 100_000,
    ]:
        assert refusal(asserted, [(ASSERTION, token)]).status == 401
    assert asserted.check("GET", "/", [(ASSERTION, good)]).by


JWKS = json.dumps({"keys": [tokens.jwk()]})


@given(payload=st.binary(max_size=200), raw=st.binary(max_size=300), named=st.booleans())
def test_any_bytes_are_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, payload: bytes, raw: bytes, named: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "hypothesis-jwks.json"
    if not path.exists():
        path.write_text(JWKS)
    guard = Guard(jwks_file=path, audience="orders", bind="request")
    token = tokens.signed(payload).encode() if named else raw
    assert refusal(guard, [(ASSERTION, token)]).status == 401
    assert refusal(guard, [(raw, raw), (ASSERTION, raw)]).status == 401


@given(
    said=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.dictionaries(st.sampled_from(["m", "p", "b", "id", "x"]), inner),
        max_leaves=5,
    ),
    name=st.sampled_from(["iss", "aud", "iat", "exp", "ctx", "req", "jti"]),
)
def test_any_claim_is_judged_without_another_fault(
    tmp_path_factory: pytest.TempPathFactory, said: object, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "hypothesis-jwks.json"
    path.write_text(JWKS)
    guard = Guard(jwks_file=path, audience="orders", bind="request")
    changed = {**tokens.claims(req=tokens.request("GET", "/other")), name: said}
    assert refusal(guard, [(ASSERTION, tokens.signed(changed))]).status == 401


def test_a_bound_assertion_is_for_one_request_once(bound: Guard) -> None:
    said = tokens.claims(req=tokens.request("GET", "/a?b=1", b"body"))
    headers = [(ASSERTION, tokens.signed(said))]
    assert refusal(bound, headers, "/a?b=2", b"body").status == 401
    assert refusal(bound, headers, "/a?b=1", b"other").status == 401
    with pytest.raises(Refused, match="another request"):
        bound.check("POST", "/a?b=1", headers, b"body")
    assert bound.check("GET", "/a?b=1", headers, b"body").request_id == "r-1"
    assert "before" in refusal(bound, headers, "/a?b=1", b"body").reason
    assert refusal(bound, [(ASSERTION, tokens.signed(tokens.claims()))]).status == 401


def test_a_taken_assertion_is_forgotten_only_when_it_is_over(jwks: Path) -> None:
    now = [float(NOW)]
    guard = Guard(jwks_file=jwks, audience="orders", bind="request", clock=lambda: now[0])
    headers = [
        (ASSERTION, tokens.signed(tokens.claims(iat=NOW, exp=NOW + 60, req=tokens.request("GET", "/"))))
    ]
    guard.check("GET", "/", headers)
    now[0] += 64.9
    assert "before" in refusal(guard, headers).reason
    now[0] += 10
    assert "over" in refusal(guard, headers).reason


def test_any_takes_either_and_both_takes_both(jwks: Path) -> None:
    either = Guard(secret="s3", jwks_file=jwks, audience="orders", require="any")
    both = Guard(secret="s3", jwks_file=jwks, audience="orders")
    secret, bad = (SECRET, "s3"), (ASSERTION, "x.y.z")
    good = (ASSERTION, tokens.signed(tokens.claims()))
    assert [either.check("GET", "/", sent).by for sent in ([secret], [good], [secret, bad])] == [
        "secret",
        "assertion",
        "secret",
    ]
    assert both.check("GET", "/", [secret, good]).by == "both"
    for guard, headers in [
        (either, [bad]),
        (either, []),
        (both, [secret]),
        (both, [good]),
        (both, [secret, bad]),
    ]:
        assert refusal(guard, headers).status == 401
    assert refusal(either, [secret, good, good]).status == 401


def test_the_probe_asks_for_the_secret_alone(jwks: Path) -> None:
    guard = Guard(secret="s3", jwks_file=jwks, audience="orders")
    path = "/.well-known/gateline-guard"
    assert guard.probe("GET", path, [(SECRET, "s3")]) == 204
    assert guard.probe("GET", path, [(SECRET, "x")]) == guard.probe("GET", path, []) == 401
    assert guard.probe("GET", path, [(SECRET, "s3"), (SECRET, "s3")]) == 401
    assert guard.probe("GET", "/", []) is None


@pytest.mark.usefixtures("always_looked_at")
def test_keys_change_with_their_file_and_survive_a_torn_one(tmp_path: Path, jwks: Path) -> None:
    guard = Guard(jwks_file=jwks, audience="orders")
    refusal(guard, [(ASSERTION, tokens.signed(tokens.claims(), kid="k2"))])
    tokens.jwks_file(tmp_path, "k1", "k2")
    assert guard.check("GET", "/", [(ASSERTION, tokens.signed(tokens.claims(), kid="k2"))]).by
    jwks.write_bytes(jwks.read_bytes()[:100])
    assert guard.check("GET", "/", [(ASSERTION, tokens.signed(tokens.claims(), kid="k2"))]).by
    tokens.jwks_file(tmp_path, "k2")
    os.utime(jwks)
    refusal(guard, [(ASSERTION, tokens.signed(tokens.claims()))])


@pytest.mark.parametrize(
    "change",
    [
        {"n": tokens.b64((1 << 1023 | 1).to_bytes(128, "big"))},
        {"n": tokens.b64((1 << 2047).to_bytes(256, "big"))},
        {"e": "AQ"},
        {"e": "Ag"},
        {"n": None},
        {"n": "\u00e4"},
        {"kid": None},
        {"d": "AQAB"},
    ],
)
def test_weak_malformed_and_private_keys_are_refused_at_the_start(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{**tokens.jwk(), **change}]}))
    with pytest.raises(ValueError, match=r"."):
        Guard(jwks_file=path, audience="orders")
