"""A server that speaks HTTP/2 and nothing else, without TLS: it answers every request with its name and the path.

with Http2Backend("two") as backend:
    ... 127.0.0.1:backend.port ...
"""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError


class Http2Backend:
    """Listens on a free port of 127.0.0.1 while it is entered. `seen`: what health checks and clients asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[dict[str, str]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            each.close()
        for thread in self._threads:
            thread.join()

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(30)
            self._open.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        state = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        state.initiate_connection()
        asked: dict[int, dict[str, str]] = {}
        try:
            connection.sendall(state.data_to_send())
            while data := connection.recv(65536):
                for event in state.receive_data(data):
                    if isinstance(event, RequestReceived):
                        asked[event.stream_id] = {str(k): str(v) for k, v in event.headers}
                    elif isinstance(event, DataReceived):
                        state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, StreamEnded):
                        self._answer(state, event.stream_id, asked.pop(event.stream_id))
                connection.sendall(state.data_to_send())
        except (OSError, ProtocolError):
            return

    def _answer(self, state: H2Connection, stream: int, request: dict[str, str]) -> None:
        self.seen.append(request)
        body = f"{self.name} {request[':path']}".encode()
        state.send_headers(stream, [(":status", "200"), ("content-length", str(len(body)))])
        state.send_data(stream, body, end_stream=True)
