"""A network of its own for a while: a namespace that is tied to this machine's by a pair of virtual interfaces.

What is tried from there comes in as from another machine: by an interface, and never by loopback. Wants root and `ip`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateline.errors import GatelineError
from gateline.prove.attempt import Attempt, Kind, Point, Verdict
from gateline.prove.probing import tried

NAME: Final = "another network"

_NAMESPACES: Final = Path("/run/netns")
_PREFIX: Final = "gateline-prove-"
_SECONDS: Final = 10.0


@contextmanager
def another_network(addresses: Sequence[str]) -> Iterator[Point]:
    """The vantage point in another network, which ends with the block; one with a reason if there can be none.

    Args:
        addresses: this machine's, of which it aims at those that another machine could.

    """
    program = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if os.geteuid() != 0 or program is None:
        why_not = "only root can make a network namespace" if program else "there is no program ip (iproute2)"
        yield Point(name=NAME, why_not=why_not)
        return
    _remove_leftovers(program)
    pair = _Pair(os.getpid())
    try:
        try:
            _make(program, pair)
        except (OSError, GatelineError, subprocess.TimeoutExpired) as error:
            yield Point(name=NAME, why_not=str(error))
            return
        others = _others()
        outside = [each for each in addresses if "%" not in each and each not in others and _is_here(each)]
        ours = [pair.here, *([pair.here_6] if _has_ipv6() else [])]
        point = Point(name=NAME, namespace=str(_NAMESPACES / pair.namespace))
        reached = [each for each in ours if _leads_to(each, point)]
        why_not = "" if pair.here in reached else "connections from there do not arrive: a firewall?"
        yield replace(point, addresses=(*reached, *outside), why_not=why_not)
    finally:
        with suppress(OSError, GatelineError, subprocess.TimeoutExpired):
            _run(program, "link", "delete", pair.interface)
        with suppress(OSError, GatelineError, subprocess.TimeoutExpired):
            _run(program, "netns", "delete", pair.namespace)


def _remove_leftovers(program: str) -> None:
    """Remove the namespaces of those who were killed; with one its pair of interfaces goes too."""
    for path in _NAMESPACES.glob(f"{_PREFIX}*"):
        if not Path("/proc", path.name.removeprefix(_PREFIX)).exists():
            with suppress(OSError, GatelineError, subprocess.TimeoutExpired):
                _run(program, "netns", "delete", path.name)


class _Pair:
    """The names and addresses of the two ends. No two that are used at a time are the same, nor routed by anybody."""

    def __init__(self, pid: int) -> None:
        self.namespace = f"{_PREFIX}{pid}"
        self.interface, self.peer = f"glph{pid}", f"glpt{pid}"  # of 15 bytes at most
        net = pid % (254 * 64)  # /30 networks, all link-local ones but the first and last 256 (RFC 3927)
        self.here, self.there = (f"169.254.{1 + net // 64}.{net % 64 * 4 + end}" for end in (1, 2))
        self.here_6, self.there_6 = (f"fd67:6174:656c:{pid & 0xFFFF:x}::{end}" for end in (1, 2))


def _others() -> frozenset[str]:
    """What nobody is reached by from there: loopback, and addresses of other proofs, which end with them."""
    pids = (path.name.removeprefix(_PREFIX) for path in _NAMESPACES.glob(f"{_PREFIX}*"))
    pairs = [_Pair(int(pid)) for pid in pids if pid.isdigit()]
    return frozenset({"127.0.0.1", "::1"}.union(*((each.here, each.here_6) for each in pairs)))


def _is_here(address: str) -> bool:
    """Whether an address is one of this machine's still."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _leads_to(address: str, point: Point) -> bool:
    """Whether a connection from there arrives here at all: else nothing that fails from there would show anything."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        wire = {"address": address, "port": server.getsockname()[1], "knock": True}
        knock = Attempt(group="", subject="", place="", means="", kind=Kind.SOCKET, wire=wire)
        [found] = tried(point, [knock])
    return found.verdict is Verdict.OPEN


def _make(program: str, pair: _Pair) -> None:
    _run(program, "netns", "add", pair.namespace)
    _run(
        program,
        "link",
        "add",
        pair.interface,
        "type",
        "veth",
        "peer",
        "name",
        pair.peer,
        "netns",
        pair.namespace,
    )
    _run(program, "address", "add", f"{pair.here}/30", "dev", pair.interface)
    _run(program, "link", "set", pair.interface, "up")
    within = (program, "-n", pair.namespace)
    _run(*within, "address", "add", f"{pair.there}/30", "dev", pair.peer)
    _run(*within, "link", "set", pair.peer, "up")
    _run(*within, "route", "add", "default", "via", pair.here)
    if _has_ipv6():  # nodad: an address counts at once
        _run(program, "address", "add", f"{pair.here_6}/64", "dev", pair.interface, "nodad")
        _run(*within, "address", "add", f"{pair.there_6}/64", "dev", pair.peer, "nodad")
        _run(*within, "route", "add", "default", "via", pair.here_6)


def _has_ipv6() -> bool:
    return Path("/proc/net/if_inet6").exists()


def _run(*words: str) -> None:
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise GatelineError(f"{' '.join(words[1:])}: {done.stderr.strip() or done.returncode}")
