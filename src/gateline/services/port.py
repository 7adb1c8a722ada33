"""A free port of loopback for a task."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Final

from gateline.errors import NoPort

LOOPBACK: Final = "127.0.0.1"

_FIRST: Final = 10_000
_LAST: Final = 65_535
_FEW: Final = 1_000
_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port(held: Collection[int] = ()) -> int:
    """A port that nobody has, of TCP or UDP, and that is not in `held`: the ports of tasks that may not listen yet.

    Below the ports that the kernel gives to outgoing connections: under load one of those would take it before the
    task listens there. Somewhere in the range, so that two gateways don't meet at its beginning. Raises NoPort when
    there is none.
    """
    ports = range(_FIRST, max(_first_ephemeral(), _FIRST))
    if len(ports) < _FEW:
        ports = range(_FIRST, _LAST + 1)
    start = secrets.randbelow(len(ports))
    for offset in range(len(ports)):
        port = ports[(start + offset) % len(ports)]
        if port not in held and _is_free(port):
            return port
    raise NoPort("no port of loopback is free")


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                return False
    return True


def _first_ephemeral() -> int:
    try:
        return int(_EPHEMERAL.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return _FIRST
