"""HTTP on the host's socket: uvicorn's protocol, and the script's questions answered without ASGI.

A caller whose token is new waits for `/authorize`, and pays for every turn of the loop in it. So a question
takes one task and one write; what uvicorn, ASGI and a router would do for it costs more than the decision.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateline.dataplane import keys
from gateline.host.service import Service

LARGEST_QUESTION: Final = 1024 * 1024
"""Bytes of what the script asks: the headers and the path of a request are far below."""

HEADERS: Final = "gateline.headers"
"""Where a scope has the headers as the client spelled them."""

TARGET: Final = "gateline.target"
"""Where a scope has path and query as they came, of a request that was forwarded to a function as a target."""

Ask = Callable[[bytes], Awaitable[bytes]]

_LOGGER: Final = logging.getLogger("gateline.host")
_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b"
_TARGET: Final = keys.TARGET_HEADER.encode()
_NO_QUESTION: Final = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"
_FAULT: Final = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"


class HostProtocol(HttpToolsProtocol):
    """One connection of Envoy's. `service` is set by the subclass that `protocol_for` makes."""

    service: Service

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's business
        super().__init__(*arguments, **named)
        self._questions: dict[bytes, Ask] = {
            b"/authorize": self.service.authorize,
            b"/key": self.service.keys,
            b"/assert": self.service.assert_caller,
            b"/login": self.service.login,
        }
        self._ask: Ask = self.service.authorize
        self._question: bytearray | None = None  # of the request that is read now, if it is one
        self._answering: asyncio.Task[None] | None = None
        self._is_last = False

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._written: list[tuple[bytes, bytes]] = []
        self.scope[HEADERS] = self._written  # type: ignore[typeddict-unknown-key]

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header was read."""
        self._written.append((name, value))
        if len(name) == len(_TARGET) and name.lower() == _TARGET:  # Envoy may keep a client's spelling of it
            self.scope[TARGET] = self.url  # type: ignore[typeddict-unknown-key]
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """All headers were read."""
        if self._answering is not None:  # a second request before the first was answered: not Envoy's way
            self.transport.close()
        elif TARGET in self.scope:  # a client's request, whose path is none of ours
            self.url = b"/"
            super().on_headers_complete()
        elif self.url in self._questions and self.parser.get_method() == b"POST":
            self._question = bytearray()
            self._ask = self._questions[self.url]
            self._is_last = not self.parser.should_keep_alive()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body was read."""
        if self._question is None:
            super().on_body(body)
        elif len(self._question) <= LARGEST_QUESTION:
            self._question += body

    def on_message_complete(self) -> None:
        """The whole request was read."""
        if self._question is None:
            super().on_message_complete()
            return
        question, self._question = bytes(self._question), None
        self._answering = task = self.loop.create_task(self._answer(question))
        self.tasks.add(task)  # a server that ends waits for these
        task.add_done_callback(self.tasks.discard)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: clients of balancers ask for WebSockets, and what they do is not logged."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller has gone away: nobody waits any more."""
        if self._answering is not None:
            self._answering.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End when what is being answered has been."""
        if self._answering is not None:
            self._is_last = True
        else:
            super().shutdown()

    async def _answer(self, question: bytes) -> None:
        reply = await self._replied(question)
        self._answering = None
        self.transport.write(reply)
        if self._is_last:
            self.transport.close()

    async def _replied(self, question: bytes) -> bytes:
        if len(question) > LARGEST_QUESTION:
            return _NO_QUESTION
        try:
            reply = await self._ask(question)
        except ValueError:  # no question; what it says is a client's
            return _NO_QUESTION
        except Exception as error:  # noqa: BLE001 - a fault of ours is closed too
            log_fault(error)
            return _FAULT
        return _ANSWER % (len(reply), reply)


def protocol_for(service: Service) -> type[HostProtocol]:
    """The protocol of connections to this service, as uvicorn takes it."""
    return type("BoundHostProtocol", (HostProtocol,), {"service": service})


def log_fault(error: Exception) -> None:
    """Where it happened, without its words: they may hold what a client sent."""
    place = "".join(traceback.format_tb(error.__traceback__))
    _LOGGER.error("internal error (%s)\n%s", type(error).__name__, place)
