"""Wait for the end of whoever started us, then end all that bears one of the marks we were told.

    python -I -S watchman.py

Standard input is a pipe whose other end only the house holds; each line on it is a mark. When the pipe closes, the
house has ended, however it ended: what it kept dies with it by the kernel's hand, and what that has started in
sessions of its own is found by its marks (strays.py). A script, standard library only; it waits in little memory.
"""

from __future__ import annotations

import os
import signal
import sys

_CHUNK = 65_536


def main() -> None:
    """Wait, then sweep."""
    for taken in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(taken, signal.SIG_IGN)
    told = b""
    while chunk := os.read(0, _CHUNK):
        told += chunk
    marks = [mark for mark in told.split(b"\n") if mark]
    strays = os.path.join(os.path.dirname(__file__), "strays.py")  # noqa: PTH118, PTH120 - no pathlib: memory
    os.execv(sys.executable, [sys.executable, "-I", "-S", strays, *map(os.fsdecode, marks)])  # noqa: S606


if __name__ == "__main__":
    main()
