"""Assertions that are nearly the gateway's: each differs from a good one in one thing, and none is good."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from gateline.authority.assertion import TYPE, Claims, SentRequest, Signer, jwk, make_key
from gateline.model.assertion import AssertionKey, Binding, issuer_of
from gateline.model.secret import Secret
from gateline.runtime.assertion_keys import kept_signer
from gateline.runtime.vault import Vault

NOBODY: Final = "gateline-prove"
"""The principal, and the audience of whom no service is."""

SENT_TO: Final = "/"
"""The path of the request, a GET without a body, that tokens are for."""

OVER: Final = 600
"""Seconds since an expired one was made: ten times its life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An assertion, and the header that it comes in."""

    means: str
    header: str
    value: str = field(repr=False)


def forged_tokens(inventory: Mapping[str, Any], vault: Vault, now: datetime) -> tuple[Token, ...]:
    """The tokens for each stage that signs assertions.

    Raises:
        GatelineError: the vault cannot be opened.

    """
    stages = {(each["header"], each["audience"]): each for each in inventory["assertions"]}
    if not stages:
        return ()
    own = kept_signer(vault, now)
    foreign = make_key()
    return tuple(
        token
        for stage in stages.values()
        for token in _of_stage(str(inventory["project"]), stage, own, foreign, now.timestamp())
    )


def _of_stage(
    project: str, stage: Mapping[str, Any], own: AssertionKey | None, foreign: bytes, now: float
) -> Iterator[Token]:
    header, audience = str(stage["header"]), str(stage["audience"])
    bound = stage["binding"] == Binding.REQUEST
    good = Claims(
        issuer=issuer_of(project),
        audience=audience,
        principal=NOBODY,
        scope=str(stage["scope"]),
        context={},
        request=SentRequest(verb="GET", path=SENT_TO, body=b"", request_id=NOBODY) if bound else None,
    )
    kid = own.kid if own else jwk(foreign)["kid"]
    impostor = Signer(AssertionKey(kid=kid, private_key=Secret("a foreign key", foreign)))
    signed = impostor.sign(good, now)
    named = f"for {audience}"
    yield Token(means=f"assertion {named} of a foreign key", header=header, value=signed)
    claims = signed.split(".")[1]
    yield Token(means=f"unsigned assertion {named}", header=header, value=f"{_head('none', kid)}.{claims}.")
    if own is None:
        return
    message = f"{_head('HS256', kid)}.{claims}"
    public = json.dumps(jwk(own.private_key.reveal()), separators=(",", ":")).encode()
    mac = _text(hmac.new(public, message.encode(), hashlib.sha256).digest())
    yield Token(
        means=f"assertion {named} signed with the public key", header=header, value=f"{message}.{mac}"
    )
    signer = Signer(own)
    yield Token(means=f"expired assertion {named}", header=header, value=signer.sign(good, now - OVER))
    other = replace(good, audience=NOBODY)
    yield Token(means=f"assertion for another than {audience}", header=header, value=signer.sign(other, now))
    first, _, last = signer.sign(other, now).split(".")
    yield Token(means=f"altered assertion {named}", header=header, value=f"{first}.{claims}.{last}")
    if good.request is not None:
        elsewhere = replace(good, request=replace(good.request, path=f"/{NOBODY}/another"))
        value = signer.sign(elsewhere, now)
        yield Token(means=f"assertion {named} of another request", header=header, value=value)


def _head(algorithm: str, kid: str) -> str:
    return _text(json.dumps({"alg": algorithm, "kid": kid, "typ": TYPE}, separators=(",", ":")).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
