"""Cookies of logins: sessions spread over `NAME-0` to `NAME-3`, the nonce, and their attributes.

load-balancers.md section 4. Cookies end seven days after they were set; a session ends by what is sealed in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import formatdate
from typing import Final

from gateline.model.login import MOST_SHARDS, NONCE_COOKIE

LARGEST_SHARD: Final = 4000
"""Bytes of a cookie's name and value: browsers keep 4096, some of them with a part of the attributes."""

KEPT_SECONDS: Final = 7 * 86_400
NONCE_SECONDS: Final = 15 * 60

_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def parsed(text: str) -> dict[str, str]:
    """The cookies of a Cookie header; of two by one name the first, which browsers send for the longest path."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals:
            found.setdefault(name, value)
    return found


def joined(cookies: Mapping[str, str], name: str) -> str | None:
    """The sealed session that these shards make up; "" when they make up none; None: there is none at all."""
    first = cookies.get(f"{name}-0")
    if first is None:
        return None
    count, dot, beginning = first.partition(".")
    if not dot or count not in {str(number + 1) for number in range(MOST_SHARDS)}:
        return ""
    others = [cookies.get(f"{name}-{number}", "") for number in range(1, int(count))]
    return beginning + "".join(others) if all(others) else ""


def shards(name: str, sealed: str) -> tuple[str, ...] | None:
    """The values of `NAME-0`, `NAME-1` and so on; None: it does not fit.

    The first begins with their count, so that one that an older and longer session has left behind does no harm.
    """
    room = LARGEST_SHARD - len(name) - len("-0=")
    if room <= 0:
        return None
    text = f"0.{sealed}"
    pieces = [text[at : at + room] for at in range(0, len(text), room)]
    if len(pieces) > MOST_SHARDS:
        return None
    pieces[0] = f"{len(pieces)}{pieces[0][1:]}"
    return tuple(pieces)


def shard_names(name: str) -> tuple[str, ...]:
    """The cookies that a session may be spread over."""
    return tuple(f"{name}-{number}" for number in range(MOST_SHARDS))


def session_cookies(
    name: str, pieces: tuple[str, ...], given: Mapping[str, str], now: float, *, cross_origin: bool
) -> tuple[str, ...]:
    """The Set-Cookie values of a session; what is left of a longer one is expired."""
    names = shard_names(name)
    set_now = [
        set_cookie(each, piece, now + KEPT_SECONDS, cross_origin=cross_origin)
        for each, piece in zip(names, pieces, strict=False)
    ]
    stale = (each for each in names[len(pieces) :] if each in given)
    return (*set_now, *(set_cookie(each, "", 0, cross_origin=cross_origin) for each in stale))


def set_cookie(name: str, value: str, expires: float, *, cross_origin: bool) -> str:
    """One Set-Cookie value. `cross_origin`: a request of another site's page (CORS) keeps it too."""
    attributes = f"Expires={formatdate(expires, usegmt=True)}; Path=/; Secure; HttpOnly"
    return f"{name}={value}; {attributes}" + ("; SameSite=None" if cross_origin else "")


def is_cross_origin(scheme: str, authority: str, origin: str, mode: str) -> bool:
    """Whether a request is CORS: its Origin is another one, and it is no navigation (`Sec-Fetch-Mode`)."""
    return bool(origin) and origin.lower() != f"{scheme}://{authority}".lower() and mode in {"", "cors"}


def nonce_of(cookies: Mapping[str, str]) -> str:
    """The nonce by which a browser was marked before; "": none."""
    nonce = cookies.get(NONCE_COOKIE, "")
    return nonce if _NONCE.fullmatch(nonce) else ""
