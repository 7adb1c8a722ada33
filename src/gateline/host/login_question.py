"""POST /login: what `balancer.lua` asks about a request that a login stands before, and what it is answered.

Both are netstrings. A question: the login, its kind, method, scheme, authority, path with query, cookies,
Authorization, Origin, Sec-Fetch-Mode, the peer's address. A reply begins with `1` (it passes, with this identity),
`2` (the client gets this answer; Amazon's word for why stands behind the status, for the access log) or `3` (it
passes, with none).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gateline.dataplane.netstring import NetstringInvalid, NetstringWriter, split
from gateline.identity.failure import page

SESSION: Final = "session"
CALLBACK: Final = "callback"
JWT: Final = "jwt"

ANONYMOUS: Final = b"1:3"
"""The reply that lets a request pass without identity."""

_FIELDS: Final = 11

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginQuestion:
    """A question. Texts are a client's bytes, as Latin-1."""

    login: str
    kind: str
    method: str
    scheme: str
    authority: str
    path: str
    cookies: str = field(repr=False)
    authorization: str = field(repr=False)
    origin: str
    mode: str
    peer: str


def read_question(body: bytes) -> LoginQuestion:
    """A question.

    Raises:
        NetstringInvalid: it is none.

    """
    values = [value.decode("latin-1") for value in split(body)]
    if len(values) != _FIELDS:
        raise NetstringInvalid("a question of another kind")
    login, kind, method, scheme, authority, path, cookies, authorization, origin, mode, peer = values
    return LoginQuestion(
        login=login,
        kind=kind,
        method=method,
        scheme=scheme,
        authority=authority,
        path=path,
        cookies=cookies,
        authorization=authorization,
        origin=origin,
        mode=mode,
        peer=_address(peer),
    )


def _address(peer: str) -> str:
    """The address of `192.0.2.1:4711` and `[2001:db8::1]:4711`, as Envoy writes them, and of one without a port."""
    if peer.startswith("["):
        return peer[1:].partition("]")[0]
    return peer.partition(":")[0] if peer.count(":") == 1 else peer


def passes(
    until_ms: int, *, data: str = "", subject: str = "", access_token: str = "", cookies: Sequence[str] = ()
) -> bytes:
    """The reply that lets a request pass: with its identity, until when it may be remembered, and Set-Cookie values."""
    writer = NetstringWriter()
    writer.put("1", until_ms, data, subject, access_token)
    writer.put_all(cookies)
    return writer.data


def answers(status: int, headers: Headers, body: bytes = b"", *, reason: str = "") -> bytes:
    """The reply that answers the client. `reason`: what the access log says of it, "" nothing.

    Raises:
        ValueError: a header that cannot be sent.

    """
    for name, value in headers:
        said = name + value
        if not said.isascii() or not said.isprintable():
            raise ValueError("a header that cannot be sent")
    writer = NetstringWriter()
    writer.put("2", status, reason)
    writer.put_pairs(headers)
    writer.put(body)
    return writer.data


def answers_page(status: int, cookies: Sequence[str] = (), *, reason: str = "") -> bytes:
    """The reply that answers with the balancer's own page; `reason` as `answers` has it."""
    headers = [("content-type", "text/html"), *(("set-cookie", each) for each in cookies)]
    return answers(status, headers, page(status), reason=reason)


def redirects(location: str, cookies: Sequence[str]) -> bytes:
    """The reply that sends the browser elsewhere; nobody on the way may keep it."""
    headers = [("location", location), ("cache-control", "no-store")]
    return answers(302, [*headers, *(("set-cookie", each) for each in cookies)])
