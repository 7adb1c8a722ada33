"""Bearer tokens, judged."""

from __future__ import annotations

import base64
import hmac
import json
from contextlib import suppress
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from gateline.host.configuration import NOWHERE
from gateline.identity.bearer import LARGEST_KEY_SET, KeySet, ends_of, kid_of, token_in
from gateline.identity.failure import LoginFailed, Reason
from gateline.model.login import ClaimFormat, JwtClaim, JwtValidation
from identity.logins import NOW

KEY = RSAKey.import_key(rsa.generate_private_key(public_exponent=65537, key_size=2048))
OTHER = RSAKey.import_key(rsa.generate_private_key(public_exponent=65537, key_size=2048))
ISSUER = "https://id.example.com"
ASKED = JwtValidation(jwks_endpoint=f"{ISSUER}/jwks", issuer=ISSUER, origin=NOWHERE)
GOOD: dict[str, Any] = {"iss": ISSUER, "exp": NOW + 60}


def public(key: RSAKey = KEY, **members: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": "k1", **members}


def key_set(*keys: object) -> KeySet:
    return KeySet(json.dumps({"keys": keys}).encode())


def token(key: Any = KEY, head: dict[str, Any] | None = None, **changed: Any) -> str:
    claims = {name: value for name, value in (GOOD | changed).items() if value is not ...}
    return jwt.encode(
        head or {"alg": "RS256", "kid": "k1"}, claims, key, algorithms=["RS256", "HS256", "PS256"]
    )


def judged(text: str, *, asked: JwtValidation = ASKED, keys: KeySet | None = None) -> float:
    found = keys or key_set(public())
    return ends_of(text, found.candidates(kid_of(text)), asked, NOW)


def refused(text: str, **given: Any) -> None:
    with pytest.raises(LoginFailed) as failed:
        judged(text, **given)
    assert failed.value.reason is Reason.INVALID_JWT


@pytest.mark.parametrize("changed", [{}, {"nbf": NOW}, {"iat": NOW + 30}, {"exp": NOW + 0.5}])
def test_a_token_of_the_issuer_is_good_until_its_end(changed: dict[str, Any]) -> None:
    assert judged(token(**changed)) == (GOOD | changed)["exp"]


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example.com"},
        {"iss": ...},
        {"iss": [ISSUER]},
        {"exp": NOW},
        {"exp": ...},
        {"exp": "9999999999"},
        {"nbf": NOW + 3600},
        {"nbf": "now"},
        {"iat": NOW + 3600},
        {"iat": None},
    ],
    ids=str,
)
def test_other_claims_are_refused(changed: dict[str, Any]) -> None:
    refused(token(**changed))


def test_a_token_of_another_key_is_refused() -> None:
    refused(token(OTHER))


def test_a_token_without_a_kid_is_tried_with_all_keys() -> None:
    both = key_set(public(OTHER, kid="k0"), public())
    assert judged(token(head={"alg": "RS256"}), keys=both) == NOW + 60
    refused(token(head={"alg": "RS256", "kid": "k0"}), keys=both)


def test_only_rs256_counts() -> None:
    refused(token(head={"alg": "PS256", "kid": "k1"}))
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    refused(f"{none}.{token().split('.')[1]}.")
    # The classic: the public key taken as the secret of an HMAC.
    head, claims, _ = token(OctKey.generate_key(256), head={"alg": "HS256", "kid": "k1"}).split(".")
    digest = hmac.digest(KEY.as_pem(private=False), f"{head}.{claims}".encode(), "sha256")
    refused(f"{head}.{claims}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")


@pytest.mark.parametrize(
    "head", [{"alg": "RS256", "kid": 1}, {"alg": "RS256", "crit": ["b64"], "b64": False}]
)
def test_strange_heads_are_refused(head: dict[str, Any]) -> None:
    text = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
    refused(f"{text}.{token().split('.', 1)[1]}")


@pytest.mark.parametrize("text", ["x", "a.b", "a.b.c", "a.b.c.d.e", "é.é.é", "....", "e30.e30.e30"])
def test_what_is_no_jwt_is_refused(text: str) -> None:
    refused(text)


def test_a_changed_token_is_refused() -> None:
    head, claims, signature = token().split(".")
    forged = base64.urlsafe_b64encode(json.dumps(GOOD | {"sub": "root"}).encode()).rstrip(b"=").decode()
    refused(f"{head}.{forged}.{signature}")
    refused(f"{head}.{claims}.{signature[:-4]}AAAA")


def claim(format_: ClaimFormat, *values: str) -> JwtValidation:
    wanted = JwtClaim(name="scope", format=format_, values=values)
    return JwtValidation(jwks_endpoint="", issuer=ISSUER, additional_claims=(wanted,), origin=NOWHERE)


@pytest.mark.parametrize(
    ("format_", "found", "holds"),
    [
        (ClaimFormat.SINGLE_STRING, "read", True),
        (ClaimFormat.SINGLE_STRING, "read write", False),
        (ClaimFormat.SINGLE_STRING, ["read"], False),
        (ClaimFormat.STRING_ARRAY, ["x", "read"], True),
        (ClaimFormat.STRING_ARRAY, ["x"], False),
        (ClaimFormat.STRING_ARRAY, "read", False),
        (ClaimFormat.STRING_ARRAY, [["read"], {"read": 1}], False),
        (ClaimFormat.SPACE_SEPARATED_VALUES, "x read", True),
        (ClaimFormat.SPACE_SEPARATED_VALUES, "reader", False),
        (ClaimFormat.SPACE_SEPARATED_VALUES, ["read"], False),
        (ClaimFormat.SPACE_SEPARATED_VALUES, ..., False),
    ],
    ids=str,
)
def test_additional_claims(format_: ClaimFormat, found: object, holds: bool) -> None:
    text, asked = token(scope=found), claim(format_, "read", "admin")
    if holds:
        assert judged(text, asked=asked) == NOW + 60
    else:
        refused(text, asked=asked)


def test_all_additional_claims_must_hold() -> None:
    wanted = tuple(
        JwtClaim(name=name, format=ClaimFormat.SINGLE_STRING, values=("x",)) for name in ("a", "b")
    )
    asked = JwtValidation(jwks_endpoint="", issuer=ISSUER, additional_claims=wanted, origin=NOWHERE)
    assert judged(token(a="x", b="x"), asked=asked) == NOW + 60
    refused(token(a="x"), asked=asked)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "bearerabc", "Bearer " + "x" * 20_000]
)
def test_headers_without_a_token(header: str) -> None:
    with pytest.raises(LoginFailed) as failed:
        token_in(header)
    assert failed.value.reason.status == 401


def test_the_scheme_is_of_any_case() -> None:
    assert token_in("bEaReR  abc") == "abc"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        json.dumps({"keys": [{}] * 11}).encode(),
        b" " * LARGEST_KEY_SET + b'{"keys":[]}',
    ],
)
def test_what_is_no_key_set(text: bytes) -> None:
    with pytest.raises(LoginFailed) as failed:
        KeySet(text)
    assert failed.value.reason is Reason.JWKS_UNAVAILABLE


@pytest.mark.parametrize(
    "key",
    [
        public(use="enc"),
        public(alg="PS256"),
        public(kty="EC"),
        public(n=1),
        public(n="!"),
        public(e=""),
        public(n=base64.urlsafe_b64encode(b"\xf1" * 128).decode().rstrip("=")),  # 1024 bits
        "key",
        None,
    ],
    ids=["enc", "PS256", "EC", "n of no text", "n of no base64", "no e", "1024 bits", "text", "null"],
)
def test_keys_for_something_else_do_not_count(key: object) -> None:
    assert key_set(key).candidates(None) == ()
    assert len(key_set(key, public()).candidates("k1")) == 1


def test_ten_keys_are_the_most() -> None:
    assert len(key_set(*[public()] * 10).candidates("k1")) == 10


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c", "iss", "exp", "cty", "zip"]
            ),
            children | st.sampled_from(["RS256", "k1", "none"]),
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(head=JSON, claims=JSON, signature=st.binary(max_size=12))
def test_whatever_a_token_says_it_is_refused_in_one_way(
    head: object, claims: object, signature: bytes
) -> None:
    parts = [json.dumps(head).encode(), json.dumps(claims).encode(), signature]
    refused(".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts))


@settings(max_examples=60, deadline=None)
@given(
    found=JSON
    | st.lists(st.dictionaries(st.sampled_from(["kty", "n", "e", "use", "alg", "kid"]), JSON, max_size=6))
)
def test_whatever_a_key_set_says_it_has_keys_or_is_none(found: object) -> None:
    for text in (json.dumps(found), json.dumps({"keys": found})):
        with suppress(LoginFailed):
            assert KeySet(text.encode()).candidates("k1") == ()
