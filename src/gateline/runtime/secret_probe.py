"""The probe of a secret: whether somebody who checks it accepts a value.

The guard answers `GET /.well-known/gateline-guard` by itself: 204 with the header `x-gateline-guard: 1`, or 401. A path
of a service answers 2xx, or 401 or 403. Whatever else comes says nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateline.model.gateway import Keyring
from gateline.model.secret import SecretRef
from gateline.runtime.secret_probe_tls import check_identity, server_name, tls_context
from gateline.runtime.secret_use import Header, Place

GUARD_PATH: Final = "/.well-known/gateline-guard"
PATIENCE: Final = 5.0
"""Seconds for one answer."""

_GUARD_HEADER: Final = "x-gateline-guard"
_LONGEST_LINE: Final = 16_384
_MOST_LINES: Final = 200
_REFUSALS: Final = frozenset({401, 403})
_LOCAL: Final = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
"""A PROXY protocol header (version 2) of who speaks for nobody else: the command LOCAL."""


class Says(StrEnum):
    """What an answer says about a value."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody says about a value; `reason`: why it says nothing."""

    says: Says
    reason: str = ""


async def ask(
    place: Place,
    headers: Sequence[Header],
    values: Mapping[str, bytes],
    *,
    keyring: Keyring,
    path: str = "",
) -> Verdict:
    """Whether a place accepts secrets of these values, in any of the headers that they are sent in.

    Args:
        place: whom to ask.
        headers: the forms; they are tried one after the other.
        values: of all secrets that stand in them.
        keyring: who is believed and what is shown, where TLS is spoken.
        path: what is asked for; "": the guard.

    Never raises for what a place does.

    """
    verdicts = []
    for header in headers:
        text = b"".join(
            values[part.name] if isinstance(part, SecretRef) else part.encode() for part in header.parts
        )
        verdict = await _asked(place, header.name.encode() + b": " + text, path, keyring)
        if verdict.says is Says.ACCEPTED:
            return verdict
        verdicts.append(verdict)
    silent = [verdict for verdict in verdicts if verdict.says is Says.NOTHING]
    return silent[0] if silent else Verdict(Says.REFUSED)


async def _asked(place: Place, line: bytes, path: str, keyring: Keyring) -> Verdict:
    try:
        async with asyncio.timeout(PATIENCE):
            status, is_guard = await _exchange(place, line, path or GUARD_PATH, keyring)
    except TimeoutError:
        return Verdict(Says.NOTHING, "it does not answer")
    except ssl.SSLCertVerificationError as error:
        return Verdict(Says.NOTHING, f"its certificate is refused: {error.verify_message}")
    except (OSError, ValueError) as error:
        return Verdict(Says.NOTHING, getattr(error, "strerror", None) or "it does not answer in HTTP/1.1")
    if path:
        if 200 <= status <= 299:
            return Verdict(Says.ACCEPTED)
        says = Says.REFUSED if status in _REFUSALS else Says.NOTHING
        return Verdict(says, f"{path} answers {status}")
    if status == 204 and is_guard:
        return Verdict(Says.ACCEPTED)
    if status == 401:
        return Verdict(Says.REFUSED)
    return Verdict(Says.NOTHING, f"no gateline-guard answers there: {GUARD_PATH} gives {status}")


async def _exchange(place: Place, line: bytes, path: str, keyring: Keyring) -> tuple[int, bool]:
    """The status, and whether it is a guard's.

    Raises:
        OSError: nobody answers.
        ValueError: not in HTTP/1.1.

    """
    reader, writer = await _opened(place, tls_context(place, keyring))
    try:
        host = f"{place.host}:{place.port}" if place.host else "localhost"
        lines = (f"GET {path} HTTP/1.1".encode(), f"Host: {host}".encode(), line, b"Connection: close")
        writer.write(b"".join(each + b"\r\n" for each in (*lines, b"")))
        await writer.drain()
        return await _head(reader)
    finally:
        writer.transport.abort()


async def _opened(
    place: Place, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if place.socket:
        reader, writer = await asyncio.open_unix_connection(place.socket, limit=_LONGEST_LINE)
    else:
        reader, writer = await asyncio.open_connection(place.host, place.port, limit=_LONGEST_LINE)
    try:
        if place.proxy_protocol:
            writer.write(_LOCAL)
        if tls is not None:
            await writer.start_tls(tls, server_hostname=server_name(place))
            check_identity(place, writer.get_extra_info("peercert") or {})
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer


async def _head(reader: asyncio.StreamReader) -> tuple[int, bool]:
    words = (await reader.readline()).split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ValueError("no status line")
    is_guard = False
    for _ in range(_MOST_LINES):
        line = await reader.readline()
        if not line.strip():
            return int(words[1]), is_guard
        name, _, value = line.decode("latin-1").partition(":")
        is_guard |= name.strip().lower() == _GUARD_HEADER and value.strip() == "1"
    raise ValueError("too many headers")
