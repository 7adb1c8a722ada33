"""The judgement of a request: secret header, assertion, or both."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

from gateline_guard import keys as key_files
from gateline_guard import rs256, secret
from gateline_guard.assertion import Binding, ReplayWindow, binding_of, proof_of, request_of
from gateline_guard.headers import Headers, Text, as_bytes, as_pairs, header_name, only_value
from gateline_guard.proof import Proof, Refused

PROBE_PATH: bytes = b"/.well-known/gateline-guard"
"""Where the gateway asks whether its secret is accepted; no request for it reaches the application."""
BODY_LIMIT: int = 10 * 1024 * 1024
"""Bytes of body that are held for an assertion bound to its request: what an API's payload may have."""

Pairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Pending:
    """A request whose headers hold; with a binding, its body is still to be seen."""

    proof: Proof
    binding: Binding | None = None
    otherwise: Proof | None = None
    """What holds even if the binding does not."""


class Guard:
    """Tells the gateway's requests from everybody else's. One serves all threads of a process."""

    def __init__(  # noqa: PLR0913 - the settings of a guard, all by name
        self,
        *,
        secret_file: str | Path | None = None,
        secret: str | Sequence[str] | None = None,
        secret_environment: str | None = None,
        header: str = "x-gateway-secret",
        prefix: str = "",
        jwks_file: str | Path | None = None,
        audience: str | None = None,
        issuer: str | None = None,
        assertion_header: str = "x-gateline-assertion",
        require: str | None = None,
        bind: str = "caller",
        body_limit: int = BODY_LIMIT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the settings and read the files.

        The secret's accepted values come from one of: a file with one a line, given values, or an environment
        variable (and `{name}_PREVIOUS`). `prefix` is the text before the secret in its header. `require` is
        "secret", "assertion", "any" (one is enough) or "both"; without it, everything that is set up.
        Raises ValueError for settings that do not fit together or unusable files, OSError for missing ones.
        """
        self._accepted = _accepted(secret_file, secret, secret_environment)
        self._keys = None if jwks_file is None else key_files.from_file(jwks_file)
        self._require = _required(require, secret=self._accepted is not None, keys=self._keys is not None)
        if (self._keys is None) != (audience is None):
            raise ValueError("jwks_file and audience go together")
        if bind not in {"caller", "request"}:
            raise ValueError('bind is "caller" or "request"')
        self._header, self._prefix = header_name(header), prefix.encode()
        self._assertion_header = header_name(assertion_header)
        self._audience, self._issuer = audience or "", issuer
        self._bound = bind == "request"
        self._clock = clock
        self._taken = ReplayWindow()
        self.body_limit = body_limit

    def check(self, method: Text, path: Text, headers: Headers, body: bytes = b"") -> Proof:
        """Judge a whole request: verb, path and query as on the wire, every header, the body as it came.

        Raises Refused. The body counts only for assertions bound to their request.
        """
        return self.finish(self.begin(method, path, headers), body)

    def begin(self, method: Text, path: Text, headers: Headers) -> Pending:
        """Judge all but the body, so that nobody unproven makes a service hold one. Raises Refused."""
        pairs = as_pairs(headers)
        secret_value = only_value(pairs, self._header)
        token = only_value(pairs, self._assertion_header)
        by_secret = Proof(by="secret") if self._is_secret(secret_value) else None
        if self._require == "secret" or (self._require == "both" and by_secret is None):
            return Pending(_or_refused(by_secret))
        try:
            pending = self._asserted(token, as_bytes(method), as_bytes(path))
        except Refused:
            if self._require == "any" and by_secret is not None:
                return Pending(by_secret)
            raise
        if by_secret is None:
            return pending
        otherwise = by_secret if self._require == "any" else None
        return replace(pending, proof=replace(pending.proof, by="both"), otherwise=otherwise)

    def finish(self, pending: Pending, body: bytes) -> Proof:
        """Judge the body too. Raises Refused."""
        if pending.binding is None:
            return pending.proof
        try:
            pending.binding.refuse_other_body(body)
            self._taken.take(pending.binding.token_id, pending.proof.expires_at, self._clock())
        except Refused:
            if pending.otherwise is not None:
                return pending.otherwise
            raise
        return pending.proof

    def probe(self, method: Text, path: Text, headers: Headers) -> int | None:
        """The status for `GET /.well-known/gateline-guard`; None for every other request.

        204 if the request's secret header is accepted, so that the gateway can see a rotation arrive, else 401.
        """
        if as_bytes(method) != b"GET" or as_bytes(path).partition(b"?")[0] != PROBE_PATH:
            return None
        try:
            return 204 if self._is_secret(only_value(as_pairs(headers), self._header)) else 401
        except Refused as refused:
            return refused.status

    def _is_secret(self, value: bytes | None) -> bool:
        return self._accepted is not None and secret.is_accepted(value, self._prefix, self._accepted())

    def _asserted(self, token: bytes | None, method: bytes, path: bytes) -> Pending:
        if token is None or self._keys is None:
            raise Refused(401, "the assertion is missing")
        try:
            claims = rs256.claims(token, self._keys())
        except ValueError:
            raise Refused(401, "the assertion is malformed or signed by somebody else") from None
        proof = proof_of(claims, audience=self._audience, issuer=self._issuer, now=self._clock())
        if not self._bound:
            return Pending(proof)
        request = request_of(claims)
        binding = binding_of(request, claims["jti"], method, path)
        return Pending(replace(proof, request_id=request["id"]), binding)


def _or_refused(proof: Proof | None) -> Proof:
    if proof is None:
        raise Refused(401, "the secret is missing or wrong")
    return proof


def _accepted(
    file: str | Path | None, given: str | Sequence[str] | None, environment: str | None
) -> secret.Accepted | None:
    if sum(source is not None for source in (file, given, environment)) > 1:
        raise ValueError("the secret comes from one place: secret_file, secret or secret_environment")
    if file is not None:
        return secret.from_file(file)
    if given is not None:
        return secret.from_values(given)
    return None if environment is None else secret.from_environment(environment)


def _required(require: str | None, *, secret: bool, keys: bool) -> str:
    if not secret and not keys:
        raise ValueError("a guard needs a secret, a jwks_file, or both")
    wanted = require or ("both" if secret and keys else "secret" if secret else "assertion")
    if wanted not in {"secret", "assertion", "any", "both"}:
        raise ValueError('require is "secret", "assertion", "any" or "both"')
    if (wanted in {"secret", "any", "both"} and not secret) or (wanted != "secret" and not keys):
        raise ValueError(f"require={wanted!r} lacks its secret or its jwks_file")
    return wanted
