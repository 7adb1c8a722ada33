from __future__ import annotations

import asyncio

import pytest

from gateline.discovery.dns_service import DnsServiceRecords
from gateline.discovery.name_server import NoSuchName, ServiceRecord
from gateline.discovery.source import Targets
from gateline.errors import SourceSilent
from gateline.model.discovery import DiscoveredTarget

Records = tuple[ServiceRecord, ...]


class Scripted:
    """A name server that answers what it is told to, one after another."""

    def __init__(self, *answers: tuple[Records, float] | OSError) -> None:
        self._answers = list(answers)

    async def services(self, name: str) -> tuple[Records, float]:
        assert name == "_http._tcp.internal"
        answer = self._answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer


def heard(*answers: tuple[Records, float] | OSError) -> tuple[list[Targets], list[float], str]:
    told: list[Targets] = []
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def listen(source: DnsServiceRecords) -> None:
        async for targets in source.answers():
            told.append(targets)  # noqa: PERF401 - what was told before it raises counts

    async def play() -> str:
        source = DnsServiceRecords(Scripted(*answers, OSError("over")), "_http._tcp.internal", pause)
        with pytest.raises(SourceSilent) as raised:
            await listen(source)
        return str(raised.value)

    why = asyncio.run(play())
    return told, pauses, why


def test_records_are_targets_and_zero_is_the_smallest_weight() -> None:
    records = (ServiceRecord("A.internal", 80, 10, 0), ServiceRecord("b.internal", 81, 20, 7))
    [targets], _, _ = heard((records, 5))
    assert targets == (
        DiscoveredTarget(host="a.internal", port=80, weight=1, priority=10),
        DiscoveredTarget(host="b.internal", port=81, weight=7, priority=20),
    )


def test_records_are_asked_for_again_when_they_are_over_within_bounds() -> None:
    _, pauses, _ = heard(((), 5), ((), 0), ((), 86400))
    assert pauses == [5, 1, 10]


def test_no_records_are_an_answer_and_no_server_is_none() -> None:
    told, pauses, why = heard(NoSuchName("x", 3))
    assert told == [()]
    assert pauses == [3]
    assert why == "cannot resolve _http._tcp.internal: over"


def test_a_record_without_a_port_is_nobody() -> None:
    assert heard(((ServiceRecord("a", 0, 0, 0),), 5))[0] == [()]
