"""The gateway's port: is it free, who holds it, keep it ours, and does Envoy really listen on it.

Envoy opens its listeners with SO_REUSEPORT, so two gateways of one user would silently share a port and each
serve half of the requests. So the port is asked for without that option first.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateline.errors import AddressInUse, GatelineError

_TABLES: Final = {socket.SOCK_STREAM: (("tcp", "tcp6"), "0A"), socket.SOCK_DGRAM: (("udp", "udp6"), "07")}
"""Of a kind of socket: the kernel's tables of them, and the state in which one takes what comes."""

_LOOK_EVERY: Final = 0.005


def reserve(address: str, port: int, *, another: str = "--port N") -> tuple[int, socket.socket | None]:
    """Make sure that Envoy can open this port; 0 picks a free one.

    Args:
        address: where.
        port: which.
        another: what chooses another port, for the message when this one cannot be had.

    Returns:
        The port, and (on Linux) a socket that keeps it: bound with SO_REUSEPORT but never listening, so Envoy
        can open the port beside it and nobody else can take it while Envoy restarts.

    Raises:
        AddressInUse: somebody else listens there.
        GatelineError: the address is not one of this machine, or the port needs a right that we lack.

    """
    with _bound(address, port, another) as found:
        free_port: int = found.getsockname()[1]
    if sys.platform != "linux":
        return free_port, None
    return free_port, _bound(address, free_port, another, reuse_port=True)


def reserve_datagrams(address: str, port: int, *, another: str) -> None:
    """Make sure that Envoy can open this port for datagrams.

    Nothing keeps it: what is bound beside Envoy with SO_REUSEPORT would get datagrams too, and drop them.

    Raises:
        AddressInUse: somebody else has it.
        GatelineError: the address is not one of this machine, or the port needs a right that we lack.

    """
    _bound(address, port, another, kind=socket.SOCK_DGRAM).close()


def listener(address: str, port: int, *, another: str) -> socket.socket:
    """A socket of our own that listens; 0 picks a free port.

    Raises:
        AddressInUse: somebody else listens there.
        GatelineError: the address is not one of this machine, or the port needs a right that we lack.

    """
    opened = _bound(address, port, another)
    try:
        opened.listen()
    except OSError as error:
        opened.close()
        raise _fault(address, port, another, error) from error
    return opened


def _bound(
    address: str,
    port: int,
    another: str,
    *,
    reuse_port: bool = False,
    kind: socket.SocketKind = socket.SOCK_STREAM,
) -> socket.socket:
    address = "127.0.0.1" if address == "localhost" else address.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, kind)
    try:
        if (
            kind is socket.SOCK_STREAM
        ):  # what lingers in TIME_WAIT is no holder; of datagrams two would share it
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((address, port))
    except OSError as error:
        opened.close()
        raise _fault(address, port, another, error, kind) from error
    return opened


def _fault(
    address: str,
    port: int,
    another: str,
    error: OSError,
    kind: socket.SocketKind = socket.SOCK_STREAM,
) -> GatelineError:
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    match error.errno:
        case errno.EADDRINUSE:
            who = holder(port, kind)
            by = f" by {who}" if who else ""
            return AddressInUse(f"{place} is in use{by}: stop that, or choose another with {another}")
        case errno.EACCES | errno.EPERM:
            return GatelineError(f"this user may not open {place}: choose a port above 1023 with {another}")
        case errno.EADDRNOTAVAIL:
            return GatelineError(f"cannot listen on {place}: {address} is not an address of this machine")
        case _:
            return GatelineError(f"cannot listen on {place}: {error.strerror or error}")


def holder(port: int, kind: socket.SocketKind = socket.SOCK_STREAM, proc: Path = Path("/proc")) -> str:
    """Which process has a port, never with its arguments; "" when this user may not know."""
    inodes = set(_listening_inodes(port, kind, proc))
    if not inodes:
        return ""
    for folder in proc.glob("[0-9]*"):
        with suppress(OSError):
            for handle in (folder / "fd").iterdir():
                with suppress(OSError):
                    if str(handle.readlink()) in inodes:
                        name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
                        return f"process {folder.name} ({name})"
    return ""


def _listening_inodes(port: int, kind: socket.SocketKind, proc: Path) -> Iterator[str]:
    wanted = f"{port:04X}"
    tables, state = _TABLES[kind]
    for table in tables:
        with suppress(OSError):
            for line in (proc / "net" / table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[1].rpartition(":")[2] == wanted and fields[3] == state:
                    yield f"socket:[{fields[9]}]"


def reachable(address: str) -> str:
    """The address at which this machine reaches a listener: the wildcard is answered on loopback."""
    bare = address.strip("[]")
    wildcards = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104 - compared only
    return wildcards.get(bare, bare)


async def accepts(address: str, port: int) -> None:
    """Wait until somebody listens. An ACK only says that Envoy took the listener, not that it is open."""
    while True:
        try:
            _, writer = await asyncio.open_connection(reachable(address), port)
        except OSError:
            await asyncio.sleep(_LOOK_EVERY)
        else:
            writer.close()
            return
