"""A gRPC server with the calls that a test of a proxy asks for, and a health method whose code the test says.

with GrpcBackend() as backend:
    backend.health = grpc.StatusCode.UNAVAILABLE
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, Self

import grpc

SERVICE: Final = "orders.v1.Orders"
HEALTH: Final = "/orders.v1.Orders/Health"


class GrpcBackend:
    """Listens on a free port of 127.0.0.1 while it is entered.

    `Echo` is unary, `Count` streams the numbers below the one that it is sent, `Sum` takes a stream, `Refuse` ends
    with a code, all with bytes as messages. `health` is the code of `HEALTH`.
    """

    def __init__(self, name: str = "grpc") -> None:
        self.health = grpc.StatusCode.OK
        self.metadata: list[dict[str, str]] = []
        self._name = name
        self._server: Any = grpc.server(ThreadPoolExecutor(4))
        handlers = {
            "Echo": grpc.unary_unary_rpc_method_handler(self._echo),
            "Count": grpc.unary_stream_rpc_method_handler(self._count),
            "Sum": grpc.stream_unary_rpc_method_handler(self._sum),
            "Refuse": grpc.unary_unary_rpc_method_handler(self._refuse),
            "Health": grpc.unary_unary_rpc_method_handler(self._health),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        self.port: int = self._server.add_insecure_port("127.0.0.1:0")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(None).wait()

    def _echo(self, message: bytes, context: Any) -> bytes:
        self.metadata.append({key: str(value) for key, value in context.invocation_metadata()})
        context.set_trailing_metadata((("served-by", self._name),))
        return message

    def _count(self, message: bytes, context: Any) -> Iterator[bytes]:  # noqa: ARG002 - gRPC's form
        yield from (str(number).encode() for number in range(int(message)))

    def _sum(self, messages: Iterable[bytes], context: Any) -> bytes:  # noqa: ARG002 - gRPC's form
        return str(sum(map(int, messages))).encode()

    def _refuse(self, message: bytes, context: Any) -> bytes:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, message.decode())
        return b""

    def _health(self, message: bytes, context: Any) -> bytes:
        if self.health is not grpc.StatusCode.OK:
            context.abort(self.health, "not now")
        return message
