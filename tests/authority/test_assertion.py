from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from gateline.authority import assertion
from gateline.authority.assertion import Claims, SentRequest, Signer
from gateline.model.assertion import AssertionKey, issuer_of
from gateline.model.secret import Secret
from gateline_guard import Guard, Refused

NOW = 1_700_000_000.5
HEADER = "x-gateline-assertion"


@cache
def key(name: str) -> bytes:
    del name
    return assertion.make_key()


def signer(name: str = "a") -> Signer:
    pem = key(name)
    return Signer(AssertionKey(kid=assertion.jwk(pem)["kid"], private_key=Secret("assertion key", pem)))


def claims(request: SentRequest | None = None, **context: str) -> Claims:
    return Claims(
        issuer=issuer_of("shop"),
        audience="orders",
        principal="alice",
        scope="shop/live",
        context=context,
        request=request,
    )


def guard(
    folder: Path, *names: str, at: float = NOW, bind: str = "caller", audience: str = "orders"
) -> Guard:
    file = folder / "jwks.json"
    file.write_bytes(assertion.key_set(assertion.jwk(key(name)) for name in names))
    return Guard(jwks_file=file, audience=audience, issuer="gateline:shop", bind=bind, clock=lambda: at)


def test_the_guard_takes_what_is_signed_and_reads_all_of_it(tmp_path: Path) -> None:
    token = signer().sign(claims(tier="gold", name="Zoë \U0001f600"), NOW)
    proof = guard(tmp_path, "a").check("GET", "/", [(HEADER, token)])
    assert (proof.issuer, proof.audience, proof.principal) == ("gateline:shop", "orders", "alice")
    assert (proof.scope, proof.context) == ("shop/live", {"tier": "gold", "name": "Zoë \U0001f600"})
    assert (proof.issued_at, proof.expires_at) == (1_700_000_000, 1_700_000_060)


def test_it_is_taken_as_long_as_it_lives_and_a_clocks_difference_and_no_longer(tmp_path: Path) -> None:
    token = signer().sign(claims(), NOW)
    guard(tmp_path, "a", at=NOW + 64).check("GET", "/", [(HEADER, token)])
    with pytest.raises(Refused):
        guard(tmp_path, "a", at=NOW + 65).check("GET", "/", [(HEADER, token)])


def test_one_key_of_several_is_enough_and_another_key_is_not(tmp_path: Path) -> None:
    token = signer("b").sign(claims(), NOW)
    guard(tmp_path, "a", "b").check("GET", "/", [(HEADER, token)])
    with pytest.raises(Refused):
        guard(tmp_path, "a").check("GET", "/", [(HEADER, token)])


def test_another_audience_refuses_it(tmp_path: Path) -> None:
    token = signer().sign(claims(), NOW)
    with pytest.raises(Refused):
        guard(tmp_path, "a", audience="payments").check("GET", "/", [(HEADER, token)])


def test_one_for_a_request_is_for_that_request_and_for_once(tmp_path: Path) -> None:
    sent = SentRequest(verb="POST", path="/orders?page=2", body=b"body", request_id="r-1")
    token = [(HEADER, signer().sign(claims(sent), NOW))]
    bound = guard(tmp_path, "a", bind="request")
    for verb, path, body in (
        ("PUT", "/orders?page=2", b"body"),
        ("POST", "/orders?page=3", b"body"),
        ("POST", "/orders?page=2", b"other"),
    ):
        with pytest.raises(Refused):
            bound.check(verb, path, token, body)
    assert bound.check("POST", "/orders?page=2", token, b"body").request_id == "r-1"
    with pytest.raises(Refused, match="before"):
        bound.check("POST", "/orders?page=2", token, b"body")


def test_a_signature_is_what_another_library_says_it_is() -> None:
    message, _, signature = signer().sign(claims(), NOW).rpartition(".")
    private = serialization.load_pem_private_key(key("a"), password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert private.key_size == 2048
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    private.public_key().verify(raw, message.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_two_assertions_of_one_moment_have_ids_of_their_own() -> None:
    assert signer().sign(claims(), NOW) != signer().sign(claims(), NOW)


def test_a_key_set_holds_the_public_half_of_each_key_and_nothing_else() -> None:
    members = json.loads(assertion.key_set([assertion.jwk(key("a")), assertion.jwk(key("b"))]))["keys"]
    assert [each["kid"] for each in members] == [assertion.jwk(key(name))["kid"] for name in "ab"]
    assert all(set(each) == {"kty", "use", "alg", "kid", "n", "e"} for each in members)


def test_a_key_is_named_by_its_thumbprint() -> None:
    # The example of RFC 7638 section 3.1 hashes {"e":"AQAB","kty":"RSA","n":...} without blanks, in that order.
    member = assertion.jwk(key("a"))
    text = f'{{"e":"AQAB","kty":"RSA","n":"{member["n"]}"}}'
    digest = hashes.Hash(hashes.SHA256())
    digest.update(text.encode())
    assert member["kid"] == base64.urlsafe_b64encode(digest.finalize()).rstrip(b"=").decode()


def test_a_key_of_another_kind_is_refused() -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="not an RSA key"):
        Signer(AssertionKey(kid="k", private_key=Secret("k", pem)))
