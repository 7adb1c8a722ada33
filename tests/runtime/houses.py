"""A house with a control that is a script of ours; both are real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.gateway_process import Output

PATIENCE = 30

CONTROL = """
import asyncio, os, sys
from pathlib import Path
from gateline.runtime.control_start import HOUSE
from gateline.runtime.house import live

if HOUSE not in os.environ:
%s
    sys.exit(live())

from gateline.runtime.house_client import open_processes
from gateline.runtime.process import Command
from gateline.runtime.supervisor import Policy

def say(*words):
    print(*words, flush=True)

SLEEP = "import time; time.sleep(600)"

def command(code=SLEEP, **environment):
    return Command(arguments=(sys.executable, "-c", code), environment=environment,
                   folder=Path.cwd(), log=Path("log"))

def keep(processes, name, given=None, policy=Policy(), drain=None):
    kept = processes.keep(name, given or command(), policy, drain=drain,
                          on_crash=lambda crash: say("crash", name, crash.status, crash.hung),
                          on_spawn=lambda pid: say("spawn", name, pid))
    kept.start()
    return kept

async def main(processes):
%s

processes = open_processes(os.environ)
assert HOUSE not in os.environ

async def play():
    async with processes:
        return await main(processes)

sys.exit(asyncio.run(play()))
"""

IMPATIENT = """
    from gateline.runtime import household
    from gateline.runtime.pulse import Patience
    household.SILENT = household.SILENT_AT_THE_END = Patience(idle=3)
"""


class House:
    """A running house and what its control prints."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        self.process = process
        self.output = Output(process.stdout)

    def number(self, fragment: str) -> int:
        """The last word of the first line that holds the fragment."""
        return int(self.output.wait_for(fragment).split()[-1])

    def ends(self) -> int:
        """Its exit code."""
        return self.process.wait(PATIENCE)


@contextmanager
def house(tmp_path: Path, story: str, prelude: str = "") -> Iterator[House]:
    """A house whose control plays the story: the body of `async def main(processes)`."""
    script = tmp_path / "control.py"
    script.write_text(CONTROL % (prelude, textwrap.indent(textwrap.dedent(story), "    ")))
    path = os.pathsep.join(each for each in sys.path if each)
    with subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        running = House(process)
        try:
            yield running
        finally:
            process.kill()
            running.output.whole()


def gone(pid: int) -> bool:
    """Wait until a process has ended."""
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def until_it_hears(pid: int) -> None:
    """Wait until a process would not die of SIGTERM."""
    status, last = Path(f"/proc/{pid}/status"), time.monotonic() + PATIENCE
    while time.monotonic() < last:
        caught = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt:"))
        if int(caught.split()[1], 16) & 1 << signal.SIGTERM - 1:
            return
        time.sleep(0.001)
    raise AssertionError("it never listened")
