"""A house, its client, and the real processes of both; control is a script of ours, below a house of its own."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from runtime.houses import IMPATIENT, PATIENCE, gone, house, until_it_hears

pytestmark = pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="a house spawns")


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
    with house(tmp_path, HANGS, IMPATIENT) as running:
        running.output.wait_for("control ended (it did not answer any more)", PATIENCE)
        running.output.wait_for("another", PATIENCE)
        os.kill(running.number("spawn a"), 0)
        running.process.terminate()
        assert running.ends() == 6


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells whether one is idle")
def test_a_signal_to_a_control_that_hangs_is_told_to_the_next_one(tmp_path: Path) -> None:
    with house(tmp_path, HANGS, IMPATIENT) as running:
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
    with house(tmp_path, story, IMPATIENT) as running:
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


FEW_FILES = """
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, 4000))
"""


def test_the_house_and_control_may_open_as_many_files_as_can_be_and_children_what_was_usual(
    tmp_path: Path,
) -> None:
    story = """
        import resource
        told = command("import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE), flush=True)")
        kept = keep(processes, "a", told, Policy(restarts=False))
        await kept.finished
        say("child", Path("log").read_text().strip())
        say("control", resource.getrlimit(resource.RLIMIT_NOFILE))
        return 0
    """
    with house(tmp_path, story, FEW_FILES) as running:
        assert running.ends() == 0
        text = running.output.whole()
    assert "child (200, 4000)" in text
    assert "control (4000, 4000)" in text


NO_FILES = """
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))
"""


def test_tasks_that_take_all_descriptors_leave_enough_to_start_others_again(tmp_path: Path) -> None:
    story = """
        say("control", os.getpid())
        others = keep(processes, "envoy")
        while not others.pid: await asyncio.sleep(0.01)
        others.ready()
        if processes.has_served:
            say("another")
            return 0
        processes.served()
        for number in range(100):
            task = keep(processes, f"task/a/{number}", policy=Policy(restarts=False))
            while not task.pid and not task.finished.done(): await asyncio.sleep(0.01)
            if task.finished.done(): break
        say("full", task.finished.result().status)
        first = others.pid
        os.kill(first, 9)
        while others.pid in (None, first): await asyncio.sleep(0.01)
        say("replaced")
        await asyncio.sleep(0)
        os.kill(os.getpid(), 9)
    """
    with house(tmp_path, story, NO_FILES) as running:
        running.output.wait_for("full 127", PATIENCE)
        running.output.wait_for("replaced", PATIENCE)
        running.output.wait_for("another", PATIENCE)
        assert running.ends() == 0
