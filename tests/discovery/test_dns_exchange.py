from __future__ import annotations

import asyncio
from collections.abc import Callable

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import pytest

from gateline.discovery.dns_exchange import exchange
from harness.name_server import DnsServer

NAME = dns.name.from_text("orders.internal.")
A = dns.rdatatype.A


def test_only_an_answer_to_the_question_counts() -> None:
    """Whoever guesses says something before the server does."""

    class Liar(DnsServer):
        def answers(self, question: bytes) -> list[bytes]:
            other = dns.message.from_wire(question)
            other.id ^= 1
            return [b"nonsense", super().answer(other.to_wire()), super().answer(question)]

    async def play() -> None:
        async with asyncio.timeout(20), Liar() as server:
            server.records["orders.internal.", "A"] = ("10.0.0.1",)
            answer = await exchange(("127.0.0.1", server.port), NAME, A)
            assert len(server.asked) == 2
            assert str(answer.answer[0][0]) == "10.0.0.1"

    asyncio.run(play())


def broken(wrong: Callable[[bytes], bytes]) -> None:
    class Broken(DnsServer):
        def over_stream(self, answer: bytes) -> bytes:
            return wrong(answer)

    async def play() -> None:
        async with asyncio.timeout(20), Broken() as server:
            server.records["orders.internal.", "A"] = tuple(f"10.0.0.{each}" for each in range(1, 200))
            await exchange(("127.0.0.1", server.port), NAME, A)

    asyncio.run(play())


def test_an_answer_over_tcp_that_breaks_off_is_none() -> None:
    with pytest.raises(OSError, match="breaks off"):
        broken(lambda answer: answer[: len(answer) // 2])


def test_an_answer_over_tcp_to_another_question_is_none() -> None:
    with pytest.raises(OSError, match="another question"):
        broken(lambda answer: answer[:2] + bytes([answer[2] ^ 1]) + answer[3:])


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    async def play() -> None:
        async with DnsServer() as server:
            port = server.port
        async with asyncio.timeout(20):
            await exchange(("127.0.0.1", port), NAME, A)

    with pytest.raises(OSError, match="refused"):
        asyncio.run(play())
