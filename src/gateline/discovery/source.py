"""Sources of targets, and how one is followed: for ever, and politely when it does not answer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final, Protocol

from gateline.errors import SourceSilent
from gateline.model.discovery import DiscoveredTarget

Targets = tuple[DiscoveredTarget, ...]

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds until a source that did not answer is asked again: doubled each time, and up to half of it left out, so that
many gateways do not ask together."""


class Source(Protocol):
    """Knows the targets of a target group."""

    def answers(self) -> AsyncGenerator[Targets, None]:
        """All targets that there are, again whenever that may have changed.

        Raises:
            SourceSilent: the source does not answer; what it said before is still the best that is known.

        """


async def follow(
    source: Source,
    tell: Callable[[Targets], None],
    complain: Callable[[str], None],
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    dice: Callable[[], float] = random.random,
) -> None:
    """Ask a source for ever.

    Args:
        source: whom to ask.
        tell: hears every answer.
        complain: hears why there is none.
        pause: waits for so many seconds.
        dice: a number from 0 to 1.

    """
    silences = 0
    while True:
        try:
            async with aclosing(source.answers()) as answers:
                async for targets in answers:
                    silences = 0
                    tell(targets)
        except SourceSilent as problem:
            complain(str(problem))
        silences += 1
        await pause(back_off(silences, dice()))


def back_off(silences: int, luck: float) -> float:
    """Seconds to wait after so many questions without an answer; `luck` is from 0 to 1."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(silences - 1, 10)) * (1 - luck / 2))
