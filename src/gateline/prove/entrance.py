"""Attempts through the gateway: who can reach it, by which Host names, and whether anybody gets past its authorizers.

A path trick counts as held off when the gateway itself answers with a refusal; an application's own 404 is not one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from gateline.prove.attempt import Attempt, Kind
from gateline.prove.backend import Headers, aliases, place, request_text

STRANGER: Final = "gateline-prove.invalid"
"""A Host name that no API has (RFC 6761 section 6.4)."""

DOORS: Final = "the gateway's doors"
GUARDED_METHODS: Final = "guarded methods of"

SAFE: Final = ("GET", "HEAD", "OPTIONS")

_LANES: Final = 8

_OVERRIDES: Final = (
    ("X-HTTP-Method-Override", "OPTIONS"),
    ("X-HTTP-Method", "OPTIONS"),
    ("X-Method-Override", "OPTIONS"),
    ("X-Original-URL", "/"),
    ("X-Rewrite-URL", "/"),
    ("X-Forwarded-Host", "localhost"),
    ("X-Forwarded-Uri", "/"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Amzn-Oidc-Identity", "gateline-prove"),
    ("X-Gl-Scope", "@entry"),
    ("X-Gl-Route", "open"),
    ("Connection", "authorization, x-api-key"),
)


def doors(listeners: Sequence[Mapping[str, Any]], addresses: Sequence[str]) -> Iterator[Attempt]:
    """Whether the gateway's listeners, which are meant for others, take connections at these addresses."""
    for listener in listeners:
        for address in addresses:
            authority = f"[{address}]" if ":" in address else address
            yield Attempt(
                group=DOORS,
                subject=_named(listener),
                place=f"{authority}:{listener['port']}",
                means="connection",
                kind=Kind.DOOR,
                wire={**place(address, int(listener["port"])), "knock": True},
            )


def _named(listener: Mapping[str, Any]) -> str:
    kind, name = listener["kind"], listener["name"]
    return str(name) if kind == "edge" else f"{kind} {name}".removeprefix("probes ").removeprefix("links ")


def attempts(inventory: Mapping[str, Any]) -> Iterator[Attempt]:
    """All that is tried at the gateway's own address."""
    door = _Door(str(inventory["url"]))
    yield door.sent("Host names", "Host names", "a Host that nobody has", "GET", "/", STRANGER)
    claims = [(str(header["name"]), secrets.token_hex(16)) for header in inventory["headers"]]
    aliased = [(alias, value) for name, value in claims for alias in aliases(name)]
    for method in inventory["guarded"]:
        yield from _guarded(door, method, (*claims, *aliased))


def _guarded(door: _Door, method: Mapping[str, Any], claims: Headers) -> Iterator[Attempt]:
    """What is tried at a method that asks who calls. One that changes something is told of, never called."""
    verb, host = str(method["method"]), str(method["host"])
    prefix, target = str(method["prefix"]), str(method["target"])
    subject = f"{method['api']}/{method['stage']} {verb} {method['path']}"
    group = f"{GUARDED_METHODS} {method['api']}/{method['stage']}"
    verb = "GET" if verb == "ANY" else verb
    if verb not in SAFE:
        return
    yield door.sent(group, subject, "no credentials", verb, prefix + target, host)
    yield door.sent(
        group,
        subject,
        "made-up credentials",
        verb,
        prefix + target,
        host,
        _credentials(secrets.token_hex(16)),
    )
    for trick in tricks(target):
        yield door.sent(group, subject, trick, verb, prefix + trick, host)
    for name, value in (*_OVERRIDES, *claims):
        yield door.sent(
            group, subject, f"{name} of the client", verb, prefix + target, host, ((name, value),)
        )
    for name in (f"{method['api']}.localhost", f"{method['api']}.execute-api.{STRANGER}"):
        yield door.sent(group, subject, f"Host {name}", verb, f"/{method['stage']}{target}", name)
    yield door.sent(group, subject, "two Hosts", verb, prefix + target, host, (("Host", STRANGER),))
    yield door.sent(group, subject, "whole URL", verb, f"{door.origin}{prefix}{target}", STRANGER)


def _credentials(value: str) -> Headers:
    return (("Authorization", f"Bearer {value}"), ("X-Api-Key", value))


def tricks(path: str) -> tuple[str, ...]:
    """Spellings of a path that an authorizer, a router and an application may read differently (attacks.md B)."""
    bare = path.rstrip("/") or "/"
    first, _, rest = bare.lstrip("/").partition("/")
    behind = f"/{rest}" if rest else ""
    letter = f"%{ord(first[0]):02x}{first[1:]}" if first else "%2e"
    spellings = (
        f"{bare}/",
        f"/{bare}",
        f"/{first}//{rest}" if rest else f"//{first}/",
        f"/gateline-prove/..{bare}",
        f"/gateline-prove/%2e%2e{bare}",
        f"/gateline-prove/..;{bare}",
        f"/.{bare}",
        f"/{first};a=b{behind}",
        f"/;a=b{bare}",
        f"/gateline-prove/..%2f{bare[1:]}",
        f"/{first}%2f{rest}",
        f"/{letter}{behind}",
        f"/%25{letter[1:]}{behind}",
        f"/gateline-prove\\..{bare}",
        f"/gateline-prove/..%5c{bare[1:]}",
        f"/{first.upper()}{behind}",
        f"{bare}%00",
        f"{bare}?",
        f"{bare}%20",
        f"{bare}.json",
    )
    return tuple(dict.fromkeys(each for each in spellings if each != path))


class _Door:
    """The gateway at the address that it tells of itself."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.origin = url.rstrip("/")
        self.host = parts.netloc
        self._address = parts.hostname or "127.0.0.1"
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._is_encrypted = parts.scheme == "https"

    def sent(
        self, group: str, subject: str, means: str, verb: str, path: str, host: str, headers: Headers = ()
    ) -> Attempt:
        """A request to be answered by the gateway itself."""
        server_name = host.rpartition(":")[0] if ":" in host else host
        tls = (
            {"server_name": server_name, "certificate": "", "private_key": ""} if self._is_encrypted else None
        )
        return Attempt(
            group=group,
            subject=subject,
            place=f"{self.host}{path}",
            means=means,
            kind=Kind.GUARDED,
            wire={
                **place("127.0.0.1" if self._address == "localhost" else self._address, self._port),
                "lane": len(path) % _LANES,  # the gateway serves many at once
                "prefix": "",
                "request": request_text(verb, path, host, headers),
                "tls": tls,
            },
        )
