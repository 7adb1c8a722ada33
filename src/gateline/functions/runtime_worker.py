"""One process that speaks the Lambda Runtime API, with the port that only it may talk to."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from gateline.functions.answer import Answer
from gateline.functions.output import Output
from gateline.functions.pool import Keeper
from gateline.functions.runtime_api import Asked, Invocation, RuntimeApi, Told, trace_id
from gateline.functions.runtime_peer import is_of_worker
from gateline.functions.runtime_server import RuntimeServer
from gateline.functions.speech import Said, Tell, Trouble
from gateline.model.function import Function
from gateline.processes.isolation import NOBODY_ELSE, Command, ending, start

LEAVE_SECONDS: Final = 0.5
"""What a worker may take to end after it told that it cannot start: official clients print, then exit."""

_FIRST_WORDS: Final = 20  # lines
_MILLISECOND: Final = timedelta(milliseconds=1)


class RuntimeWorker:
    """A `pool.Worker`, and the listener of its own Runtime API. Needs a running event loop.

    `command` is what to start, but for its output and AWS_LAMBDA_RUNTIME_API.

    Raises:
        OSError: there is no port or no process to be had.

    """

    def __init__(self, function: Function, command: Command, keeper: Keeper, tell: Tell) -> None:
        self._function = function
        self._keeper = keeper
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._api = RuntimeApi(self)
        self._server = RuntimeServer(self._answer, self._admit)
        self._output = Output(function.name, self._hear)
        self._first_words: deque[str] = deque(maxlen=_FIRST_WORDS)  # until it has started
        self._uid = os.geteuid() if command.uid == NOBODY_ELSE else command.uid
        self._request_id = ""
        self._was_refused = False
        self._has_started = False
        self._had_visitors = False
        self._why = ""
        try:
            self._child = start(self._completed(command))
        except BaseException:
            self._output.close()
            self._server.abandon()
            raise
        self._output.started()
        self._life = self._loop.create_task(self._live())

    def take(self, event: bytes, *, request_id: str, invoked_arn: str) -> None:
        """Begin an invocation."""
        self._output.begin(request_id)
        self._request_id = request_id
        self._was_refused = False
        self._api.hand(
            Invocation(
                request_id=request_id,
                event=event,
                deadline_ms=time.time_ns() // 1_000_000 + self._function.timeout // _MILLISECOND,
                invoked_arn=invoked_arn,
                trace_id=trace_id(request_id),
            )
        )

    def kill(self) -> None:
        """End it at once, with all that it started."""
        self._child.kill()

    def ready(self) -> None:
        """The worker asks for an event."""
        self._has_started = True
        self._first_words.clear()
        self._output.end()
        self._request_id = ""
        self._keeper.ready(self)

    def answered(self, answer: Answer) -> None:
        """The worker answered."""
        self._keeper.answered(self, answer)

    def not_started(self, why: str) -> None:
        """The worker told why it cannot start: it is of no use any more."""
        self._why = why
        self._loop.call_later(LEAVE_SECONDS, self._child.kill)

    def _completed(self, command: Command) -> Command:
        stdout, stderr = self._output.writers
        environment: Mapping[str, str] = {
            **command.environment,
            "AWS_LAMBDA_RUNTIME_API": self._server.address,
        }
        return replace(command, environment=environment, stdout=stdout, stderr=stderr)

    async def _live(self) -> None:
        try:
            await self._server.open()
        except OSError as error:
            self._why = f"no port can be opened: {error}"
            self.kill()
        status = await self._child.ended
        await self._server.close()
        self._output.close()
        why = self._why or f"ended with {ending(status)}"
        if not self._has_started and not self._why:
            why = "\n".join((f"{why} before it asked for an event", *self._first_words))
        self._keeper.ended(self, why)

    def _hear(self, words: Said | Trouble) -> None:
        if not self._has_started and isinstance(words, Said):
            self._first_words.append(words.text)  # they may say why it cannot start
        self._tell(words)

    async def _answer(self, asked: Asked) -> Told:
        told = await self._api.answer(asked)
        if told.status >= 400 and not self._was_refused:  # once for each invocation: it may go on for ever
            self._was_refused = True
            text = f"the Runtime API refused {asked.method} {asked.path}: {told.status} {told.body.decode()}"
            self._tell(Trouble(self._function.name, self._request_id, text))
        return told

    async def _admit(self, peer_port: int, own_port: int) -> bool:
        session = self._child.pid  # it leads a session of its own
        if await asyncio.to_thread(is_of_worker, peer_port, own_port, uid=self._uid, session=session):
            return True
        if not self._child.ended.done() and not self._had_visitors:  # once: they may come for ever
            self._had_visitors = True
            text = "a process that is not the function's tried to speak to its Runtime API, and was refused"
            self._tell(Trouble(self._function.name, self._request_id, text))
        return False
