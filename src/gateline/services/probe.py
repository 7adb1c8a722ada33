"""The health check of a target group, asked by ourselves: once, over TCP or a Unix socket.

As the balancer asks (load-balancers.md section 8.2): a new connection each time, no redirect followed, the target's
certificate not verified. A target that lets in nobody without one is shown the gateway's. What does not answer like
HTTP/1.x is not well.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from gateline.model.secret import Certificate
from gateline.model.target_group import HealthCheck, TargetProtocol
from gateline.services.port import LOOPBACK

USER_AGENT: Final = "ELB-HealthChecker/2.0"

LONGEST_LINE: Final = 16_384
"""Bytes of a line of an answer's head."""

MOST_LINES: Final = 200
"""Lines of all heads of an answer together, informational ones too."""

PATIENCE: Final = 0.5
"""Seconds for the rest of an answer of which the status is known."""

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r?\n")


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the target is well. `reason`: why not, in Amazon's words (a word of ours in brackets behind them)."""

    well: bool
    reason: str = ""


async def probe(
    check: HealthCheck, *, port: int = 0, socket: str = "", shown: Certificate | None = None
) -> Answer:
    """Ask the target at this port of loopback, or at this Unix socket, once.

    A check with a port of its own asks there. Over HTTPS the target is `shown` a certificate. Never raises for what a
    target does.
    """
    try:
        async with asyncio.timeout(check.timeout.total_seconds()) as limit:
            tls = _unverified(shown) if check.protocol is TargetProtocol.HTTPS else None
            return await _asked(check, check.port or port, "" if check.port else socket, tls, limit)
    except TimeoutError:
        return Answer(well=False, reason="Request timed out")
    except OSError as fault:
        said = fault.strerror or type(fault).__name__
        return Answer(well=False, reason=f"Health checks failed ({said})")


async def _asked(
    check: HealthCheck, port: int, socket: str, tls: ssl.SSLContext | None, limit: asyncio.Timeout
) -> Answer:
    name = "localhost" if tls else None
    if socket:
        reader, writer = await asyncio.open_unix_connection(
            socket, limit=LONGEST_LINE, ssl=tls, server_hostname=name
        )
    else:
        reader, writer = await asyncio.open_connection(
            LOOPBACK, port, limit=LONGEST_LINE, ssl=tls, server_hostname=name
        )
    try:
        if check.protocol is TargetProtocol.TCP:
            return Answer(well=True)
        writer.write(_request(check.path, "localhost" if socket else f"{LOOPBACK}:{port}"))
        await writer.drain()
        status = await _status(reader)
        limit.reschedule(None)  # the answer is known
        if status is not None:
            await _rest(reader)
    finally:
        writer.transport.abort()  # a farewell over TLS could take as long as it likes
    if status is None:
        return Answer(well=False, reason="Health checks failed (the answer is not HTTP)")
    if any(first <= status <= last for first, last in check.matcher):
        return Answer(well=True)
    return Answer(well=False, reason=f"Health checks failed with these codes: [{status}]")


def _request(path: str, host: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", f"Host: {host}", f"User-Agent: {USER_AGENT}", "Connection: close")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


async def _status(reader: asyncio.StreamReader) -> int | None:
    """The status of the final answer; None where it is not HTTP/1.x. The head is read to its end."""
    status: int | None = None
    for _ in range(MOST_LINES):
        try:
            line = await reader.readline()
        except ValueError:  # longer than any that an honest server sends
            return None
        if status is None:
            found = _STATUS_LINE.fullmatch(line)
            if found is None:
                return None
            status = int(found[1])
        elif not line.strip():
            if status >= 200:
                return status
            status = None  # informational; another one follows
    return None


async def _rest(reader: asyncio.StreamReader) -> None:
    """Take in what an honest server still writes: it would see its connection broken, and many say so in their logs."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            for _ in range(MOST_LINES):
                if not await reader.read(LONGEST_LINE):
                    return


def _unverified(shown: Certificate | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if shown is not None:
        show(context, shown)
    return context


def show(context: ssl.SSLContext, certificate: Certificate) -> None:
    """Have a certificate shown to whoever asks for one.

    Raises:
        OSError: it is none, or its key is another's.

    """
    # The library reads files alone; these have no name, so nobody finds the key and nothing of it stays.
    with tempfile.TemporaryFile() as chain, tempfile.TemporaryFile() as key:
        for file, content in ((chain, certificate.chain), (key, certificate.private_key.reveal())):
            file.write(content)
            file.seek(0)
        context.load_cert_chain(f"/dev/fd/{chain.fileno()}", f"/dev/fd/{key.fileno()}")
