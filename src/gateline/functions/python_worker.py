"""One process that runs `worker.py`, and the gateway's end of its channel.

The channel is a socket pair of its own: standard input and output belong to the function. An event costs one
write and one read, without a task and without asyncio's streams.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateline.functions.answer import Answer, Failed, Fault, Returned
from gateline.functions.error_object import raised, told
from gateline.functions.output import Output
from gateline.functions.pool import LARGEST_PAYLOAD, Keeper
from gateline.functions.speech import Tell
from gateline.processes import isolation
from gateline.processes.isolation import Command, ending

SCRIPT: Final = Path(__file__).with_name("worker.py")

_READ: Final = 64 * 1024  # more would be mapped from the kernel for each event, and given back
_HEAD: Final = struct.Struct("!IIHH")
_ANSWER: Final = struct.Struct("!IIc")
_ENDING_SECONDS: Final = 0.1  # between the end of a process's channel and its own
_LONGEST_FRAME: Final = LARGEST_PAYLOAD + 64 * 1024
"""An error object may be longer than a payload, by its trace; longer ones are no answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the workers of one function are started."""

    function: str  # its name
    arguments: tuple[str, ...]  # the interpreter first
    handed: tuple[str, ...]  # what worker.py gets behind its channel
    environment: Mapping[str, str]
    folder: Path
    uid: int


class PythonWorker:
    """A `pool.Worker`. Starts its process at once; needs a running event loop. Raises what starting raises."""

    def __init__(self, recipe: Recipe, keeper: Keeper, tell: Tell) -> None:
        self._keeper = keeper
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._unsent = b""
        self._sequence = 0
        self._is_busy = True  # it starts
        self._why = ""
        self._killing: asyncio.TimerHandle | None = None
        self._output = Output(recipe.function, tell)
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    self._child = isolation.start(self._command(recipe, theirs.fileno()))
                except BaseException:
                    ours.close()
                    raise
        except BaseException:
            self._output.close()
            raise
        self._output.started()
        ours.setblocking(False)
        self._socket = ours
        self._loop.add_reader(ours, self._readable)
        self._child.ended.add_done_callback(self._ended)

    def _command(self, recipe: Recipe, channel: int) -> Command:
        return Command(
            arguments=(*recipe.arguments, str(SCRIPT), str(channel), *recipe.handed),
            environment=recipe.environment,
            folder=recipe.folder,
            stdout=self._output.writers[0],
            stderr=self._output.writers[1],
            fds=(channel,),
            uid=recipe.uid,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def take(self, event: bytes, *, request_id: str, invoked_arn: str) -> None:
        """Hand it an event."""
        self._is_busy = True
        self._sequence = self._sequence % 0xFFFFFFFF + 1  # 0 is the start
        self._output.begin(request_id)
        rid, arn = request_id.encode(), invoked_arn.encode()
        length = len(rid) + len(arn) + len(event) + _HEAD.size - 4
        self._send(b"".join((_HEAD.pack(length, self._sequence, len(rid), len(arn)), rid, arn, event)))

    def kill(self) -> None:
        """End it with its process group."""
        self._child.kill()

    def _send(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it is gone, which is seen elsewhere
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.add_writer(self._socket, self._writable)

    def _writable(self) -> None:
        self._loop.remove_writer(self._socket)
        self._send(self._unsent)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._socket)
            self._killing = self._loop.call_later(_ENDING_SECONDS, self._lose, "it closed its channel")
            return
        if self._received:
            self._received += data
            data = bytes(self._received)
        length = int.from_bytes(data[:4], "big")
        if len(data) < max(4 + length, _ANSWER.size) and length <= _LONGEST_FRAME:
            self._received = bytearray(data)
            return
        self._received.clear()
        self._frame(data)

    def _frame(self, data: bytes) -> None:
        """One whole frame, and nothing behind it: a worker only speaks when it was asked."""
        length, sequence, kind = _ANSWER.unpack_from(data)
        payload = data[_ANSWER.size :]
        if not self._is_busy or sequence != self._sequence or len(data) != 4 + length:
            kind = b""
        if sequence == 0 and kind == b"I":
            self._why = told(payload)
            return  # it ends now
        is_start = sequence == 0 and kind == b"K"
        answer = None if is_start else _answer(kind, payload)
        if answer is None and not is_start:
            self._refuse()
            return
        self._is_busy = False
        self._output.end()
        if answer is not None:
            self._keeper.answered(self, answer)
        self._keeper.ready(self)

    def _refuse(self) -> None:
        text = "it wrote to the gateway's channel what is no answer"
        self._loop.remove_reader(self._socket)
        if self._is_busy and self._sequence:
            self._output.end()
            self._keeper.answered(self, Failed(Fault.INVALID, text))
        self._lose(text)

    def _lose(self, why: str) -> None:
        """It cannot be talked with any more."""
        self._why = self._why or why
        self._child.kill()

    def _ended(self, ended: asyncio.Future[int]) -> None:
        if self._killing is not None:
            self._killing.cancel()
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        self._output.close()
        how = f"the process ended with {ending(ended.result())}"
        if self._sequence == 0 and self._is_busy:
            how = f"did not start: {self._why or how}"
        elif self._why:
            how = f"{how}: {self._why}"
        self._keeper.ended(self, how)


def _answer(kind: bytes, payload: bytes) -> Answer | None:
    match kind:
        case b"R" if len(payload) <= LARGEST_PAYLOAD:
            return Returned(payload)
        case b"E":
            return raised(payload)
        case b"L" | b"R":
            return Failed(Fault.TOO_LARGE, f"an answer of more than {LARGEST_PAYLOAD} bytes")
        case _:
            return None
