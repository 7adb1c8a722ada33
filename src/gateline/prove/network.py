"""A network of its own for a while: a namespace that is tied to this machine's by a pair of virtual interfaces.

What is tried from there comes in as from another machine: by an interface, and never by loopback. Wants root and `ip`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gateline.errors import GatelineError
from gateline.prove.attempt import Point

NAME: Final = "another network"

_OURS: Final = "169.254.213.1"  # link-local (RFC 3927): nobody routes it
_THEIRS: Final = "169.254.213.2"
_OURS_6: Final = "fd67:6174:656c:6e65::1"
_THEIRS_6: Final = "fd67:6174:656c:6e65::2"
_NAMESPACES: Final = Path("/run/netns")
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
    # Names of interfaces have room for 15 bytes.
    namespace, here, there = (f"{prefix}{os.getpid()}" for prefix in ("gateline-prove-", "glph", "glpt"))
    try:
        try:
            _make(program, namespace, here, there)
        except (OSError, GatelineError) as error:
            yield Point(name=NAME, why_not=str(error))
            return
        outside = [each for each in addresses if "%" not in each and each not in {"127.0.0.1", "::1"}]
        aims = (_OURS, *([_OURS_6] if _has_ipv6() else []), *outside)
        yield Point(name=NAME, addresses=aims, namespace=str(_NAMESPACES / namespace))
    finally:
        with suppress(OSError, GatelineError):
            _run(program, "link", "delete", here)
        with suppress(OSError, GatelineError):
            _run(program, "netns", "delete", namespace)


def _make(program: str, namespace: str, here: str, there: str) -> None:
    _run(program, "netns", "add", namespace)
    _run(program, "link", "add", here, "type", "veth", "peer", "name", there, "netns", namespace)
    _run(program, "address", "add", f"{_OURS}/30", "dev", here)
    _run(program, "link", "set", here, "up")
    within = (program, "-n", namespace)
    _run(*within, "address", "add", f"{_THEIRS}/30", "dev", there)
    _run(*within, "link", "set", there, "up")
    _run(*within, "route", "add", "default", "via", _OURS)
    if _has_ipv6():  # nodad: an address counts at once
        _run(program, "address", "add", f"{_OURS_6}/64", "dev", here, "nodad")
        _run(*within, "address", "add", f"{_THEIRS_6}/64", "dev", there, "nodad")
        _run(*within, "route", "add", "default", "via", _OURS_6)


def _has_ipv6() -> bool:
    return Path("/proc/net/if_inet6").exists()


def _run(*words: str) -> None:
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise GatelineError(f"{' '.join(words[1:])}: {done.stderr.strip() or done.returncode}")
