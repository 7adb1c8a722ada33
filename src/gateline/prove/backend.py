"""Attempts at what stands behind the gateway, tasks of services and static targets, without the gateway's proof.

A header's name and the text around the secret are those of the definition; the secret is made up, or one that counts
no more.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import Any, Final
from urllib.parse import quote

from gateline.prove.attempt import Attempt, Kind
from gateline.prove.impostor import Impostor
from gateline.prove.token import Token

HEALTH_CHECKS: Final = "health checks"

MOST_PATHS: Final = 16
"""Of the paths that the gateway asks for, so many are asked for without a proof."""

PROXY_PROTOCOL: Final = bytes.fromhex("0d0a0d0a000d0a515549540a") + b"\x20\x00\x00\x00"
"""PROXY protocol version 2, command LOCAL: nobody's address (its section 2.2)."""

MOST_NAMED: Final = 16
"""Pairs of a name and a path that are asked for by that name."""

MOST_SERVER_NAMES: Final = 2
"""Of the names that the gateway uses, so many are tried with each certificate that is not the gateway's."""

_TLS: Final = frozenset({"HTTPS", "TLS"})
UNKNOWN: Final = "unknown"
_HTTP: Final = frozenset({"HTTP", "HTTPS", UNKNOWN})

Stale = Mapping[str, Sequence[bytes]]
"""Values that count no more, by the secret's name."""

NO_CERTIFICATE: Final = {"server_name": "", "certificate": "", "private_key": ""}

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A task or a static target. `socket`, or else `hosts`: the addresses at which it may be found."""

    group: str
    subject: str
    hosts: tuple[str, ...] = ()
    port: int = 0
    socket: str = ""
    pid: int = 0
    uid: int | None = None
    protocol: str = "HTTP"  # UNKNOWN: nobody has said
    proxy_protocol: bool = False
    health_path: str = ""
    healthy: bool | None = None
    is_remote: bool = False

    @property
    def kind(self) -> Kind:
        """By which rules it is judged."""
        return Kind.SERVICE if self.protocol in _HTTP else Kind.RAW


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgeries:
    """What is nearly the gateway's proof, and must not do: replaced secrets, certificates of others, tokens.

    `dial_ins`: whole attempts at the listener of links.
    """

    stale: Stale = field(default_factory=dict, repr=False)
    impostors: Sequence[Impostor] = ()
    tokens: Sequence[Token] = ()
    dial_ins: Sequence[Attempt] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What is sent without being true: secret headers, as the inventory tells them. `paths`, `names`: of backends."""

    headers: Sequence[Mapping[str, Any]] = ()
    paths: Sequence[str] = ()
    names: Sequence[str] = ()
    forgeries: Forgeries
    project: str = ""


def secrets_of(inventory: Mapping[str, Any]) -> list[str]:
    """The names of the secrets that stand in headers."""
    parts = [part for header in inventory["headers"] for part in header["parts"]]
    return sorted({str(part["secret"]) for part in parts if "secret" in part})


def knock(backend: Backend, host: str) -> Attempt:
    """A connection, and nothing said on it: whether anybody is there."""
    wire = {**place(host, backend.port, backend.socket), "knock": True}
    return _attempt(backend, host, "connection", Kind.RAW, wire=wire)


def attempts(backend: Backend, host: str, claims: Claims) -> Iterator[Attempt]:
    """All that is tried at an address where a connection is taken."""
    if backend.kind is not Kind.SERVICE:
        yield _attempt(backend, host, "no proof", backend.kind, wire=_wire(backend, host, ""))
        yield from _impostures(backend, host, claims, "")
        yield from _by_server_name(backend, host, claims)
        return
    authority = "localhost" if backend.socket else _authority(host, backend.port)

    def sent(means: str, headers: Headers = (), verb: str = "GET", path: str = "/") -> Attempt:
        request = request_text(verb, path, authority, headers)
        kind = Kind.SERVICE if verb == "GET" else Kind.VERB
        return _attempt(backend, host, means, kind, wire=_wire(backend, host, request))

    first = sent("no proof")
    yield replace(first, kind=Kind.UNKNOWN) if backend.protocol == UNKNOWN else first
    yield from _by_name(backend, host, claims)
    yield from _impostures(backend, host, claims, request_text("GET", "/", authority, ()))
    for verb in ("HEAD", "OPTIONS"):
        yield sent(f"no proof, {verb}", verb=verb)
    for path in [path for path in claims.paths if path != backend.health_path][:MOST_PATHS]:
        yield sent(f"no proof, {path}", path=path)
    for means, headers in forged(claims):
        yield sent(means, headers)
    if backend.health_path:
        request = request_text("GET", backend.health_path, authority, ())
        asked = _attempt(backend, host, "health check", Kind.HEALTH, wire=_wire(backend, host, request))
        yield replace(asked, group=HEALTH_CHECKS)
        for path in around(backend.health_path):
            yield sent(f"past the health check, {path}", path=path)


def _by_name(backend: Backend, host: str, claims: Claims) -> Iterator[Attempt]:
    """By the names that the gateway uses: a server may keep for them what it shows to nobody who asks by address."""
    for name, path in islice(product(("localhost", *claims.names), ("/", *claims.paths)), MOST_NAMED):
        request = request_text("GET", path, name, ())
        wire = _wire(backend, host, request, name)
        yield _attempt(backend, host, f"no proof, http://{name}{path}", Kind.SERVICE, wire=wire)


def _by_server_name(backend: Backend, host: str, claims: Claims) -> Iterator[Attempt]:
    """The same where HTTP is not spoken: by TLS's server name alone."""
    for name in claims.names[:MOST_NAMED] if backend.protocol in _TLS else ():
        wire = _wire(backend, host, "", name)
        yield _attempt(backend, host, f"no proof, server name {name}", backend.kind, wire=wire)


def _impostures(backend: Backend, host: str, claims: Claims, request: str) -> Iterator[Attempt]:
    """The same request by clients with certificates that are not the gateway's, where TLS is spoken."""
    if backend.protocol in _TLS:
        for each, name in product(claims.forgeries.impostors, ("", *claims.names[:MOST_SERVER_NAMES])):
            own = {"certificate": each.certificate, "private_key": each.private_key}
            wire = _wire(backend, host, request, name)
            means = f"certificate: {each.means}" + (f", server name {name}" if name else "")
            yield _attempt(backend, host, means, backend.kind, wire={**wire, "tls": {**wire["tls"], **own}})


def forged(claims: Claims) -> Iterator[tuple[str, Headers]]:
    """Headers that claim to be the gateway's: secrets that are none, and what proxies say of callers."""
    yield (
        "headers that proxies set",
        (
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Real-IP", "127.0.0.1"),
            ("X-Forwarded-Client-Cert", f"URI=spiffe://{claims.project}/gateway"),
            ("X-Amzn-Oidc-Identity", "gateline-prove"),
            ("X-Original-URL", "/"),
            ("X-HTTP-Method-Override", "OPTIONS"),
        ),
    )
    for token in claims.forgeries.tokens:
        yield token.means, ((token.header, token.value),)
    for header in claims.headers:
        name = str(header["name"])
        wrong = _valued(header["parts"], secrets.token_hex(16))
        yield f"wrong secret in {name}", ((name, wrong),)
        yield f"empty {name}", ((name, ""),)
        yield f"{name} without a secret", ((name, _valued(header["parts"], "")),)
        yield f"two wrong {name}", ((name, wrong), (name, wrong))
        for alias in aliases(name):
            yield f"alias {alias}, wrong secret", ((alias, wrong),)
        for value in _stale(header["parts"], claims.forgeries.stale):
            yield f"stale secret in {name}", ((name, value),)
            yield f"stale secret in {name} after a wrong one", ((name, wrong), (name, value))
            for alias in aliases(name):
                yield f"alias {alias}, stale secret", ((alias, value),)


def aliases(name: str) -> tuple[str, ...]:
    """Other spellings that a server may take for this header's name."""
    spellings = (name.lower(), name.upper(), name.replace("-", "_"), name.replace("-", "."))
    return tuple(dict.fromkeys(each for each in spellings if each != name))


def around(path: str) -> tuple[str, ...]:
    """Paths that begin like one which needs no proof, and lead elsewhere for who reads them otherwise."""
    return (f"{path}/../", f"{path}/%2e%2e/", f"{path};/../", f"{path}%2f..%2f", f"/{path}/..")


def request_text(verb: str, path: str, authority: str, headers: Headers) -> str:
    """A request of HTTP/1.1 without a body, after which the connection may be closed."""
    lines = [f"{verb} {quote(path, safe=string.punctuation)} HTTP/1.1", f"Host: {authority}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "Connection: close", "", ""])


def _valued(parts: Sequence[Mapping[str, str]], secret: str) -> str:
    return "".join(part.get("text", secret) for part in parts).strip()


def _stale(parts: Sequence[Mapping[str, str]], stale: Stale) -> Iterator[str]:
    """The header's value with each stale one of its secret; a header with several secrets is not tried."""
    names = {part["secret"] for part in parts if "secret" in part}
    if len(names) == 1:
        for value in stale.get(names.pop(), ()):
            yield _valued(parts, value.decode("latin-1"))


def _attempt(backend: Backend, host: str, means: str, kind: Kind, *, wire: dict[str, Any]) -> Attempt:
    where = backend.socket or _authority(host, backend.port)
    return Attempt(
        group=backend.group, subject=backend.subject, place=where, means=means, kind=kind, wire=wire
    )


def _wire(backend: Backend, host: str, request: str, name: str = "") -> dict[str, Any]:
    prefix = PROXY_PROTOCOL.hex() if backend.proxy_protocol else ""
    server_name = name.rpartition(":")[0] or name
    tls = {**NO_CERTIFICATE, "server_name": server_name} if backend.protocol in _TLS else None
    return {**place(host, backend.port, backend.socket), "prefix": prefix, "request": request, "tls": tls}


def place(host: str, port: int, socket: str = "") -> dict[str, Any]:
    """Where the prober is to connect: a Unix socket, or an address and port."""
    if socket:
        return {"path": socket}
    address, _, scope = host.partition("%")
    return {"address": address, "port": port, "scope": int(scope or 0)}


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
