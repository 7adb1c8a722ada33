"""The way to the backends of `http` integrations: through Envoy's egress listener, on a Unix socket.

The host says a request whole; Envoy adds secrets, picks the cluster and connects (compile/egress.py). Whatever Envoy
answers by itself carries its flags, and becomes the refusal that compile/local_reply.py would have given.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Final

import h11

from gateline.dataplane import keys
from gateline.host.connection import Grow, Pool, head
from gateline.integrations.outgoing import (
    BackendAnswer,
    HttpRequest,
    RawHeaders,
    Refusal,
    configuration_error,
)

_KEPT_SECONDS: Final = 23 * 3600.0  # Envoy keeps them for a day
_TIMEOUTS: Final = frozenset({"UT", "SI", "UMSDR"})
_REMAPPED: Final = b"x-amzn-remapped-"
_COPIED: Final = frozenset(
    {b"connection", b"content-length", b"upgrade"}
)  # Envoy's own; the backend's are renamed
_LARGEST_HEAD: Final = 94 * 1024
"""Bytes of a request's head, of which the egress listener takes 96 kB."""
_MOST_HEADERS: Final = 100
_BETWEEN: Final = 4  # a colon, a space, a line's end
_NO_ENDPOINT: Final = frozenset({"UH", "NC", "UO", "NR"})


class Egress:
    """Envoy's egress listener. `socket` need not exist yet: Envoy makes it when a configuration needs it."""

    def __init__(self, socket: Path) -> None:
        self._pool = Pool(lambda: asyncio.open_unix_connection(socket), kept_seconds=_KEPT_SECONDS)

    async def send(self, request: HttpRequest, *, scope: str, route: str, grow: Grow) -> BackendAnswer:
        """Send a request to its backend, and wait for the answer: Envoy's route knows how long.

        Args:
            request: the request; its headers are sent as they are.
            scope: of the stage at the egress listener.
            route: of the method there.
            grow: told the size of the answer's body as it comes.

        Raises:
            Refusal: there is no answer of a backend's; the client gets this gateway response.

        """
        headers = [("Host", request.authority), (keys.SCOPE_HEADER, scope), (keys.EGRESS_HEADER, route)]
        said = head(request.verb, request.target, headers + list(request.headers), request.body)
        _check_size(said)
        answer = await self._pool.exchange(said, request.body, grow)
        _refuse_failure(answer)
        return replace(answer, headers=_as_sent(answer.headers))

    def close(self) -> None:
        """Close what is idle."""
        self._pool.close()


def _check_size(said: h11.Request) -> None:
    """Refuse a head that Envoy would answer by itself, in a way that looks like a backend's.

    Raises:
        Refusal: 500, it is too large: templates make heads of what clients send.

    """
    size = len(said.target) + sum(len(name) + len(value) + _BETWEEN for name, value in said.headers)
    if size > _LARGEST_HEAD or len(said.headers) > _MOST_HEADERS:
        raise configuration_error("the head of the request is too large")


def _as_sent(headers: RawHeaders) -> tuple[tuple[bytes, bytes], ...]:
    """The headers as the backend named them: clusters rename some for clients of proxies (compile/remap.py)."""
    return tuple(
        (name.lower().removeprefix(_REMAPPED), value)
        for name, value in headers
        if name.lower() not in _COPIED
    )


def _refuse_failure(answer: BackendAnswer) -> None:
    """No backend answers with this header: Envoy takes it away."""
    flags = [value.decode() for name, value in answer.headers if name.lower() == keys.FAILURE_HEADER.encode()]
    if not flags:
        return
    named = set(flags[0].split(","))
    if named & _TIMEOUTS:
        raise Refusal("INTEGRATION_TIMEOUT", reason=f"no answer in time ({flags[0]})")
    if named & _NO_ENDPOINT:
        raise configuration_error(f"there is no endpoint ({flags[0]})")
    raise Refusal("INTEGRATION_FAILURE", reason=f"the endpoint cannot be reached ({flags[0]})")
