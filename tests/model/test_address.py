"""Addresses that no integration may reach, in every spelling that a resolver takes."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.model.address import forbidden_reason, parse_ip


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1",
        "0xa9fea9fe",
        "0xA9.0xFE.0xA9.0xFE",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.16689662",
        "169.254.169.254.",
        "[::ffff:169.254.169.254]",
        "::ffff:a9fe:a9fe",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:a9fe:a9:fe00::",
        "64:ff9b:1:7a9:fe:a9fe::",
        "64:ff9b:1:7:a9:fea9:fe00:0",
        "::ffff:0:a9fe:a9fe",
        "2001:0:a9fe:a9fe::1",
        "2001::5601:5601",
        "2002:a9fe:a9fe::1",
        "::a9fe:a9fe",
        "fe80::1",
        "fe80::1%eth0",
        "[fd00:ec2::254]",
        "fd00:ec2::254",
        "100.100.100.200",
        "metadata",
        "metadata.google.internal",
        "Metadata.Google.Internal.",
        "instance-data",
        "0.0.0.0",
        "0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
    ],
)
def test_these_are_refused(host: str) -> None:
    assert forbidden_reason(host)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.3.7",
        "192.168.1.1",
        "172.16.0.1",
        "127.0.0.1",
        "0x7f.1",
        "::1",
        "[fd12:3456::1]",
        "2001:db8::1",
        "64:ff9b::a00:307",
        "64:ff9b:1::a00:307",
        "64:ff9b:1:a00:3:700::",
        "203.0.113.9",
        "localhost",
        "orders.internal",
        "metadata.example.com",
        "169.254.169.254.example.com",
        "169-254-169-254.test",
        "1.2.3.4.5",
        "",
    ],
)
def test_private_loopback_and_public_hosts_are_not(host: str) -> None:
    assert forbidden_reason(host) == ""


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("1.2.3", "1.2.0.3"),
        ("1.256", "1.0.1.0"),
        ("[::1]", "::1"),
        ("08.1.1.1", None),
        ("256.1.1.1", None),
        ("1.1.1.256", None),
        ("1.1.1.1.1", None),
        ("0x", None),
        ("a.b", None),
        ("1..1", None),
        ("-1", None),
        ("+1", None),
        ("1_0", None),
        (" 1", None),
        ("\u0661", None),
    ],
)
def test_numbers_are_read_as_the_c_library_reads_them(text: str, address: str | None) -> None:
    expected = None if address is None else ipaddress.ip_address(address)
    assert parse_ip(text) == expected


@given(st.ip_addresses())
def test_every_address_is_read_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert parse_ip(str(address)) == address
    assert parse_ip(f"[{address}]") == address


@given(st.ip_addresses(v=4, network="169.254.0.0/16"))
def test_every_link_local_address_is_refused_in_every_spelling(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    spellings = [str(address), str(number), hex(number), f"::ffff:{address}", f"0{number:o}"]
    assert all(forbidden_reason(spelling) for spelling in spellings)


@given(st.text(max_size=30))
def test_no_text_is_a_fault(text: str) -> None:
    assert isinstance(forbidden_reason(text), str)
