"""Addresses that no integration may reach: link-local, cloud metadata, multicast, unspecified.

A definition's uri may name private and loopback hosts (that is what Gateline is for), never the machine's own
metadata service. Judged when a definition is read, and again on every answer of the name service.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+", re.ASCII)
_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
_BEFORE_IPV4: Final = frozenset(
    int(ipaddress.IPv6Address(text)) >> 32 for text in ("::ffff:0:0", "::ffff:0:0:0", "64:ff9b::")
)
_LOCAL_NAT64: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
_METADATA_NAMES: Final = frozenset({"metadata", "metadata.google.internal", "instance-data"})


def parse_ip(host: str) -> IpAddress | None:
    """The address that a host text stands for, in every spelling the C library takes, or None for a name.

    `0x7f.1`, `2130706433` and `0177.0.0.1` are addresses to `inet_aton`, so they must be to us.
    """
    text = host.strip("[]").split("%", 1)[0]
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return _inet_aton(text)


def _inet_aton(text: str) -> ipaddress.IPv4Address | None:
    parts = text.rstrip(".").split(".")
    if not 1 <= len(parts) <= 4:
        return None
    numbers = []
    for part in parts:
        if not _NUMBER.fullmatch(part):
            return None
        digits = part.lower()
        octal = len(digits) > 1 and digits.startswith("0") and not digits.startswith("0x")
        try:
            numbers.append(int(digits, 16 if digits.startswith("0x") else 8 if octal else 10))
        except ValueError:  # an 8 or a 9 in an octal number
            return None
    *heads, last = numbers
    if any(head > 255 for head in heads) or last >= 256 ** (5 - len(parts)):
        return None
    value = sum(head << (24 - 8 * index) for index, head in enumerate(heads)) + last
    return ipaddress.IPv4Address(value)


def _embedded(address: IpAddress) -> Iterator[IpAddress]:
    """The IPv4 addresses that an IPv6 address may stand for where a network translates it.

    Mapped, translated (RFC 2765), compatible, 6to4, Teredo, NAT64 (RFC 6052), and local NAT64 (RFC 8215), whose
    network may begin its addresses in four ways.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return
    value = int(address)
    if address.sixtofour is not None:
        yield address.sixtofour
    yield from address.teredo or ()
    if value >> 32 in _BEFORE_IPV4 or (value >> 32 == 0 and value > 0xFFFF):
        yield ipaddress.IPv4Address(value & 0xFFFFFFFF)
    if address in _LOCAL_NAT64:
        around_octet_8 = value >> 64 << 56 | value & (1 << 56) - 1
        for bits in (value, around_octet_8 >> 40, around_octet_8 >> 32, around_octet_8 >> 24):
            if bits & 0xFFFFFFFF:  # the ways that are not meant are mostly 0
                yield ipaddress.IPv4Address(bits & 0xFFFFFFFF)


def forbidden_reason(host: str) -> str:
    """Why no request may go to this host, or "" when it may."""
    if host.rstrip(".").lower() in _METADATA_NAMES:
        return "a cloud metadata service"
    parsed = parse_ip(host)
    if parsed is None:
        return ""
    addresses = (parsed, *_embedded(parsed))
    if not _METADATA.isdisjoint(addresses):
        return "a cloud metadata service"
    if any(address.is_link_local for address in addresses):
        return "a link-local address"
    if any(address.is_multicast or address.is_unspecified for address in addresses):
        return "not the address of a host"
    return "a broadcast address" if any(str(each) == "255.255.255.255" for each in addresses) else ""
