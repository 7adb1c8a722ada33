"""Workers of one function: an event at a time for each, a queue with bounds before them.

What a worker is, and how it is made, is its `Workshop`'s business; this is the policy, for processes of any
kind: how many there are, who waits for how long, what becomes of an invocation whose worker dies. No thread
and no task is made for an invocation.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from gateline.functions.answer import Answer, Failed, Fault
from gateline.functions.in_turn import InTurn
from gateline.functions.places import Places
from gateline.functions.speech import Tell, Trouble
from gateline.model.function import Function

LARGEST_PAYLOAD: Final = 6_291_556
"""Bytes of an event or an answer: Lambda's 6 MB, and 100 bytes for what Lambda itself adds."""

MOST_WAITING: Final = 1000
"""Invocations that wait for a worker; the next one is refused at once."""

MOST_WAITING_BYTES: Final = 64 * 1024 * 1024
"""Bytes of their events together."""

START_SECONDS: Final = 10.0
"""What a worker may take to become ready: Lambda's bound for the initialisation."""

GRACE_SECONDS: Final = 1.0
"""An invocation waits for a worker as long as the function may run, and this; longer for the first one's start."""

IDLE_SECONDS: Final = 300.0
"""An idle worker above the minimum is ended after so long."""

_FIRST_BACK_OFF: Final = 0.5
_LONGEST_BACK_OFF: Final = 30.0


class NotStarted(Exception):
    """No worker can be made; the message is for the operator."""


class Worker(Protocol):
    """One process that answers events. What happens to it, it says to its `Keeper`, from the event loop."""

    def take(self, event: bytes, *, request_id: str, invoked_arn: str) -> None:
        """Begin an invocation; `answered` and `ready` follow, or `ended`. Never raises."""

    def kill(self) -> None:
        """End it at once, with all that it started; `ended` follows. May be called more than once."""


class Keeper(Protocol):
    """Whom a worker tells what happens to it."""

    def ready(self, worker: Worker) -> None:
        """It can take an event: it has started, or is done with the last one."""

    def answered(self, worker: Worker, answer: Answer) -> None:
        """What became of its event. It takes the next one only after `ready`."""

    def ended(self, worker: Worker, why: str) -> None:
        """It is no more, and nothing of it is left. Said once, and as the last; `why` is for the operator."""


class Workshop(Protocol):
    """Makes the workers of one function."""

    async def open(self) -> None:
        """Prepare what all workers need; called again after it failed.

        Raises:
            NotStarted: it cannot be prepared.

        """

    def make(self, keeper: Keeper) -> Worker:
        """Start a worker; it reports later, never from within this call.

        Raises:
            NotStarted: no process can be started.

        """

    def close(self) -> None:
        """All workers have ended: leave nothing behind."""


@dataclass(slots=True, eq=False)
class _Job:
    event: bytes
    request_id: str
    invoked_arn: str
    source: str
    answer: asyncio.Future[Answer]
    timer: asyncio.TimerHandle | None = None  # of its wait, then of its run
    is_over: bool = False


class Pool:
    """A `Runner` (and its workers' `Keeper`) that keeps between `minimum` and `maximum` workers."""

    def __init__(self, function: Function, workshop: Workshop, tell: Tell) -> None:
        self._function = function
        self._timeout = function.timeout.total_seconds()
        self._workshop = workshop
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._idle: dict[Worker, float] = {}  # since when; the one used last is the last
        self._busy: dict[Worker, _Job] = {}
        self._starting: dict[Worker, asyncio.TimerHandle] = {}
        self._dying: set[Worker] = set()
        self._waiting = InTurn[_Job]()
        self._places = Places(MOST_WAITING)
        self._room = Places(MOST_WAITING_BYTES)
        self._is_open = False
        self._opening: asyncio.Task[None] | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._why = ""
        self._retiring: asyncio.TimerHandle | None = None
        self._is_closing = False
        self._changed = asyncio.Event()

    def start(self) -> None:
        """Begin to make the minimum of workers ready."""
        self._grow()

    async def invoke(self, event: bytes, *, request_id: str, invoked_arn: str, source: str = "") -> Answer:
        """Hand over an event and wait for the answer. When cancelled: a waiting one goes, a running one runs on.

        Sources that wait are served in turn, so that one with many events keeps no other waiting.
        """
        if len(event) > LARGEST_PAYLOAD:
            return Failed(Fault.TOO_LARGE, f"an event of {len(event)} bytes; {LARGEST_PAYLOAD} are allowed")
        job = _Job(event, request_id, invoked_arn, source, self._loop.create_future())
        if self._idle:
            self._hand(self._idle.popitem()[0], job)
        elif (refusal := self._queue(job)) is not None:
            return refusal
        try:
            return await job.answer
        finally:
            if self._waiting.remove(source, job):  # cancelled
                self._unqueued(job)

    async def close(self) -> None:
        """Let what runs and waits come to its end, or its time; when cancelled, end all of it at once."""
        self._is_closing = True
        try:
            while self._busy or self._waiting:
                await self._change()
        finally:
            await self._end_all()

    def ready(self, worker: Worker) -> None:
        """A worker can take an event."""
        if worker in self._dying:
            return
        if (bound := self._starting.pop(worker, None)) is not None:
            bound.cancel()
            self._failures = 0
        if (done := self._busy.pop(worker, None)) is not None and done.timer is not None:
            done.timer.cancel()
        while self._waiting:
            job = self._waiting.take()
            self._unqueued(job)
            if not job.answer.done():
                self._hand(worker, job)
                return
        self._idle[worker] = self._loop.time()
        if self._retiring is None and self._size() > self._function.minimum:
            self._retiring = self._loop.call_later(IDLE_SECONDS, self._retire)
        if self._is_closing:
            self._changed.set()

    def answered(self, worker: Worker, answer: Answer) -> None:
        """A worker has an answer."""
        job = self._busy.get(worker)
        if job is None:
            return
        if isinstance(answer, Failed):
            self._give_up(job, answer)
            return
        job.is_over = True
        if not job.answer.done():  # cancelled: nobody waits for it
            job.answer.set_result(answer)

    def ended(self, worker: Worker, why: str) -> None:
        """A worker is no more: answer for it, and replace it unless it died for no event's sake."""
        if (bound := self._starting.pop(worker, None)) is not None:
            bound.cancel()
            self._failed(why)
        if (job := self._busy.pop(worker, None)) is not None:
            assert job.timer is not None
            job.timer.cancel()
            if not job.is_over:
                self._give_up(job, Failed(Fault.CRASHED, why))
        if self._idle.pop(worker, None) is not None:
            self._tell(Trouble(self._function.name, "", f"an idle worker ended: {why}"))
        self._dying.discard(worker)
        if job is not None or self._waiting:
            self._grow()
        self._changed.set()

    def _queue(self, job: _Job) -> Failed | None:
        if not self._size() and self._opening is None and self._loop.time() < self._retry_at:
            return Failed(Fault.NOT_STARTED, self._why)
        if not self._places.take(job.source):
            return Failed(Fault.BUSY, f"{len(self._waiting)} invocations are waiting already")
        if not self._room.take(job.source, len(job.event)):
            self._places.leave(job.source)
            return Failed(Fault.BUSY, f"{len(self._waiting)} large invocations are waiting already")
        self._waiting.add(job.source, job)
        is_cold = (
            not self._busy
        )  # nothing has started yet: that takes no time of the function's, as at Amazon
        patience = self._timeout + GRACE_SECONDS + (START_SECONDS if is_cold else 0)
        job.timer = self._loop.call_later(patience, self._waited, job)
        self._grow()
        return None

    def _unqueued(self, job: _Job) -> None:
        self._places.leave(job.source)
        self._room.leave(job.source, len(job.event))
        assert job.timer is not None
        job.timer.cancel()
        self._changed.set()

    def _waited(self, job: _Job) -> None:
        if self._waiting.remove(job.source, job):
            self._unqueued(job)
        if not job.answer.done():
            job.answer.set_result(Failed(Fault.BUSY, "no worker was free in time"))

    def _hand(self, worker: Worker, job: _Job) -> None:
        self._busy[worker] = job
        job.timer = self._loop.call_later(self._timeout, self._timed_out, worker, job)
        worker.take(job.event, request_id=job.request_id, invoked_arn=job.invoked_arn)

    def _timed_out(self, worker: Worker, job: _Job) -> None:
        del self._busy[worker]
        if not job.is_over:
            text = f"Task timed out after {self._timeout:.2f} seconds"  # Lambda's words
            self._give_up(job, Failed(Fault.TIMEOUT, text))
        self._dispose(worker)
        self._grow()

    def _give_up(self, job: _Job, answer: Failed) -> None:
        job.is_over = True
        self._tell(Trouble(self._function.name, job.request_id, answer.detail))
        if not job.answer.done():
            job.answer.set_result(answer)

    def _size(self) -> int:
        return len(self._idle) + len(self._busy) + len(self._starting)

    def _grow(self) -> None:
        """Start the workers that are wanted, unless the last start failed a moment ago."""
        while self._is_wanted() and self._loop.time() >= self._retry_at:
            if not self._is_open:
                if self._opening is None:
                    self._opening = self._loop.create_task(self._open())
                return
            try:
                worker = self._workshop.make(self)
            except NotStarted as error:
                self._failed(str(error))
            else:
                self._starting[worker] = self._loop.call_later(START_SECONDS, self._never_started, worker)

    def _is_wanted(self) -> bool:
        size = self._size()
        least = 0 if self._is_closing else self._function.minimum
        return size < least or (size < self._function.maximum and len(self._starting) < len(self._waiting))

    async def _open(self) -> None:
        try:
            await self._workshop.open()
            self._is_open = True
        except (NotStarted, OSError) as error:
            self._opening = None
            self._failed(str(error))
        else:
            self._opening = None
            self._grow()

    def _never_started(self, worker: Worker) -> None:
        del self._starting[worker]
        self._dispose(worker)
        self._failed(f"was not ready within {START_SECONDS:.0f} seconds")

    def _failed(self, why: str) -> None:
        """A start failed. Whoever waits for nothing else hears it; later invocations try again, not at once."""
        self._tell(Trouble(self._function.name, "", why))
        self._why = why
        self._retry_at = self._loop.time() + min(_FIRST_BACK_OFF * 2**self._failures, _LONGEST_BACK_OFF)
        self._failures = min(self._failures + 1, 10)
        if not self._size():
            while self._waiting:
                job = self._waiting.take()
                self._unqueued(job)
                if not job.answer.done():
                    job.answer.set_result(Failed(Fault.NOT_STARTED, why))

    def _retire(self) -> None:
        """End workers above the minimum that were idle for long: from the front, where the longest idle is."""
        self._retiring = None
        now = self._loop.time()
        for worker, since in list(self._idle.items()):
            if self._size() <= self._function.minimum:
                return
            if now - since < IDLE_SECONDS:
                self._retiring = self._loop.call_later(since + IDLE_SECONDS - now, self._retire)
                return
            del self._idle[worker]
            self._dispose(worker)

    def _dispose(self, worker: Worker) -> None:
        self._dying.add(worker)
        worker.kill()

    async def _end_all(self) -> None:
        if self._opening is not None:
            await self._opening
        if self._retiring is not None:
            self._retiring.cancel()
        for bound in self._starting.values():
            bound.cancel()
        jobs = [*self._busy.values()]
        while self._waiting:
            jobs.append(self._waiting.take())
            self._unqueued(jobs[-1])
        for job in jobs:
            assert job.timer is not None
            job.timer.cancel()
            if not job.answer.done():
                job.answer.set_result(Failed(Fault.CRASHED, "the gateway ended it"))
        for worker in (*self._idle, *self._busy, *self._starting):
            self._dispose(worker)
        for workers in (self._idle, self._busy, self._starting):
            workers.clear()
        while self._dying:
            await self._change()
        self._workshop.close()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
