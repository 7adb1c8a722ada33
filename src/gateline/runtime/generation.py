"""Generations: names under which decisions are kept, so that those of another code or configuration do not count.

A generation is renewed by whatever can change what an authorizer would say: its definition, its function, the
function's code, the stage's variables; and by a flush. It never comes back, also not when an edit is taken
back, since a decision may have been made by the code between. Every process begins with new ones (DESIGN D3).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace

from gateline.compile import names
from gateline.compile.hosting import FunctionNames, used_authorizers
from gateline.model.authorizer import Authorizer
from gateline.model.function import Function
from gateline.model.gateway import Gateway
from gateline.model.origin import Origin
from gateline.model.rest_api import Stage

_NOWHERE = Origin("")
_LENGTH = 16  # hexadecimal digits


class Generations:
    """The generations of one process. For one thread at a time."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(
            32
        )  # environments of functions go in: nobody can try guesses on a digest
        self._held: dict[str, tuple[bytes, str]] = {}

    def of(self, gateway: Gateway, revisions: Mapping[str, str]) -> dict[str, str]:
        """The generation of each authorizer, by "api/stage/authorizer"; a new one for what has changed."""
        functions = {function.name: function for function in gateway.functions}
        current: dict[str, str] = {}
        for api in gateway.apis:
            for stage in api.stages:
                called = FunctionNames(frozenset(functions), stage)
                for authorizer in used_authorizers(api):
                    name = f"{names.scope(api.name, stage.name)}/{authorizer.name}"
                    function = functions.get(called.of(authorizer.uri) or "")
                    digest = self._digest(gateway, stage, authorizer, function, revisions)
                    current[name] = self._generation(name, digest)
        return current

    def renew(self, authorizers: Iterable[str]) -> None:
        """Let what these authorizers have decided count no more."""
        for name in authorizers:
            self._held.pop(name, None)

    def _generation(self, name: str, digest: bytes) -> str:
        held = self._held.get(name)
        if held is None or held[0] != digest:
            held = self._held[name] = (digest, secrets.token_hex(_LENGTH // 2))
        return held[1]

    def _digest(
        self,
        gateway: Gateway,
        stage: Stage,
        authorizer: Authorizer,
        function: Function | None,
        revisions: Mapping[str, str],
    ) -> bytes:
        content = (
            replace(authorizer, origin=_NOWHERE),
            function and _all_of(function, revisions.get(function.name, "")),
            stage.variables,
            gateway.edge.account_id,
            gateway.edge.region,
        )
        return hashlib.blake2b(repr(content).encode(), key=self._key, digest_size=16).digest()


def _all_of(function: Function, revision: str) -> tuple[object, ...]:
    """What a function is; its environment is no part of what it shows of itself."""
    return replace(function, origin=_NOWHERE), function.environment, revision
