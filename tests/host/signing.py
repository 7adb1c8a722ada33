"""A stage with assertions, a key that signs them, and a guard's eyes for what was signed."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from functools import cache
from typing import Any

from gateline.authority.assertion import jwk, key_set, make_key
from gateline.host.configuration import NOWHERE
from gateline.model.assertion import Assertion, Binding
from gateline.model.hosting import HostConfiguration, HostedAuthorizer
from host.questions import configuration

ISSUER = "gateline:shop"


@cache
def key(name: str) -> bytes:
    """A key of that name, PEM."""
    del name
    return make_key()


def key_set_of(*names: str) -> bytes:
    """The key set that a service is given of these keys."""
    return key_set(jwk(key(name)) for name in names)


def signing(
    *authorizers: HostedAuthorizer,
    name: str = "a",
    audience: str = "orders",
    binding: Binding = Binding.CALLER,
    decompresses: bool = False,
) -> HostConfiguration:
    """The usual stage, whose methods carry assertions."""
    given = configuration(*authorizers)
    assertion = Assertion(audience=audience, binding=binding, origin=NOWHERE)
    stages = tuple(
        replace(
            stage,
            assertion=assertion,
            decompresses=decompresses,
            methods=tuple(replace(method, asserted=True) for method in stage.methods),
        )
        for stage in given.stages
    )
    return replace(
        given,
        stages=stages,
        assertion_issuer=ISSUER,
        assertion_kid=jwk(key(name))["kid"],
        assertion_key=key(name).decode(),
    )


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    return _part(token, 1)


def kid_of(token: str) -> str:
    """The name of the key that signed a token."""
    return str(_part(token, 0)["kid"])


def _part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert isinstance(found, dict)
    return found
