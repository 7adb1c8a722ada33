from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateline.discovery import name_server
from gateline.discovery.name_server import Found, NameServers, NoSuchName, ServiceRecord
from harness.name_server import DnsServer


def asked(story: Callable[[DnsServer, NameServers], Awaitable[None]], resolv_conf: str = "") -> None:
    """Play a story with a server and somebody who asks it."""

    async def play() -> None:
        async with asyncio.timeout(20), DnsServer() as server:
            servers = NameServers(Path(resolv_conf) if resolv_conf else Path("/nowhere"))
            servers.use((("127.0.0.1", server.port),))
            await story(server, servers)

    asyncio.run(play())


def test_all_addresses_come_with_their_time_to_live() -> None:
    async def story(server: DnsServer, servers: NameServers) -> None:
        server.records["orders.internal.", "A"] = ("10.0.0.1", "10.0.0.2")
        server.ttl = 7
        found = await servers.addresses("orders.internal")
        assert sorted(found.addresses) == ["10.0.0.1", "10.0.0.2"]
        assert found.seconds == 7
        assert server.asked == ["orders.internal. A"]

    asked(story)


def test_a_host_without_ipv4_has_its_ipv6_addresses() -> None:
    async def story(server: DnsServer, servers: NameServers) -> None:
        server.records["orders.internal.", "AAAA"] = ("fd00::7",)
        assert await servers.addresses("orders.internal") == Found(("fd00::7",), 60)

    asked(story)


def test_aliases_are_followed() -> None:
    async def story(server: DnsServer, servers: NameServers) -> None:
        server.records["orders.internal.", "CNAME"] = ("alb.internal.",)
        server.records["alb.internal.", "CNAME"] = ("node.internal.",)
        server.records["node.internal.", "A"] = ("10.0.0.3",)
        assert (await servers.addresses("orders.internal")).addresses == ("10.0.0.3",)

    asked(story)


def test_an_answer_that_does_not_fit_is_asked_for_over_tcp() -> None:
    async def story(server: DnsServer, servers: NameServers) -> None:
        addresses = tuple(f"10.0.{each // 250}.{each % 250 + 1}" for each in range(600))
        server.records["orders.internal.", "A"] = addresses
        found = await servers.addresses("orders.internal")
        assert set(found.addresses) == set(addresses)
        assert server.over_tcp == 1

    asked(story)


@pytest.mark.parametrize("records", [{}, {("orders.internal.", "TXT"): ("x",)}], ids=["no name", "no data"])
def test_that_there_is_no_address_holds_for_a_time_too(
    records: dict[tuple[str, str], tuple[str, ...]],
) -> None:
    async def story(server: DnsServer, servers: NameServers) -> None:
        server.records.update(records)
        server.negative_ttl = 3
        with pytest.raises(NoSuchName, match=r"orders\.internal is not in the DNS") as raised:
            await servers.addresses("orders.internal")
        assert raised.value.seconds == 3

    asked(story)


def test_a_failure_is_no_answer() -> None:
    async def story(server: DnsServer, servers: NameServers) -> None:
        server.failing.add("orders.internal.")
        with pytest.raises(OSError, match="the name servers fail") as raised:
            await servers.addresses("orders.internal")
        assert not isinstance(raised.value, NoSuchName)

    asked(story)


def test_servers_that_do_not_answer_are_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_server, "PATIENCE", 0.2)

    async def story(server: DnsServer, servers: NameServers) -> None:
        server.silent = True
        with pytest.raises(OSError, match="no name server answers"):
            await servers.addresses("orders.internal")

    asked(story)


def test_what_is_no_name_is_told() -> None:
    async def story(_: DnsServer, servers: NameServers) -> None:
        with pytest.raises(OSError, match="not a host name"):
            await servers.addresses("a" * 70 + ".internal")

    asked(story)


def test_the_search_list_of_the_system_counts(tmp_path: Path) -> None:
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("search shop.internal internal\nnameserver 127.0.0.1\n")

    async def story(server: DnsServer, servers: NameServers) -> None:
        server.records["orders.internal.", "A"] = ("10.0.0.1",)
        assert (await servers.addresses("orders")).addresses == ("10.0.0.1",)
        assert server.asked[0] == "orders.shop.internal. A"

    asked(story, str(resolv))


def test_another_resolv_conf_counts_from_the_next_question(tmp_path: Path) -> None:
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("search a.internal\nnameserver 127.0.0.1\n")

    async def story(server: DnsServer, servers: NameServers) -> None:
        server.records["orders.a.internal.", "A"] = ("10.0.0.1",)
        server.records["orders.b.internal.", "A"] = ("10.0.0.2",)
        assert (await servers.addresses("orders")).addresses == ("10.0.0.1",)
        other = tmp_path / "other"
        other.write_text("search b.internal\nnameserver 127.0.0.1\n")
        other.replace(resolv)
        assert (await servers.addresses("orders")).addresses == ("10.0.0.2",)

    asked(story, str(resolv))


def test_a_system_without_servers_has_no_answer() -> None:
    async def play() -> None:
        servers = NameServers(Path("/nowhere"))
        assert not servers.is_chosen
        with pytest.raises(OSError, match="no name server is known"):
            await servers.addresses("orders.internal")

    asyncio.run(play())


def test_service_records_tell_hosts_ports_weights_and_priorities() -> None:
    async def story(server: DnsServer, servers: NameServers) -> None:
        server.records["_http._tcp.internal.", "SRV"] = ("10 5 8080 a.internal.", "20 0 8081 b.internal.")
        records, seconds = await servers.services("_http._tcp.internal")
        assert seconds == 60
        assert sorted(records, key=lambda each: each.priority) == [
            ServiceRecord("a.internal", 8080, 10, 5),
            ServiceRecord("b.internal", 8081, 20, 0),
        ]

    asked(story)


def test_a_service_that_is_decidedly_not_there_has_no_records() -> None:
    async def story(server: DnsServer, servers: NameServers) -> None:
        server.records["_http._tcp.internal.", "SRV"] = ("0 0 0 .",)
        assert (await servers.services("_http._tcp.internal"))[0] == ()
        with pytest.raises(NoSuchName):
            await servers.services("_other._tcp.internal")

    asked(story)
