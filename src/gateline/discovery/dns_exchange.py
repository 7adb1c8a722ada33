"""One question of DNS to one server: over UDP, and over TCP where the answer was cut off (RFC 1035, RFC 7766).

dnspython (ISC licence) writes and reads the messages. Its own resolver is not used: it imports every HTTP client and
event loop that happens to be installed.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any, Final, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype

PAYLOAD: Final = 1232
"""Bytes of an answer over UDP that no network cuts into fragments (DNS flag day 2020)."""


async def exchange(
    server: tuple[str, int], name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> dns.message.QueryMessage:
    """The answer of a server, whole. The question's id and source port are chance, and only an answer to it counts.

    Raises:
        OSError: the server cannot be reached, or what it says is no answer.

    """
    question = dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD)
    answer = await _over_udp(server, question)
    if answer.flags & dns.flags.TC:
        answer = await _over_tcp(server, question)
    return cast("dns.message.QueryMessage", answer)


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the answer to one question; whatever else comes is somebody's who guesses."""

    def __init__(self, question: dns.message.Message) -> None:
        self._question = question
        self.answer: asyncio.Future[dns.message.Message] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:  # noqa: ARG002 - it is connected
        try:
            found = dns.message.from_wire(data, ignore_trailing=True)
        except dns.exception.DNSException:
            return
        if self._question.is_response(found) and not self.answer.done():
            self.answer.set_result(found)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _over_udp(server: tuple[str, int], question: dns.message.Message) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    transport, waiting = await loop.create_datagram_endpoint(lambda: _Waiting(question), remote_addr=server)
    try:
        transport.sendto(question.to_wire())
        return await waiting.answer
    finally:
        transport.close()


async def _over_tcp(server: tuple[str, int], question: dns.message.Message) -> dns.message.Message:
    reader, writer = await asyncio.open_connection(*server)
    try:
        wire = question.to_wire()
        writer.write(struct.pack("!H", len(wire)) + wire)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        found = dns.message.from_wire(await reader.readexactly(length), ignore_trailing=True)
    except (asyncio.IncompleteReadError, dns.exception.DNSException) as problem:
        message = "the answer breaks off"
        raise OSError(message) from problem
    finally:
        writer.close()
    if not question.is_response(found):
        message = "the answer is to another question"
        raise OSError(message)
    return found
