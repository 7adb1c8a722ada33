"""A small DNS server on loopback: UDP and TCP, real messages; it answers what a test tells it to.

    async with DnsServer() as server:
        server.records["orders.internal.", "A"] = ("10.0.0.1", "10.0.0.2")
        server.ttl = 2
        server.failing.add("broken.internal.")  # SERVFAIL

A name without any record is NXDOMAIN, one with records of other kinds only has no data; both with an SOA. Answers that
do not fit into 512 bytes are truncated over UDP, also for those who say that they take more.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self, cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

PLAIN_UDP: Final = 512


class DnsServer:
    """Answers for every name.

    Attributes:
        records: by name with its last dot, and kind.
        ttl: of all answers but those of names in `ttls`.
        negative_ttl: of the SOA in negative answers.
        failing: names that are answered with SERVFAIL.
        silent: whether nobody is answered at all.
        asked: every question, as `name kind`.
        over_tcp: how many of them came over TCP.

    """

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], tuple[str, ...]] = {}
        self.ttl = 60
        self.ttls: dict[str, int] = {}
        self.negative_ttl = 5
        self.failing: set[str] = set()
        self.silent = False
        self.asked: list[str] = []
        self.over_tcp = 0
        self.port = 0
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        server = await asyncio.start_server(self._attend, "127.0.0.1", 0)
        self._opened.push_async_callback(server.wait_closed)
        self._opened.callback(server.close)
        self.port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=("127.0.0.1", self.port)
        )
        self._opened.callback(transport.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    def answers(self, question: bytes) -> list[bytes]:
        """All that is said to a question over UDP."""
        return [self.answer(question)]

    def over_stream(self, answer: bytes) -> bytes:
        """What is said over TCP, of an answer with its length."""
        return answer

    def answer(self, question: bytes) -> bytes:
        """The answer to a question, whole."""
        asked = dns.message.from_wire(question)
        response = dns.message.make_response(asked, recursion_available=True)
        name = asked.question[0].name
        kind = dns.rdatatype.to_text(asked.question[0].rdtype)
        self.asked.append(f"{name} {kind}")
        if str(name) in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._fill(response, str(name).lower(), kind)
        return response.to_wire(max_size=65535)

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(8):  # aliases of aliases
            if (name, kind) in self.records:
                data = self.records[name, kind]
                if data:
                    ttl = self.ttls.get(name, self.ttl)
                    response.answer.append(dns.rrset.from_text(name, ttl, "IN", kind, *data))
                return
            if (name, "CNAME") not in self.records:
                break
            response.answer.append(
                dns.rrset.from_text(name, self.ttl, "IN", "CNAME", *self.records[name, "CNAME"])
            )
            name = self.records[name, "CNAME"][0]
        if not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        soa = f"ns.internal. root.internal. 1 60 60 60 {self.negative_ttl}"
        response.authority.append(dns.rrset.from_text("internal.", self.negative_ttl, "IN", "SOA", soa))

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            question = await reader.readexactly(length)
            if not self.silent:
                self.over_tcp += 1
                answer = self.answer(question)
                writer.write(self.over_stream(struct.pack("!H", len(answer)) + answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._server.silent:
            return
        assert self._transport is not None
        for answer in self._server.answers(data):
            if len(answer) > PLAIN_UDP:
                whole = dns.message.from_wire(answer)
                cut = dns.message.make_response(dns.message.from_wire(data), recursion_available=True)
                cut.flags = whole.flags | dns.flags.TC
                self._transport.sendto(cut.to_wire(), addr)
            else:
                self._transport.sendto(answer, addr)
