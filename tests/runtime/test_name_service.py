from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from gateline.discovery.name_server import Found, NameServers, NoSuchName
from gateline.discovery.resolv_conf import ResolvConf
from gateline.runtime.name_service import MOST_SECONDS, HostNames, ask_system
from harness.name_server import DnsServer


class Bench:
    """Host names with a DNS server, a system that knows what it is told, and a hosts file."""

    def __init__(self, folder: Path, server: DnsServer) -> None:
        self.server = server
        self.resolv_conf = folder / "resolv.conf"
        self.hosts = folder / "hosts"
        self.system: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.names = HostNames(NameServers(self.resolv_conf), self._ask, self.hosts)
        self.names.use((("127.0.0.1", server.port),))

    async def _ask(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.system:
            raise OSError(-2, "Name or service not known")
        return self.system[host]

    def as_the_system_does(self) -> None:
        """DNS is asked where the system says; what is written there has no port."""
        self.names.use(())
        told = ResolvConf(servers=(("127.0.0.1", self.server.port),))
        self.names.servers._read = lambda: told  # type: ignore[method-assign]


def played(folder: Path, story: Callable[[Bench], Awaitable[None]]) -> None:
    async def play() -> None:
        async with asyncio.timeout(20), DnsServer() as server:
            await story(Bench(folder, server))

    asyncio.run(play())


def test_an_address_is_its_own(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        found = await bench.names("fd00::7")
        assert isinstance(found, Found)
        assert found.addresses == ("fd00::7",)
        assert bench.server.asked == []

    played(tmp_path, story)


@pytest.mark.parametrize("host", ["localhost", "api.localhost", "Printer", "printer.office."])
def test_what_this_machine_names_itself_is_not_asked_of_dns(tmp_path: Path, host: str) -> None:
    async def story(bench: Bench) -> None:
        bench.hosts.write_text("# ours\n10.0.0.9 printer.office printer # upstairs\n")
        bench.system[host] = ["10.0.0.9"]
        assert await bench.names(host) == ["10.0.0.9"]
        assert bench.server.asked == []

    played(tmp_path, story)


def test_dns_is_believed_for_a_time_of_its_own_but_not_for_long(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.server.records["orders.internal.", "A"] = ("10.0.0.1",)
        bench.server.ttl = 4
        assert await bench.names("orders.internal") == Found(("10.0.0.1",), 4)
        bench.server.ttl = 600
        assert await bench.names("orders.internal") == Found(("10.0.0.1",), MOST_SECONDS)
        bench.server.negative_ttl = 3600
        with pytest.raises(NoSuchName) as raised:
            await bench.names("other.internal")
        assert raised.value.seconds == MOST_SECONDS

    played(tmp_path, story)


def test_chosen_servers_are_asked_alone(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.server.failing.add("broken.internal.")
        for host in ("gone.internal", "broken.internal"):
            bench.system[host] = ["10.0.0.1"]
            with pytest.raises(OSError, match=r"."):
                await bench.names(host)
        assert bench.asked == []

    played(tmp_path, story)


def test_the_system_is_asked_where_its_dns_has_no_answer(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.as_the_system_does()
        bench.system["printer.local"] = ["10.0.0.9"]
        assert await bench.names("printer.local") == ["10.0.0.9"]
        with pytest.raises(NoSuchName):
            await bench.names("gone.internal")
        bench.server.failing.add("broken.internal.")
        with pytest.raises(OSError, match="the name servers fail") as raised:
            await bench.names("broken.internal")
        assert not isinstance(raised.value, NoSuchName)

    played(tmp_path, story)


def test_the_systems_name_service_knows_this_machine() -> None:
    assert "127.0.0.1" in asyncio.run(ask_system("localhost"))


def test_what_is_no_host_name_is_an_answer_that_failed() -> None:
    with pytest.raises(OSError, match="not a host name"):
        asyncio.run(ask_system("a" * 70 + ".example"))
