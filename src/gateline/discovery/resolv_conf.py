"""/etc/resolv.conf: which servers are asked, for which names, and how patiently (resolv.conf(5))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NameServer = tuple[str, int]
"""Address and port."""

DNS_PORT: Final = 53
MOST_SERVERS: Final = 3
_BOUNDS: Final = {"ndots": (1, 15), "timeout": (5, 30), "attempts": (2, 5)}
"""What options are when nothing is said, and at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvConf:
    """What the file says.

    Attributes:
        servers: in the order in which they are asked.
        search: the domains that names are looked for in.
        ndots: names with so many dots are first looked for as they are.
        timeout: seconds for one server.
        attempts: how often all of them are asked.

    """

    servers: tuple[NameServer, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout: int = 5
    attempts: int = 2

    def names(self, name: str) -> tuple[str, ...]:
        """The full names, with their last dots, that a name may stand for, in order."""
        if name.endswith("."):
            return (name,)
        found = tuple(f"{name}.{domain.strip('.')}." for domain in self.search if domain.strip("."))
        whole = (f"{name}.",)
        return (*whole, *found) if name.count(".") >= self.ndots else (*found, *whole)


def read_resolv_conf(text: str) -> ResolvConf:
    """What a text of that form says; lines that are not known are nobody's business, as everywhere."""
    servers: list[NameServer] = []
    search: tuple[str, ...] = ()
    options = {key: usual for key, (usual, _) in _BOUNDS.items()}
    for line in text.splitlines():
        match line.split():
            case ["nameserver", address, *_]:
                servers.append((address, DNS_PORT))
            case ["search" | "domain", *domains]:
                search = tuple(domains)
            case ["options", *told]:
                for option in told:
                    key, _, value = option.partition(":")
                    if key in options and value.isascii() and value.isdigit():
                        options[key] = min(int(value), _BOUNDS[key][1])
            case _:
                pass
    return ResolvConf(
        servers=tuple(servers[:MOST_SERVERS]),
        search=search,
        ndots=options["ndots"],
        timeout=max(1, options["timeout"]),
        attempts=max(1, options["attempts"]),
    )
