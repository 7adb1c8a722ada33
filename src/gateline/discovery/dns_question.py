"""What a server says about a name: records and for how long they hold, or that there are none."""

from __future__ import annotations

from typing import Any

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from gateline.discovery.dns_exchange import exchange


async def records(server: tuple[str, int], name: str, kind: str) -> tuple[list[Any], float]:
    """The records of a full name, aliases followed within the answer, and their time to live in seconds.

    No records: there are none, for so long (RFC 2308).

    Raises:
        OSError: the server fails, refuses, or is not reached; or this is no name.

    """
    try:
        answer = await exchange(server, dns.name.from_text(name), dns.rdatatype.from_text(kind))
    except dns.exception.DNSException:
        message = "not a host name"
        raise OSError(message) from None
    if answer.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        message = f"the name servers fail ({dns.rcode.to_text(answer.rcode())})"
        raise OSError(message)
    try:
        found = answer.resolve_chaining()
    except dns.exception.DNSException as problem:
        message = "the name servers contradict themselves"
        raise OSError(message) from problem
    return list(found.answer or ()), float(found.minimum_ttl)
