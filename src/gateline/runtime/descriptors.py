"""File descriptors of who keeps processes: as many as may be, and some put aside for those that all others need."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Final

FILES: Final = (
    "GATELINE_FILES"  # as in processes/isolation.py, which is too large to import before control runs
)

SPARE: Final = 16
"""A process takes about six while it is started, and one or two for its life."""


def raise_limit(environ: MutableMapping[str, str]) -> None:
    """Allow this process as many as the hard limit does.

    Args:
        environ: is told what the limit was: children get it back (`gateline.processes.tether`).

    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # a kernel that means something else by "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        environ[FILES] = str(soft)


class Spare:
    """Descriptors that are put aside, so that tasks cannot take the last ones."""

    def __init__(self) -> None:
        self._kept: list[int] = []
        self._fill()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let them be used for a moment; those that are free afterwards are put aside again."""
        self.close()
        try:
            yield
        finally:
            self._fill()

    def close(self) -> None:
        """Give them up."""
        while self._kept:
            os.close(self._kept.pop())

    def _fill(self) -> None:
        with suppress(OSError):
            while len(self._kept) < SPARE:
                self._kept.append(os.open(os.devnull, os.O_RDONLY))
