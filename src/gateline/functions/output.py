"""What a function prints: read for ever, told line by line, bounded for each invocation.

A function that prints megabytes is neither blocked (its pipes are always read) nor does it fill our memory:
beyond the bound its words are counted and dropped, and that is told once for each invocation.
"""

from __future__ import annotations

import asyncio
import os
import select
from dataclasses import dataclass, field
from typing import Final

from gateline.functions.speech import Said, Tell, Trouble

LONGEST_LINE: Final = 16 * 1024
"""Bytes; a longer line is told in pieces."""

MOST: Final = 256 * 1024
"""Bytes that are told of one invocation, of both streams together."""

_COST_OF_A_LINE: Final = 64  # a line costs memory however short it is
_READ: Final = 64 * 1024  # what a pipe holds


@dataclass(slots=True)
class _Pipe:
    stream: str
    reader: int
    writer: int
    rest: bytearray = field(default_factory=bytearray)


class Output:
    """The two pipes of one child process. Needs a running event loop.

    Give `writers` to the child as standard output and error, then call `started`. Raises `OSError` when no
    pipe can be had.
    """

    def __init__(self, function: str, tell: Tell) -> None:
        self._function = function
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._request_id = ""
        self._left = MOST
        self._dropped = 0
        self._pipes: list[_Pipe] = []
        self._pending = select.poll()
        for stream in ("stdout", "stderr"):
            try:
                pipe = _Pipe(stream, *os.pipe())
            except OSError:
                self.close()
                raise
            self._pipes.append(pipe)
            os.set_blocking(pipe.reader, False)
            self._pending.register(pipe.reader, select.POLLIN)
            self._loop.add_reader(pipe.reader, self._read, pipe)

    @property
    def writers(self) -> tuple[int, int]:
        """The ends for the child: standard output, standard error."""
        return self._pipes[0].writer, self._pipes[1].writer

    def started(self) -> None:
        """The child has its ends, or will never have them: close ours."""
        for pipe in self._pipes:
            if pipe.writer >= 0:
                os.close(pipe.writer)
                pipe.writer = -1

    def begin(self, request_id: str) -> None:
        """What comes from now on belongs to this invocation; "": to none."""
        self._settle()
        self._request_id = request_id

    def end(self) -> None:
        """The invocation is over. What its pipes still hold is its own."""
        self._drain()
        self.begin("")

    def close(self) -> None:
        """Tell what is left and read no more, whoever still holds the other ends."""
        self._drain()
        self._settle()
        self.started()
        for pipe in self._pipes:
            self._shut(pipe)

    def _drain(self) -> None:
        """Read what the pipes hold: once each, since whoever goes on writing would keep us for ever."""
        if self._pending.poll(0):  # one call to the kernel, in place of two reads that raise
            for pipe in self._pipes:
                if pipe.reader >= 0:
                    self._read(pipe)

    def _settle(self) -> None:
        for pipe in self._pipes:
            if pipe.rest:
                self._say(pipe, bytes(pipe.rest))
                pipe.rest.clear()
        if self._dropped:
            text = f"printed {self._dropped} bytes beyond what is shown of one invocation; they were dropped"
            self._tell(Trouble(self._function, self._request_id, text))
            self._dropped = 0
        self._left = MOST

    def _read(self, pipe: _Pipe) -> None:
        try:
            data = os.read(pipe.reader, _READ)
        except BlockingIOError:
            return
        if data:
            self._take(pipe, data)
        else:
            self._shut(pipe)

    def _take(self, pipe: _Pipe, data: bytes) -> None:
        if self._left <= 0:
            self._dropped += len(data) + len(pipe.rest)
            pipe.rest.clear()
            return
        pipe.rest += data
        *lines, rest = bytes(pipe.rest).split(b"\n")
        for line in lines:
            for start in range(0, len(line) or 1, LONGEST_LINE):
                self._say(pipe, line[start : start + LONGEST_LINE])
        while len(rest) > LONGEST_LINE:
            self._say(pipe, rest[:LONGEST_LINE])
            rest = rest[LONGEST_LINE:]
        pipe.rest = bytearray(rest)

    def _say(self, pipe: _Pipe, line: bytes) -> None:
        if self._left <= 0:
            self._dropped += len(line) + 1
            return
        self._left -= len(line) + _COST_OF_A_LINE
        text = line.decode("utf-8", "replace").removesuffix("\r")
        self._tell(Said(self._function, self._request_id, pipe.stream, text))

    def _shut(self, pipe: _Pipe) -> None:
        if pipe.reader >= 0:
            self._loop.remove_reader(pipe.reader)
            self._pending.unregister(pipe.reader)
            os.close(pipe.reader)
            pipe.reader = -1
