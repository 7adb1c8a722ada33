"""Where text goes: standard output for answers, standard error for complaints.

Colours only where they are seen: Rich honours NO_COLOR and FORCE_COLOR, and writes none to files and pipes.
"""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from collections.abc import Callable
from io import UnsupportedOperation
from typing import IO, Final

import typer
from rich.console import Console

_writing: Final[defaultdict[int, threading.Lock]] = defaultdict(threading.Lock)


def answers() -> Console:
    """Standard output."""
    return Console(highlight=False, markup=False, emoji=False)


def complaints() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show(console: Console, what: Callable[[], object]) -> None:
    """Have something printed at a console, with `write_out`. May block: for threads that nobody waits for.

    Rich itself would end the process when the reader of standard error is gone, and take standard output with it.

    Raises:
        OSError: nobody takes it.

    """
    with console.capture() as captured:
        what()
    if text := captured.get():
        write_out(console.file, text)


def write_out(file: IO[str], text: str) -> None:
    """Put text on a standard stream, from whichever thread; nothing is left in a buffer, nor its lock held at the end.

    Raises:
        OSError: nobody takes it.

    """
    try:
        handle = file.fileno()
    except UnsupportedOperation:
        file.write(text)
        return
    waiting = memoryview(text.encode(getattr(file, "encoding", None) or "utf-8", "backslashreplace"))
    with _writing[handle]:
        while waiting:
            waiting = waiting[os.write(handle, waiting) :]
