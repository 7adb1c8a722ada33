"""How a host's addresses are found out: by the hosts file, by DNS, and by whatever else the system knows.

The system's name service (`getaddrinfo`) knows sources that DNS does not, and tells no time to live. So it is asked for
names of this machine's hosts file, and where DNS has no answer.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateline.discovery.aside import aside
from gateline.discovery.ec2 import Instances, is_instance
from gateline.discovery.name_server import Found, NameServers, NoSuchName
from gateline.model.address import parse_ip
from gateline.model.discovery import AwsPlace
from gateline.model.gateway import Gateway

HOSTS: Final = Path("/etc/hosts")
ADDRESS_SECONDS: Final = 86_400.0
"""An address stands for itself."""

MOST_SECONDS: Final = 10.0
"""How long DNS is believed at most: the one inside of Docker says ten minutes for containers that are replaced every
moment, and asking sooner than one must costs an answer from a cache."""

System = Callable[[str], Awaitable[Sequence[str]]]


async def ask_system(host: str) -> Sequence[str]:
    """The system's own name service; `getaddrinfo` cannot be interrupted.

    Raises:
        OSError: it does not know the host.

    """

    def look_up() -> list[str]:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except UnicodeError:
            message = "not a host name"
            raise OSError(message) from None
        return [str(entry[4][0]) for entry in found]

    return await aside(look_up, f"resolve {host}")


class HostNames:
    """Knows the addresses of hosts. Call it with one.

    Args:
        servers: DNS.
        system: asked for names of the hosts file, and where DNS has no answer.
        hosts: the hosts file.
        instances: knows those of EC2, by their ids.

    """

    def __init__(
        self,
        servers: NameServers,
        system: System = ask_system,
        hosts: Path = HOSTS,
        instances: Instances | None = None,
    ) -> None:
        self.servers = servers
        self._instances = instances or Instances()
        self._system = system
        self._hosts = hosts

    def use(self, gateway: Gateway) -> None:
        """Ask whom the project names: its name servers and them alone, and AWS in its region."""
        self.servers.use(gateway.resolvers)
        self._instances.use(AwsPlace(region=gateway.edge.region, endpoints=gateway.aws_endpoints))

    async def __call__(self, host: str) -> Found | Sequence[str]:
        """The addresses of a host; with DNS' own words on how long they hold, or without any.

        Raises:
            NoSuchName: there are none, and that is certain.
            OSError: nobody says.

        """
        address = parse_ip(host)
        if address is not None:
            return Found((str(address),), ADDRESS_SECONDS)
        if is_instance(host):
            return await self._instances.addresses(host)
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
