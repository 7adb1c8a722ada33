"""How a rotation goes on: from what is kept of it to what is kept next.

Whoever drives it does what `work` says, keeps what `advance` (or `fail`, when it could not be done) answers, and goes
on from there; after a crash from what was kept last. Everything that is to be done may be done twice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from gateline.rotation.stages import Stages, Step

AGAIN: Final = timedelta(hours=1)
"""After which a rotation that failed is tried again by itself, if it is not due before that anyway."""


class Work(StrEnum):
    """What is to be done before the next step is reached."""

    NOTHING = "nothing"
    OFFER = "offer"  # give services both values, and see every one accept the pending one
    CONFIRM = "confirm"  # whoever made the value may not have made it the current one yet
    SEND = (
        "send"  # let the gateway send the current value, and wait until requests with the former one are over
    )
    WITHDRAW = "withdraw"  # give services the current value alone, and see every one refuse the former one


_WORK: Final = {
    Step.PENDING: Work.OFFER,
    Step.ACCEPTED: Work.CONFIRM,
    Step.CURRENT: Work.SEND,
    Step.DROPPED: Work.WITHDRAW,
}


def work(stages: Stages) -> Work:
    """What is to be done now."""
    return _WORK.get(stages.step, Work.NOTHING)


def begin(stages: Stages, value: bytes, now: datetime) -> Stages:
    """A rotation to another value.

    Raises:
        ValueError: one is under way, or the value is no other one.

    """
    if stages.step is not Step.IDLE or not value or value == stages.current:
        raise ValueError("no rotation can begin")
    return replace(stages, step=Step.PENDING, pending=value, begun=now, since=now, problem="")


def advance(stages: Stages, now: datetime) -> Stages:
    """What comes when the work is done.

    Raises:
        ValueError: no rotation is under way.

    """
    match stages.step:
        case Step.PENDING:
            return replace(stages, step=Step.ACCEPTED, since=now)
        case Step.ACCEPTED:
            return replace(
                stages,
                step=Step.CURRENT,
                current=stages.pending,
                previous=stages.current,
                pending=b"",
                since=now,
            )
        case Step.CURRENT:
            return replace(stages, step=Step.SETTLED, since=now)
        case Step.SETTLED:
            return replace(stages, step=Step.DROPPED, stale=stages.previous, previous=b"", since=now)
        case Step.DROPPED:
            return replace(stages, step=Step.PROVEN, since=now)
        case Step.PROVEN:
            return replace(stages, step=Step.IDLE, since=now)
        case Step.IDLE:
            raise ValueError("no rotation is under way")


def fail(stages: Stages, why: str, now: datetime) -> Stages:
    """What comes when the work cannot be done: the gateway goes on with the value that it sends.

    A new value is given up as long as the gateway does not send it; later on only the proof can fail.

    Raises:
        ValueError: at a step at which nothing can fail.

    """
    if stages.step not in {Step.PENDING, Step.ACCEPTED, Step.DROPPED}:
        raise ValueError(f"a rotation cannot fail when it is {stages.step}")
    return replace(stages, step=Step.IDLE, pending=b"", since=now, problem=why)


def due(stages: Stages, every: timedelta) -> datetime | None:
    """When the next rotation begins by itself; None while one is under way."""
    if stages.step is not Step.IDLE:
        return None
    return stages.since + min(every, AGAIN) if stages.problem else stages.begun + every
