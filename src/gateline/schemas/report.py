"""What a judgement of one body says and what it may cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateline.schemas.pattern import TooLong

LONGEST_MESSAGE: Final = 2_000
MOST_MESSAGES: Final = 50
"""More would tell nobody more; Amazon has no such limit, and a client would choose how much it gets back."""

STEPS_OF_A_LOOK: Final = 1024
"""How often the clock is looked at."""


class Report:
    """Messages in the order in which faults were found. A judgement ends by TooLong when its time is used up.

    Args:
        steps: how many times a schema may be applied to a value.
        seconds: of the processor, which regular expressions and all else may take together.

    """

    def __init__(self, *, steps: int, seconds: float) -> None:
        self.messages: list[str] = []
        self._steps = steps
        self._end = time.thread_time() + seconds

    @property
    def is_full(self) -> bool:
        """Whether no more messages are kept: nothing that is still to be found would be told."""
        return len(self.messages) >= MOST_MESSAGES

    @property
    def is_good(self) -> bool:
        """Whether no fault was found yet."""
        return not self.messages

    def step(self) -> None:
        """Pay for one step of the work.

        Raises:
            TooLong: there is nothing left to pay with.

        """
        self._steps -= 1
        if self._steps < 0:
            raise TooLong
        if not self._steps % STEPS_OF_A_LOOK:
            self.seconds()

    def seconds(self) -> float:
        """What is left of the time.

        Raises:
            TooLong: nothing.

        """
        left = self._end - time.thread_time()
        if left <= 0:
            raise TooLong
        return left

    def fault(self, message: str) -> None:
        """Keep a message."""
        if not self.is_full:
            self.messages.append(message[:LONGEST_MESSAGE])

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is found inside is found for itself: `messages` begins empty, and is as before afterwards."""
        before, self.messages = self.messages, []
        try:
            yield
        finally:
            self.messages = before
