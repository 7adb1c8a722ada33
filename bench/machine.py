"""Processes under measurement: pinned to processors, their processor time and memory read from /proc."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

CPUS = sorted(os.sched_getaffinity(0))
PROXY_CPU = {CPUS[0]}  # everything whose cost is measured
LOAD_CPU = {CPUS[-1]}  # the load generator and the backend
ANY_CPU = set(CPUS)
TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")  # microseconds
STARTING = 30.0  # seconds in which a process must come up


class NotUp(Exception):
    """A process of the bench did not come up, or ended while it was needed."""


def found(tool: str) -> str | None:
    """Where a program is; Debian keeps nginx out of a user's PATH."""
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree_cpu_time(*pids: int) -> float:
    """Processor time of processes and all their descendants, ended ones that were waited for too; microseconds."""
    total = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(int(fields[n]) for n in range(11, 15)) * TICK
        total += tree_cpu_time(*_children(pid))
    return total


def tree_cpu_times(*pids: int) -> dict[str, float]:
    """The same, by what the processes are: "envoy", "gateline up", "gateline.host"."""
    parts: dict[str, float] = {}
    for pid in pids:
        name = _name(pid)
        parts[name] = parts.get(name, 0.0) + tree_cpu_time(pid)
        for child in _children(pid):
            for inner, spent in tree_cpu_times(child).items():
                parts[inner] = parts.get(inner, 0.0) + spent
                parts[name] -= spent
    return parts


def _name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    program = Path(words[0].split()[0]).name if words[0] else "?"
    if program.startswith("python"):
        after = next((n + 1 for n, word in enumerate(words) if word == "-m"), None)
        return (
            words[after] if after else next((Path(w).name for w in words[1:] if w.endswith(".py")), program)
        )
    return program.rstrip(":")


def _children(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def proportional_memory(pid: int) -> int:
    """PSS of a process and its descendants, in bytes."""
    own = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return (int(own[1]) * 1024 if own else 0) + sum(proportional_memory(child) for child in _children(pid))


@contextlib.contextmanager
def pinned(cpus: set[int]) -> Iterator[None]:
    """What this thread starts meanwhile runs on these processors only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def running(
    command: Sequence[str], log: Path, cpus: set[int], environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program pinned to processors, with its children; what it prints goes to `log`. Ended at the end."""
    with log.open("wb") as out, pinned(cpus):
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environ or {})},
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(is_up: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, what: str) -> None:
    """Wait until a process serves.

    Raises:
        NotUp: it ended, or took too long; with the end of what it printed.

    """
    deadline = time.monotonic() + STARTING
    while not is_up():
        if process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
            continue
        how = (
            "is not up after half a minute"
            if process.returncode is None
            else f"ended with {process.returncode}"
        )
        printed = log.read_text(errors="replace").splitlines()[-20:]
        raise NotUp("\n".join([f"{what} {how}", *(f"  | {line}" for line in printed)]))


def answers(url: str, *, status: int | None = None, headers: Mapping[str, str] | None = None) -> bool:
    """Whether something answers there, and with this status if one is given."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=dict(headers or {})), timeout=5
        ) as seen:
            return status in (None, seen.status)
    except urllib.error.HTTPError as error:
        error.close()
        return status in (None, error.code)
    except OSError:
        return False


def listens(path: Path) -> bool:
    """Whether something accepts connections on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def about() -> dict[str, object]:
    """What the figures were measured on."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    kernel = os.uname()
    return {
        "processors": len(CPUS),
        "model": model[1] if model else kernel.machine,
        "kernel": kernel.release,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
