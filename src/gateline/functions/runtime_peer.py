"""Who is at the other end of a loopback connection: a process of the worker's, or somebody else on the machine.

Runtime clients speak TCP only, and any user of the machine can connect to a loopback port. Whoever got through
could take an event (there are tokens in it) and answer Allow. So each worker has a port of its own, and on
Linux the kernel is asked whose socket a connection comes from:

- another user's: refused, always. As root, where each function has a user of its own, this parts functions
  from each other too.
- the same user's, but of no process in the worker's session: refused, where the kernel lets us look. This is
  no wall (a process of the same user could change the worker itself), but it keeps functions, tests and tools
  from answering for one another.

Elsewhere than on Linux there is no such question to ask, and any local user who finds the port can speak.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_PROC: Final = Path("/proc")
_LOOPBACK: Final = "0100007F"  # 127.0.0.1 as the kernel prints it on little-endian machines
_MAPPED: Final = "0000000000000000FFFF0000" + _LOOPBACK  # the same through a socket of IPv6, as Java's are


class _Socket(NamedTuple):
    uid: int
    inode: int


def is_of_worker(peer_port: int, own_port: int, *, uid: int, session: int) -> bool:
    """Whether the connection from a port of 127.0.0.1 to one of ours was made by a worker.

    `uid` is the worker's user, `session` its session id. Reads /proc, thus blocks for some milliseconds where
    there are thousands of connections.
    """
    if not sys.platform.startswith("linux"):
        return True
    found = _find(peer_port, own_port)
    if found is None or found.uid != uid:
        return False
    return any(_holds(process, found.inode) for process in _processes(session))


def _find(peer_port: int, own_port: int) -> _Socket | None:
    for table, address in (("tcp", _LOOPBACK), ("tcp6", _MAPPED)):
        wanted = f" {_native(address)}:{peer_port:04X} {_native(address)}:{own_port:04X} "
        try:
            lines = (_PROC / "net" / table).read_text(encoding="ascii")
        except FileNotFoundError:  # no IPv6
            continue
        _, found, rest = lines.partition(wanted)
        if found:  # then: state queues timer retransmits uid timeout inode ...
            fields = rest.partition("\n")[0].split()
            return _Socket(int(fields[4]), int(fields[6]))
    return None


def _native(address: str) -> str:
    """An address as this machine's kernel prints it: 32-bit words in the order of its own bytes."""
    if sys.byteorder == "little":
        return address
    words = (address[at : at + 8] for at in range(0, len(address), 8))
    return "".join(bytes.fromhex(word)[::-1].hex().upper() for word in words)


def _processes(session: int) -> Iterator[str]:
    for name in os.listdir(_PROC):  # noqa: PTH208 - names are all that is wanted
        if not name.isdigit():
            continue
        try:
            if os.getsid(int(name)) == session:
                yield name
        except ProcessLookupError:
            continue


def _holds(process: str, inode: int) -> bool:
    wanted = f"socket:[{inode}]"
    try:
        with os.scandir(_PROC / process / "fd") as entries:
            return any(_link(entry.path) == wanted for entry in entries)
    except PermissionError:
        return True  # it does not let itself be looked at; its user is the worker's, and that must do
    except (FileNotFoundError, ProcessLookupError):
        return False


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - no Path is wanted for a text like socket:[4711]
    except OSError:
        return ""
