"""The host as an ASGI application on a Unix socket.

The script's questions are answered by `protocol.py`. The endpoint here is plain ASGI, without Request objects.
Nothing is logged here, since everything that a client sends stands in the requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, TypeVar

import uvicorn
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from gateline.dataplane import keys
from gateline.functions.places import source_of
from gateline.host.asserting import NotBound
from gateline.host.assertions import NotSigned
from gateline.host.bodies import PIECE, Bodies, Body, NoRoom
from gateline.host.inspect import NotInspected
from gateline.host.invoke import Invocation, Refused, refusal
from gateline.host.protocol import HEADERS, TARGET, log_fault, protocol_for
from gateline.host.service import Service
from gateline.host.target import Asked, NoTarget
from gateline.host.target import refusal as target_refusal
from gateline.integrations.alb_response import LARGEST_BODY
from gateline.integrations.outgoing import RawHeaders
from gateline.integrations.proxy_response import ProxyResponse

T = TypeVar("T")

LOOK_AFTER_SECONDS: Final = 0.05
"""When it begins to matter whether the caller is still there; most answers come before."""

DRAIN_SECONDS: Final = 8
_KEEP_ALIVE_SECONDS: Final = (
    24 * 3600
)  # Envoy ends what is idle; if both did, it would meet a closing connection
_BODILESS: Final = frozenset({204, 304})
_CALL: Final = keys.CALL_HEADER.encode()


class HostServer(uvicorn.Server):
    """A server whose signals are handled by whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: uvicorn would raise them again when all is done."""
        yield


def application(service: Service) -> ASGIApp:
    """What answers all but the script's questions, which the protocol answers."""
    bodies = Bodies()
    targets = _Target(service, bodies)
    rest = Router(
        routes=[
            Route("/invoke", _Invoke(service, bodies)),
            Route("/inspect", _Inspect(service, bodies)),
            Route("/bind", _Bind(service, bodies)),
        ],
        redirect_slashes=False,
    )

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await (targets if TARGET in scope else rest)(scope, receive, send)

    return answer


def server(service: Service) -> HostServer:
    """The server; run `serve(sockets=[...])`, set `should_exit` to drain and end it."""
    return HostServer(
        uvicorn.Config(
            application(service),
            loop="none",  # whoever runs it has chosen
            http=protocol_for(service),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )


class _TooLarge(Exception):
    """A body over its limit."""


class _Gone(Exception):
    """The caller has gone away."""


class _Invoke:
    def __init__(self, service: Service, bodies: Bodies) -> None:
        self._service = service
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[tuple[bytes, bytes]] = scope[HEADERS]
        with ExitStack() as held:
            try:
                invocation = held.enter_context(self._service.invoke.place(_described(scope)))
                source = source_of(invocation.call.source_ip)
                room = held.enter_context(self._bodies.body(source))
                response = await self._answered(invocation, tuple(headers), receive, room)
                room.grow(len(response.body))
            except _Gone:
                return
            except (Refused, NoRoom):
                response = refusal()
            except Exception as error:  # noqa: BLE001 - a fault of ours is closed too
                log_fault(error)
                response = refusal()
            await _send(send, response.status, list(_encoded(response)), response.body)

    async def _answered(
        self, invocation: Invocation, headers: RawHeaders, receive: Receive, room: Body
    ) -> ProxyResponse:
        invoke = self._service.invoke
        try:
            # Nothing here keeps the body: whoever gets it lets it go as soon as it can.
            work = invoke(invocation, headers, await _body(receive, invocation.largest_body, room), room)
        except _TooLarge:
            return invoke.too_large(invocation, headers)
        return await _while_there(work, receive)


class _Target:
    """Requests that balancers forward to functions."""

    def __init__(self, service: Service, bodies: Bodies) -> None:
        self._targets = service.targets
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[tuple[bytes, bytes]] = scope[HEADERS]
        with ExitStack() as held:
            try:
                asked = held.enter_context(
                    self._targets.place(scope["method"], scope[TARGET], tuple(headers))
                )
                room = held.enter_context(self._bodies.body(asked.source))
                response = await self._answered(asked, receive, room)
                room.grow(len(response.body))
            except _Gone:
                return
            except (NoTarget, NoRoom):
                response = target_refusal(502, "LambdaThrottling")
            except Exception as error:  # noqa: BLE001 - a fault of ours is closed too
                log_fault(error)
                response = target_refusal(502, "LambdaServiceException")
            await _send(send, response.status, list(_encoded(response)), response.body)

    async def _answered(self, asked: Asked, receive: Receive, room: Body) -> ProxyResponse:
        if asked.is_upgrade:
            # what comes behind it on its connection is no request
            return target_refusal(400, "LambdaWebSocketNotSupported", closes=True)
        try:
            work = self._targets(asked, await _body(receive, LARGEST_BODY, room))
        except _TooLarge:
            return target_refusal(413, "LambdaRequestTooLarge")
        return await _while_there(work, receive)


class _Inspect:
    def __init__(self, service: Service, bodies: Bodies) -> None:
        self._inspect = service.inspect
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[tuple[bytes, bytes]] = scope[HEADERS]
        status, reply = 500, b""
        with ExitStack() as held:
            try:
                inspection = held.enter_context(self._inspect.place(_described(scope)))
                room = held.enter_context(self._bodies.body(source_of(inspection.call.source_ip)))
                body = await _body(receive, keys.BODY_LIMIT, room)
                reply = await _while_there(self._inspect(inspection, tuple(headers), body), receive)
                status = 200
            except _Gone:
                return
            except (_TooLarge, NotInspected, NoRoom):
                pass
            except Exception as error:  # noqa: BLE001 - a fault of ours is closed too
                log_fault(error)
            await _send(send, status, [], reply)


class _Bind:
    def __init__(self, service: Service, bodies: Bodies) -> None:
        self._bind = service.assert_request
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[tuple[bytes, bytes]] = scope[HEADERS]
        status, reply = 500, b""
        with ExitStack() as held:
            try:
                bound = held.enter_context(self._bind.place(_described(scope)))
                room = held.enter_context(self._bodies.body(source_of(bound.source_ip)))
                body = await _body(receive, keys.BODY_LIMIT, room)
                reply = await _while_there(self._bind(bound, tuple(headers), body), receive)
                status = 200
            except _Gone:
                return
            except (_TooLarge, NotBound, NotSigned, NoRoom):
                pass
            except Exception as error:  # noqa: BLE001 - a fault of ours is closed too
                log_fault(error)
            await _send(send, status, [], reply)


def _described(scope: Scope) -> bytes:
    return b"".join(value for name, value in scope["headers"] if name == _CALL)


async def _body(receive: Receive, limit: int, room: Body) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _Gone
        part = message["body"]
        parts.append(part)
        size += len(part)
        if size > limit:
            raise _TooLarge
        room.arrive(size)
        if not message["more_body"]:
            room.arrived()
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _while_there(work: Awaitable[T], receive: Receive) -> T:
    """What the work yields, unless the caller goes away first: then the work is cancelled."""
    task = asyncio.current_task()
    assert task is not None
    watching: list[asyncio.Task[None]] = []
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        task.cancel()

    loop = asyncio.get_running_loop()
    timer = loop.call_later(LOOK_AFTER_SECONDS, lambda: watching.append(loop.create_task(watch())))
    try:
        return await work
    except asyncio.CancelledError:
        if gone:
            task.uncancel()
            raise _Gone from None
        raise
    finally:
        timer.cancel()
        for watcher in watching:
            watcher.cancel()


def _encoded(response: ProxyResponse) -> Iterator[tuple[bytes, bytes]]:
    for name, value in response.headers:
        yield name.encode("latin-1"), value.encode(errors="replace")


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    if status not in _BODILESS:
        headers.append((b"content-length", b"%d" % len(body)))
    start: dict[str, Any] = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    last = max(len(body) - 1, 0) // PIECE * PIECE
    for begin in range(0, last, PIECE):  # each waits until the one before is on its way
        piece = body[begin : begin + PIECE]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": body[last:]})
