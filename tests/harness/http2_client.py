r"""An HTTP/2 client (prior knowledge; TLS by tls_client.py) that sends any frames it is told to, broken ones too.

with Http2Connection(port) as connection:
    outcome = connection.request([(b":method", b"GET"), ...])
    assert outcome.status == 200

connection.send(RstStreamFrame(1))            # any frame of hyperframe
connection.send_header_block(1, block)        # any bytes as a header block
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from hpack import Decoder, Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)

from harness.raw_client import RawConnection

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
Headers = Iterable[tuple[bytes, bytes]]


@dataclass(slots=True)
class Outcome:
    """What became of a request. Neither `status` nor `reset`: the connection ended before an answer."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    reset: int | None = None  # the error code of RST_STREAM

    @property
    def refused(self) -> bool:
        """Whether the gateway gave anything but a good answer."""
        return self.status == 0 or 400 <= self.status < 500


class Http2Connection:
    """A connection that has sent its preface and settings. `receive_buffer` as RawConnection has it.

    `over` is an open connection to be used, of TLS for example.
    """

    def __init__(
        self, port: int, *, receive_buffer: int | None = None, over: RawConnection | None = None
    ) -> None:
        self._raw = over or RawConnection(port, receive_buffer=receive_buffer)
        self._encoder = Encoder()
        self._decoder = Decoder()
        self._unread = b""
        self._next_stream = 1
        self._pings = 0
        self.goaway: int | None = None  # the error code of GOAWAY
        self._raw.send(PREFACE + SettingsFrame(0).serialize())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.__exit__(kind, error, trace)

    def send(self, *frames: Frame) -> None:
        """Send frames in one write."""
        self._raw.send(b"".join(frame.serialize() for frame in frames))

    def encode(self, headers: Headers) -> bytes:
        """A header block without Huffman coding, so that each byte of it may be changed."""
        return self._encoder.encode(list(headers), huffman=False)

    def new_stream(self) -> int:
        """The number of the next stream."""
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        return stream

    def send_header_block(self, stream: int, block: bytes, *, end_stream: bool = True) -> None:
        """Send the block as one HEADERS frame."""
        flags = ["END_HEADERS", *(["END_STREAM"] if end_stream else [])]
        self.send(HeadersFrame(stream, block, flags=flags))

    def request(self, headers: Headers, *, body: bytes | None = None, trailers: Headers = ()) -> Outcome:
        """Send a request on a new stream and wait for what becomes of it."""
        stream = self.new_stream()
        block = self.encode(headers)
        trailing = self.encode(trailers) if trailers else b""
        self.send_header_block(stream, block, end_stream=body is None and not trailing)
        if body is not None:
            self.send(DataFrame(stream, body, flags=[] if trailing else ["END_STREAM"]))
        if trailing:
            self.send_header_block(stream, trailing)
        return self.outcome(stream)

    def outcome(self, stream: int) -> Outcome:
        """Read until the stream or the connection has ended."""
        outcome = Outcome()
        while (frame := self.receive()) is not None:
            if isinstance(frame, GoAwayFrame) and frame.last_stream_id < stream:
                break
            if frame.stream_id != stream:
                continue
            if isinstance(frame, HeadersFrame):
                self._take_headers(frame, outcome)
            elif isinstance(frame, DataFrame):
                outcome.body += frame.data
            elif isinstance(frame, RstStreamFrame):
                outcome.reset = frame.error_code
                break
            if "END_STREAM" in frame.flags:
                break
        return outcome

    def receive(self) -> Frame | None:
        """The next frame; None when the connection has ended. Settings are acknowledged, pings answered."""
        while True:
            frame = self._take_frame()
            if frame is not None:
                self._answer(frame)
                return frame
            data = self._raw.receive_bytes()
            if not data:
                return None
            self._unread += data

    def is_alive(self) -> bool:
        """Whether the other side still answers a ping."""
        self._pings += 1
        mine = self._pings.to_bytes(8)
        self.send(PingFrame(0, mine))
        while (frame := self.receive()) is not None:
            if isinstance(frame, PingFrame) and "ACK" in frame.flags and frame.opaque_data == mine:
                return True
        return False

    def _take_headers(self, frame: HeadersFrame, outcome: Outcome) -> None:
        pairs = [(bytes(name), bytes(value)) for name, value in self._decoder.decode(frame.data, raw=True)]
        status = int(dict(pairs).get(b":status", b"0"))
        if status >= 200:
            outcome.status = status
            outcome.headers = pairs

    def _answer(self, frame: Frame) -> None:
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.send(SettingsFrame(0, flags=["ACK"]))
        elif isinstance(frame, GoAwayFrame):
            self.goaway = frame.error_code

    def _take_frame(self) -> Frame | None:
        if len(self._unread) < 9:
            return None
        frame, length = Frame.parse_frame_header(memoryview(self._unread[:9]))
        if len(self._unread) < 9 + length:
            return None
        frame.parse_body(memoryview(self._unread[9 : 9 + length]))
        self._unread = self._unread[9 + length :]
        return frame
