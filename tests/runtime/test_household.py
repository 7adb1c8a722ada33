"""A house, its client, and the real processes of both; control is a script of ours, below a house of its own."""

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

import pytest

from harness.gateway_process import Output

pytestmark = pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="a house spawns")

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
def house(tmp_path: Path, story: str, *, impatient: bool = False) -> Iterator[House]:
    """A house whose control plays the story: the body of `async def main(processes)`."""
    script = tmp_path / "control.py"
    script.write_text(CONTROL % (IMPATIENT * impatient, textwrap.indent(textwrap.dedent(story), "    ")))
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


def test_a_control_that_never_served_ends_all_with_its_exit_code(tmp_path: Path) -> None:
    story = """
        kept = keep(processes, "a")
        while not kept.pid: await asyncio.sleep(0.01)
        return 7
    """
    with house(tmp_path, story) as running:
        pid = running.number("spawn a")
        assert running.ends() == 7
        assert gone(pid)


def test_what_is_kept_outlives_a_control_that_served_and_the_next_one_takes_it_over(tmp_path: Path) -> None:
    story = """
        say("control", os.getpid())
        say("told", processes.has_served, sorted(processes.running.items()), processes.recall("key"))
        held = processes.held("file")
        say("held", held is not None and os.read(held, 10))
        kept = keep(processes, "a")
        while not kept.pid: await asyncio.sleep(0.01)
        kept.ready()
        if not processes.has_served:
            processes.note("a", "noted")
            processes.remember("key", "value")
            file = os.open("file", os.O_RDWR | os.O_CREAT)
            os.write(file, b"content"); os.lseek(file, 0, 0)
            processes.hold("file", file)
            processes.served()
            processes.served()  # as after every reload
            say("served")
            await asyncio.Event().wait()
        processes.served()
        processes.served()
        kept.stop()
        await kept.finished
        return 3
    """
    with house(tmp_path, story) as running:
        pid = running.number("spawn a")
        running.output.wait_for("served")
        os.kill(running.number("control"), signal.SIGKILL)
        assert running.ends() == 3
        text = running.output.whole()
        assert gone(pid)
    assert text.count(f"spawn a {pid}\n") == 2
    assert f"told True [('a', Running(pid={pid}, note='noted'))] value" in text
    assert "held b'content'" in text
    assert "gateline: control ended (signal SIGKILL); it is started again at once" in text
    assert text.count("gateline: control is back") == 1


def test_a_fault_of_a_control_that_served_does_not_end_what_is_kept(tmp_path: Path) -> None:
    story = """
        kept = keep(processes, "a")
        while not kept.pid: await asyncio.sleep(0.01)
        processes.served()
        if not processes.has_served:
            raise RuntimeError("a fault")
        return 0
    """
    with house(tmp_path, story) as running:
        assert running.ends() == 0
        text = running.output.whole()
    assert "control ended (status 1)" in text
    assert len({line for line in text.splitlines() if line.startswith("spawn a")}) == 1


def test_crashes_drains_and_ends_are_told(tmp_path: Path) -> None:
    story = """
        drained = []
        async def drain():
            drained.append(True)
        kept = keep(processes, "a", drain=drain)
        while not kept.pid: await asyncio.sleep(0.01)
        kept.ready()
        first = kept.pid
        kept.unresponsive()
        while kept.pid in (None, first): await asyncio.sleep(0.01)
        kept.ready()
        kept.stop()
        say("finished", (await kept.finished).status, drained)
        once = keep(processes, "b", command("raise SystemExit(5)"), Policy(restarts=False))
        say("finished", (await once.finished).status)
        say("again", keep(processes, "b") is not once)
        return 0
    """
    with house(tmp_path, story) as running:
        assert running.ends() == 0
        text = running.output.whole()
    assert "crash a -9 True" in text
    assert f"finished {-signal.SIGTERM} [True]" in text
    assert "finished 5\n" in text


HANGS = """
    import signal
    if processes.has_served:
        say("another")
        while not signal.sigpending(): await asyncio.sleep(0.01)
        return 6
    kept = keep(processes, "a")
    while not kept.pid: await asyncio.sleep(0.01)
    processes.served()
    await asyncio.sleep(0)
    say("control", os.getpid())
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells whether one is idle")
def test_a_control_that_hangs_is_started_again(tmp_path: Path) -> None:
    with house(tmp_path, HANGS, impatient=True) as running:
        running.output.wait_for("control ended (it did not answer any more)", PATIENCE)
        running.output.wait_for("another", PATIENCE)
        os.kill(running.number("spawn a"), 0)
        running.process.terminate()
        assert running.ends() == 6


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells whether one is idle")
def test_a_signal_to_a_control_that_hangs_is_told_to_the_next_one(tmp_path: Path) -> None:
    with house(tmp_path, HANGS, impatient=True) as running:
        running.number("control ")
        running.process.terminate()
        assert running.ends() == 6


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells whether one is idle")
def test_a_control_that_hangs_while_it_ends_holds_nothing_up(tmp_path: Path) -> None:
    story = """
        import signal
        kept = keep(processes, "a")
        while not kept.pid: await asyncio.sleep(0.01)
        processes.served()
        say("served")
        while not signal.sigpending(): await asyncio.sleep(0.01)
        processes.leaving()
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGSTOP)
    """
    with house(tmp_path, story, impatient=True) as running:
        running.output.wait_for("served")
        running.process.terminate()
        assert running.ends() == 128 + signal.SIGKILL
        assert gone(running.number("spawn a"))


def test_signals_are_controls_to_answer_and_then_all_ends(tmp_path: Path) -> None:
    story = """
        import signal
        heard = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, heard.set)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        kept = keep(processes, "a")
        while not kept.pid: await asyncio.sleep(0.01)
        processes.served()
        say("served")
        await heard.wait()
        processes.leaving()
        raise RuntimeError("while it stops")
    """
    with house(tmp_path, story) as running:
        running.output.wait_for("served")
        running.process.terminate()
        assert running.ends() == 1
        assert "started again" not in running.output.whole()
        assert gone(running.number("spawn a"))


def test_a_signal_that_control_died_with_is_told_to_the_next_one(tmp_path: Path) -> None:
    story = """
        import signal
        if not processes.has_served:
            processes.served()
            say("served")
            while not signal.sigpending(): await asyncio.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        while not signal.sigpending(): await asyncio.sleep(0.01)
        processes.leaving()
        return 4
    """
    with house(tmp_path, story) as running:
        running.output.wait_for("served")
        running.process.terminate()
        assert running.ends() == 4


def test_a_signal_while_control_is_away_ends_all(tmp_path: Path) -> None:
    story = """
        kept = keep(processes, "a")
        while not kept.pid: await asyncio.sleep(0.01)
        kept.ready()
        processes.served()
        await asyncio.sleep(0)
        raise RuntimeError("again and again")
    """
    with house(tmp_path, story) as running:
        running.output.wait_for("started again in 2 s")
        running.process.terminate()
        assert running.ends() == 1
        assert "again in 4 s" not in running.output.whole()
        assert gone(running.number("spawn a"))


@pytest.mark.skipif(sys.platform != "linux", reason="looks through /proc")
def test_a_signal_before_control_listens_is_heard_by_it_later(tmp_path: Path) -> None:
    story = """
        import signal
        while not signal.sigpending(): await asyncio.sleep(0.01)
        heard = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, heard.set)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        await heard.wait()
        return 4
    """
    with house(tmp_path, story) as running:
        until_it_hears(running.process.pid)
        running.process.terminate()
        assert running.ends() == 4


def test_a_house_that_is_killed_takes_all_with_it(tmp_path: Path) -> None:
    story = """
        daemon = "import os, time\\nif os.fork() == 0:\\n os.setsid(); print(os.getpid(), flush=True)\\n"
        kept = keep(processes, "task/a/1", command(daemon + "time.sleep(600)"))
        while not Path("log").exists() or not Path("log").read_text(): await asyncio.sleep(0.01)
        say("daemon", Path("log").read_text())
        processes.served()
        await asyncio.Event().wait()
    """
    with house(tmp_path, story) as running:
        daemon, pid = running.number("daemon"), running.number("spawn task/a/1")
        running.process.kill()
        assert gone(pid)
        assert gone(daemon) or sys.platform != "linux"


def test_a_pipe_is_read_while_control_is_away(tmp_path: Path) -> None:
    story = """
        if not processes.has_served:
            os.mkfifo("pipe")
            processes.hold("pipe", os.open("pipe", os.O_RDWR | os.O_NONBLOCK), emptied=True)
            processes.served()
        else:
            raise RuntimeError("it does not come back")
        say("control", os.getpid())
        await asyncio.Event().wait()
    """
    with house(tmp_path, story) as running:
        control = running.number("control")
        os.kill(control, signal.SIGSTOP)  # it is there, and reads nothing
        with (tmp_path / "pipe").open("wb", buffering=0) as pipe:
            os.kill(control, signal.SIGKILL)
            for _ in range(64):  # several times what a pipe holds
                pipe.write(b"x" * 16_384)
