"""How a host's addresses are found out: by the hosts file, by DNS, and by whatever else the system knows.

The system's name service (`getaddrinfo`) knows sources that DNS does not, and tells no time to live. So it is asked for
names of this machine's hosts file, and where DNS has no answer.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateline.discovery.name_server import Found, NameServers, NoSuchName
from gateline.discovery.resolv_conf import NameServer
from gateline.model.address import parse_ip

HOSTS: Final = Path("/etc/hosts")
ADDRESS_SECONDS: Final = 86_400.0
"""An address stands for itself."""

MOST_SECONDS: Final = 10.0
"""How long DNS is believed at most: the one inside of Docker says ten minutes for containers that are replaced every
moment, and asking sooner than one must costs an answer from a cache."""

System = Callable[[str], Awaitable[Sequence[str]]]


async def ask_system(host: str) -> Sequence[str]:
    """The system's own name service, on a thread that nobody waits for at the end.

    `getaddrinfo` cannot be interrupted, and an executor's threads are joined when Python ends: a name server
    that does not answer would hold up Ctrl-C.

    Raises:
        OSError: it does not know the host.

    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[list[str]] = loop.create_future()

    def deliver(addresses: list[str], error: OSError | None) -> None:
        if answered.done():
            return
        if error:
            answered.set_exception(error)
        else:
            answered.set_result(addresses)

    def look_up() -> None:
        addresses: list[str] = []
        failure: OSError | None = None
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = [str(entry[4][0]) for entry in found]
        except OSError as error:
            failure = error
        except UnicodeError:
            failure = OSError("not a host name")
        try:
            loop.call_soon_threadsafe(deliver, addresses, failure)
        except RuntimeError:
            return  # the loop is closed: nobody asks any more

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    return await answered


class HostNames:
    """Knows the addresses of hosts. Call it with one.

    Args:
        servers: DNS.
        system: asked for names of the hosts file, and where DNS has no answer.
        hosts: the hosts file.

    """

    def __init__(self, servers: NameServers, system: System = ask_system, hosts: Path = HOSTS) -> None:
        self.servers = servers
        self._system = system
        self._hosts = hosts

    def use(self, servers: Sequence[NameServer]) -> None:
        """Ask these name servers, and them alone; none: the system's."""
        self.servers.use(servers)

    async def __call__(self, host: str) -> Found | Sequence[str]:
        """The addresses of a host; with DNS' own words on how long they hold, or without any.

        Raises:
            NoSuchName: there are none, and that is certain.
            OSError: nobody says.

        """
        address = parse_ip(host)
        if address is not None:
            return Found((str(address),), ADDRESS_SECONDS)
        name = host.lower().rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return await self._system(host)
        if name in await asyncio.to_thread(_names_in, self._hosts):
            return await self._system(host)
        try:
            found = await self.servers.addresses(host)
        except OSError as problem:
            if not self.servers.is_chosen:  # names of a private cluster are nobody else's business
                with suppress(OSError):
                    return await self._system(host)
            if isinstance(problem, NoSuchName):
                raise NoSuchName(host, min(problem.seconds, MOST_SECONDS)) from None
            raise
        return Found(found.addresses, min(found.seconds, MOST_SECONDS))


def _names_in(hosts: Path) -> frozenset[str]:
    try:
        text = hosts.read_text(errors="replace")
    except OSError:
        return frozenset()
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return frozenset(name.lower().rstrip(".") for words in lines for name in words[1:])
