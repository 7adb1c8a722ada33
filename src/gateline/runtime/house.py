"""The house: the root of the process tree of `gateline up` and `gateline serve`, kept small so that it stays up.

    house ─┬─ control    reads, compiles, serves ADS, prints; may crash, and is started again
           ├─ envoy      serves requests meanwhile
           ├─ host       answers Envoy; functions' processes are its children
           ├─ task/...   tasks of services
           └─ watchman   ends all that is left when the house itself is killed

This module starts control before it imports anything that takes time: both work at the same time then. What the
house does afterwards is `household.py`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateline.runtime.control_start import HOUSE, STOPPING, start_control
from gateline.runtime.descriptors import raise_limit

COMMANDS: Final = frozenset({"up", "serve"})
_HELP: Final = frozenset({"-h", "--help"})
_COMPLETION: Final = "_GATELINE_COMPLETE"


def needs_house(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether this call of `gateline` is one that keeps processes, and no house stands above it already."""
    if HOUSE in environ or _COMPLETION in environ:
        return False
    return bool(arguments) and arguments[0] in COMMANDS and _HELP.isdisjoint(arguments)


def live() -> int:
    """Keep house for one control until that leaves; its exit code."""
    heard: list[int] = []

    def hear(number: int, _: object) -> None:
        heard.append(number)

    for number in STOPPING:
        if (
            signal.getsignal(number) != signal.SIG_IGN
        ):  # a hang-up that our parent ignores (nohup) stays ignored
            signal.signal(number, hear)
    house = os.urandom(8).hex()
    raise_limit(os.environ)
    control = start_control(house, {})
    modules: dict[str, Any] = sys.modules
    modules.setdefault("ssl", None)  # asyncio does without, and so do 5 MB of memory
    from gateline.runtime.household import keep_house  # noqa: PLC0415 - control starts meanwhile

    return keep_house(house, control, heard)
