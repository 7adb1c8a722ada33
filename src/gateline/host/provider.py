"""The way to a provider: its token endpoint, its user info and its keys; bounded in time, in size and in number.

Redirects are not followed, proxies of the environment not used, names that lead to addresses of a cloud's metadata
not gone to. TLS is verified against the system's authorities, or those of the login's own file.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpcore2

from gateline.identity.endpoint import endpoint_fault
from gateline.model.address import forbidden_reason

PATIENCE: Final = 8.0
"""Seconds from the first byte that is sent to the last that is read."""

_ALWAYS: Final = (
    ("User-Agent", "gateline"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
)
_KEPT_SECONDS: Final = 1.0  # of an idle connection: less than servers wait


class ProviderUnreachable(Exception):
    """There is no answer. Says why, without any value."""


class ProviderTimeout(ProviderUnreachable):
    """There is none in time."""


class AnswerTooLarge(Exception):
    """An answer of more bytes than were allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReply:
    """What a provider answered."""

    status: int
    body: bytes = field(repr=False)


class Provider:
    """Asks providers that are believed by the same authorities. For one event loop.

    Args:
        ca: their certificates (PEM); "": the system's.
        patience: seconds.

    Raises:
        ValueError: `ca` holds none.

    """

    def __init__(self, ca: str = "", *, patience: float = PATIENCE) -> None:
        self._patience = patience
        # Bundles name authorities in any letters, between certificates. Never empty: that would be the system's.
        certificates = ca.encode("ascii", "ignore").decode("ascii") + "\n"
        try:
            context = ssl.create_default_context(cadata=certificates if ca else None)
        except ssl.SSLError:
            raise ValueError("no certificates of authorities") from None
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=None,  # whoever asks keeps count
            keepalive_expiry=_KEPT_SECONDS,
            network_backend=_Careful(),
        )

    async def ask(
        self, method: str, url: str, *, headers: Sequence[tuple[str, str]], body: bytes = b"", largest: int
    ) -> ProviderReply:
        """Send a request and read the answer.

        Raises:
            ProviderTimeout: it takes too long.
            ProviderUnreachable: it cannot be had, or may not be asked for.
            AnswerTooLarge: it is more than `largest` bytes.

        """
        if fault := endpoint_fault(url):
            raise ProviderUnreachable(fault)
        said: list[tuple[bytes | str, bytes | str]] = [*_ALWAYS, *headers]
        try:
            async with (
                asyncio.timeout(self._patience),
                self._pool.stream(method, url, headers=said, content=body) as answer,
            ):
                read = bytearray()
                async for part in answer.aiter_stream():
                    read += part
                    if len(read) > largest:
                        raise AnswerTooLarge
                return ProviderReply(status=answer.status, body=bytes(read))
        except (TimeoutError, httpcore2.TimeoutException):
            raise ProviderTimeout(f"no answer within {self._patience:g} seconds") from None
        except (
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
            httpcore2.UnsupportedProtocol,
            OSError,
        ) as error:
            raise ProviderUnreachable(type(error).__name__) from None

    async def close(self) -> None:
        """Close its connections."""
        await self._pool.aclose()


class _Careful(httpcore2.AsyncNetworkBackend):
    """Connects to the addresses of a name that may be gone to, one after another until one answers."""

    def __init__(self) -> None:
        self._sockets = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect.

        Raises:
            ConnectError: nobody answers.

        """
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError("no address") from None
        addresses = dict.fromkeys(str(each[4][0]) for each in found)
        for address in addresses:
            if forbidden_reason(address):
                continue
            try:
                return await self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, OSError):
                continue
        raise httpcore2.ConnectError("nobody answers at any address")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
