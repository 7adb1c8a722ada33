"""What this machine tells of itself: its addresses, who listens where, which process is whose, who may enter a path.

All of it is read from /proc, and what is not told there (another system, another user's process) is None or left out.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from gateline.services.task import MARK

LOOPBACKS: Final = ("127.0.0.1", "::1")

ABSTRACT: Final = "@"
"""With what the name of a Unix socket begins that has no file, and so no rights: whoever knows it connects."""

_LISTENS: Final = "0A"
_ACCEPTS: Final = 0x10000  # __SO_ACCEPTCON of Linux
_LOCAL: Final = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL")


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP socket that listens."""

    address: str
    port: int
    inode: int

    @property
    def is_wildcard(self) -> bool:
        """Whether it listens at every address of the machine."""
        return ipaddress.ip_address(self.address).is_unspecified


@dataclass(frozen=True, slots=True)
class UnixListener:
    """A Unix socket that listens."""

    path: str
    inode: int


def addresses(proc: Path = Path("/proc")) -> tuple[str, ...]:
    """The machine's addresses, loopback first; of 127.0.0.0/8 the first only. IPv6 link-local ones with `%scope`."""
    found = dict.fromkeys(LOOPBACKS)
    with suppress(OSError):
        for address in _LOCAL.findall((proc / "net/fib_trie").read_text()):
            if not ipaddress.ip_address(address).is_loopback:
                found[address] = None
    with suppress(OSError):
        for line in (proc / "net/if_inet6").read_text().splitlines():
            text, index, *_ = line.split()
            address6 = ipaddress.IPv6Address(bytes.fromhex(text))
            scope = f"%{int(index, 16)}" if address6.is_link_local else ""
            found[f"{address6}{scope}"] = None
    return tuple(found)


_Any = TypeVar("_Any", Listener, UnixListener)


def is_ours(host: str, own: Iterable[str]) -> bool:
    """Whether an IP address is one of this machine's."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or host in {each.partition("%")[0] for each in own}


def listeners(proc: Path = Path("/proc")) -> tuple[Listener, ...]:
    """The TCP sockets of this network namespace that listen."""
    found = []
    for name in ("net/tcp", "net/tcp6"):
        with suppress(OSError):
            for line in (proc / name).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTENS:
                    address, _, port = words[1].partition(":")
                    found.append(Listener(_address(address), int(port, 16), int(words[9])))
    return tuple(found)


def _address(text: str) -> str:
    """An address as the kernel prints it: words of 32 bits, each in the machine's own order."""
    raw = b"".join(int(text[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(text), 8))
    family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, raw)


def unix_listeners(proc: Path = Path("/proc")) -> tuple[UnixListener, ...]:
    """The Unix sockets that listen; one without a file has a path that begins with `@`."""
    found = []
    with suppress(OSError):
        for line in (proc / "net/unix").read_text(errors="surrogateescape").splitlines()[1:]:
            words = line.split(maxsplit=7)
            if len(words) == 8 and int(words[3], 16) & _ACCEPTS:
                found.append(UnixListener(words[7], int(words[6])))
    return tuple(found)


def families(proc: Path = Path("/proc")) -> dict[int, list[int]]:
    """The children of each process."""
    found: dict[int, list[int]] = {}
    for each in proc.iterdir() if proc.is_dir() else ():
        if each.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
                found.setdefault(parent, []).append(int(each.name))
    return found


def descendants(pid: int, children: dict[int, list[int]]) -> Iterator[int]:
    """A process and all that it has started."""
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(children.get(each, ()))


def relatives(pid: int, children: dict[int, list[int]], proc: Path = Path("/proc")) -> tuple[int, ...]:
    """A process, all that it has started, and what of that is nobody's child any more but still bears its mark."""
    found = dict.fromkeys(descendants(pid, children))
    mark = _mark(proc / str(pid))
    for each in proc.iterdir() if mark and proc.is_dir() else ():
        if each.name.isdigit() and int(each.name) not in found and _mark(each) == mark:
            found |= dict.fromkeys(descendants(int(each.name), children))
    return tuple(found)


def _mark(process: Path) -> bytes:
    with suppress(OSError):
        for entry in (process / "environ").read_bytes().split(b"\0"):
            if entry.startswith(MARK.encode() + b"="):
                return entry
    return b""


def function_users(host: int | None, proc: Path = Path("/proc")) -> dict[str, set[int]]:
    """The users of the processes of functions, which the host has started, by the functions' names."""
    found: dict[str, set[int]] = {}
    for pid in descendants(host, families(proc)) if host else ():
        with suppress(OSError):
            for variable in (proc / str(pid) / "environ").read_bytes().split(b"\0"):
                name, _, value = variable.partition(b"=")
                if name == b"AWS_LAMBDA_FUNCTION_NAME":
                    found.setdefault(value.decode(), set()).add((proc / str(pid)).stat().st_uid)
    return found


def listens_at(pids: Iterable[int], among: Iterable[_Any], proc: Path = Path("/proc")) -> set[_Any] | None:
    """At which of these sockets some of these processes listen; None: we may not know."""
    inodes = set()
    for pid in pids:
        try:
            for handle in (proc / str(pid) / "fd").iterdir():
                with suppress(OSError):
                    inodes.add(str(handle.readlink()))
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return {each for each in among if f"socket:[{each.inode}]" in inodes}


def who_else_enters(path: Path) -> str:
    """Why a user who is neither the owner nor of the group can open a socket or read a file there; "": cannot.

    Raises:
        OSError: it cannot be looked at.

    """
    found = path.lstat()
    needed = stat.S_IWOTH if stat.S_ISSOCK(found.st_mode) else stat.S_IROTH
    if not found.st_mode & needed:
        return ""
    for folder in path.absolute().parents:
        if not folder.lstat().st_mode & stat.S_IXOTH and not folder.is_symlink():
            return ""
    return f"mode {stat.S_IMODE(found.st_mode):04o}, and every folder above lets others through"


def looser_than_ours(path: Path) -> str:
    """What somebody other than this user may do with a path of the gateway's own; "": nothing.

    Raises:
        OSError: it cannot be looked at.

    """
    found = path.lstat()
    if found.st_uid != os.geteuid():
        return f"belongs to user {found.st_uid}"
    mode = stat.S_IMODE(found.st_mode)
    return f"mode {mode:04o}" if mode & 0o077 else ""
