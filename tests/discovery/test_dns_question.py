from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateline.discovery.dns_question import records
from harness.name_server import DnsServer

Ask = Callable[[str], Awaitable[tuple[list[object], float]]]


def asked(story: Callable[[DnsServer, Ask], Awaitable[None]]) -> None:
    async def play() -> None:
        async with asyncio.timeout(20), DnsServer() as server:
            await story(server, lambda name: records(("127.0.0.1", server.port), name, "A"))

    asyncio.run(play())


def test_the_shortest_time_to_live_of_a_chain_counts() -> None:
    async def story(server: DnsServer, ask: Ask) -> None:
        server.records["a.internal.", "CNAME"] = ("b.internal.",)
        server.records["b.internal.", "A"] = ("10.0.0.1",)
        server.ttls["b.internal."] = 3
        found, seconds = await ask("a.internal.")
        assert [str(each) for each in found] == ["10.0.0.1"]
        assert seconds == 3

    asked(story)


def test_aliases_that_lead_in_a_circle_are_no_answer() -> None:
    async def story(server: DnsServer, ask: Ask) -> None:
        server.records["a.internal.", "CNAME"] = ("b.internal.",)
        server.records["b.internal.", "CNAME"] = ("a.internal.",)
        with pytest.raises(OSError, match="contradict themselves"):
            await ask("a.internal.")

    asked(story)


def test_a_server_that_fails_says_how() -> None:
    async def story(server: DnsServer, ask: Ask) -> None:
        server.failing.add("a.internal.")
        with pytest.raises(OSError, match="SERVFAIL"):
            await ask("a.internal.")

    asked(story)
