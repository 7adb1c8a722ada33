from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from gateline.discovery.source import LONGEST_PAUSE, Targets, back_off, follow
from gateline.errors import SourceSilent
from gateline.model.discovery import DiscoveredTarget

ONE = (DiscoveredTarget(host="10.0.0.1", port=80),)


class Script:
    """A source that says what it is told to, and then nothing more."""

    def __init__(self, *turns: Sequence[Targets | SourceSilent]) -> None:
        self._turns = list(turns)
        self.over = asyncio.Event()

    async def answers(self) -> AsyncGenerator[Targets, None]:
        if not self._turns:
            self.over.set()
            await asyncio.Event().wait()
        for each in self._turns.pop(0):
            if isinstance(each, SourceSilent):
                raise each
            yield each


def played(*turns: Sequence[Targets | SourceSilent]) -> tuple[list[Targets], list[str], list[float]]:
    heard: list[Targets] = []
    complaints: list[str] = []
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def play() -> None:
        source = Script(*turns)
        work = follow(source, heard.append, complaints.append, pause=pause, dice=lambda: 0.0)
        following = asyncio.ensure_future(work)
        await source.over.wait()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(play())
    return heard, complaints, pauses


def test_a_source_is_asked_for_ever_and_its_answers_are_told() -> None:
    heard, complaints, _ = played([ONE, ()], [ONE])
    assert heard == [ONE, (), ONE]
    assert complaints == []


def test_a_silent_source_is_asked_again_later_each_time_and_an_answer_makes_it_good() -> None:
    no = SourceSilent("no answer")
    heard, complaints, pauses = played([no], [no], [no], [ONE, no], [no])
    assert heard == [ONE]
    assert complaints == ["no answer"] * 5
    assert pauses == [1, 2, 4, 1, 2]


def test_there_is_a_longest_pause_and_luck_makes_it_shorter() -> None:
    assert back_off(100, 0.0) == LONGEST_PAUSE
    assert back_off(100, 1.0) == LONGEST_PAUSE / 2
