"""ADS: Envoy's aggregated discovery service over a Unix socket. Reads and writes, decides nothing.

Messages and method are named by the descriptors of the pinned Envoy (`gateline.compile.wire`), so there is no
generated code. The socket is the user's alone: whoever may open it is given every secret of every route.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf.message import Message

from gateline.compile import wire
from gateline.control.exchange import Request, Respond
from gateline.control.publication import Publisher, Session
from gateline.errors import AddressInUse, GatelineError

_PACKAGE: Final = "envoy.service.discovery.v3"
SERVICE: Final = f"{_PACKAGE}.AggregatedDiscoveryService"
METHOD: Final = "DeltaAggregatedResources"

_UNLIMITED: Final = -1
_OPTIONS: Final = (
    ("grpc.max_send_message_length", _UNLIMITED),  # ten thousand routes are megabytes
    ("grpc.max_receive_message_length", _UNLIMITED),
)


@asynccontextmanager
async def serve_ads(publisher: Publisher, path: Path) -> AsyncIterator[None]:
    """Serve the publisher's snapshots at a socket in a folder that only this user may enter.

    Raises:
        AddressInUse: somebody serves there already.
        GatelineError: the socket cannot be made there.

    """
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((_handlers(publisher),))
    _open(server, path)
    await server.start()
    try:
        yield
    finally:
        await server.stop(grace=None)
        path.unlink(missing_ok=True)  # noqa: ASYNC240


def _open(server: grpc.aio.Server, path: Path) -> None:
    _refuse_if_served(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        server.add_insecure_port(f"unix:{path}")
        path.chmod(0o600)  # nobody else could enter the folder in between
    except (OSError, RuntimeError) as error:
        message = f"cannot open the control socket {path}: {error}"
        raise GatelineError(message) from error


def _refuse_if_served(path: Path) -> None:
    """The server would take the socket of a living server away without a word."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return  # missing, or left behind by a server that is gone
    message = f"another process serves at {path}"
    raise AddressInUse(message)


def _handlers(publisher: Publisher) -> Any:  # noqa: ANN401
    async def serve(requests: AsyncIterator[Any], context: Any) -> None:  # noqa: ANN401
        await _Stream(context.write).serve(publisher, requests)

    handler = grpc.stream_stream_rpc_method_handler(
        serve,
        request_deserializer=wire.message_class(f"{_PACKAGE}.DeltaDiscoveryRequest").FromString,
        response_serializer=_serialized,
    )
    return grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler})


class _Stream:
    """The stream to one Envoy. What is to be sent waits in a queue: the state machine never blocks."""

    def __init__(self, write: Callable[[Message], Awaitable[None]]) -> None:
        self._write = write
        self._outbox: asyncio.Queue[Respond | None] = asyncio.Queue()

    def send(self, response: Respond) -> None:
        """Send a response after those before it."""
        self._outbox.put_nowait(response)

    def hang_up(self) -> None:
        """End the stream after what is to be sent."""
        self._outbox.put_nowait(None)

    async def serve(self, publisher: Publisher, requests: AsyncIterator[Any]) -> None:
        """Serve until one side ends it."""
        first = await anext(requests, None)
        if first is None:
            return
        session = publisher.connect(first.node.id, self)
        try:
            session.take(_request(first))
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(self._read(session, requests))
                while (response := await self._outbox.get()) is not None:
                    await self._write(_response(response))
                reader.cancel()
        finally:
            session.close()

    async def _read(self, session: Session, requests: AsyncIterator[Any]) -> None:
        async for request in requests:
            session.take(_request(request))
        self.hang_up()


def _request(message: Any) -> Request:  # noqa: ANN401
    return Request(
        type_url=message.type_url,
        subscribe=frozenset(message.resource_names_subscribe),
        unsubscribe=frozenset(message.resource_names_unsubscribe),
        known=dict(message.initial_resource_versions),
        nonce=message.response_nonce,
        refusal=message.error_detail.message if message.HasField("error_detail") else None,
    )


def _response(response: Respond) -> Message:
    return wire.new(
        f"{_PACKAGE}.DeltaDiscoveryResponse",
        type_url=response.type_url,
        nonce=response.nonce,
        removed_resources=response.removed,
        resources=[
            {
                "name": each.name,
                "version": each.version,
                "resource": {"type_url": response.type_url, "value": each.encoded},
            }
            for each in response.resources
        ],
    )


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()
