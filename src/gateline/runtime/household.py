"""What the house does once control was started: keeps processes for it, and keeps it.

All decisions are the supervisors' (`supervisor.py`), control's own included; here is who is asked and told. Asyncio
and the standard library only: what is not here cannot break.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from gateline.processes import watchman
from gateline.processes.orphans import reap_orphans
from gateline.runtime import supervisor
from gateline.runtime.background import background
from gateline.runtime.control_start import STOPPING, StartedControl, start_control
from gateline.runtime.descriptors import Spare
from gateline.runtime.heartbeat import is_idle
from gateline.runtime.house_voice import HouseVoice
from gateline.runtime.house_wire import LONGEST_LINE, PULSE_SECONDS, command_of, line, receive_handle
from gateline.runtime.keeper import Keeper
from gateline.runtime.process import ending
from gateline.runtime.processes import mark_of, marked
from gateline.runtime.pulse import Patience, Pulse
from gateline.runtime.spawned import Spawned

LAST_SECONDS: Final = 1.0
"""How long a control that was told to end at once may take."""

SILENT: Final = Patience(idle=15, busy=120)
SILENT_AT_THE_END: Final = Patience(idle=5, busy=30)
"""How many seconds control may say nothing; and when it was told to end."""

TASKS: Final = "task/"
"""How the names of those begin that may have to do without."""

_CHUNK: Final = 65_536


def keep_house(house: str, control: StartedControl, heard: list[int]) -> int:
    """Keep house until control leaves; the exit code.

    Args:
        house: its id.
        control: runs already.
        heard: signals that came before anybody could do something about them.

    """
    return asyncio.run(Household(house, control).live(heard))


class Household:
    """The house at work."""

    def __init__(self, house: str, control: StartedControl) -> None:
        self._house = house
        self._voice = HouseVoice()
        self._spare = Spare()
        self._first: StartedControl | None = control
        self._served = self._away = False
        self._signals = 0
        self._said = 0  # lines of control
        self._unheard: list[int] = []  # signals that no control has said it heard
        self._kept: dict[str, Keeper] = {}
        self._drains: dict[str, asyncio.Event] = {}
        self._notes: dict[str, str] = {}
        self._remembered: dict[str, str] = {}
        self._held: dict[str, int] = {}
        self._emptied: set[int] = set()
        self._marks = [mark_of(house)]
        self._to_remove: set[str] = set()
        self._line: asyncio.StreamWriter | None = None
        self._pipe = -1  # to the watchman

    async def live(self, heard: list[int]) -> int:
        """Keep control and what it wants until control is over, then end all; control's exit code."""
        self._child: Spawned | None = None
        self._control = Keeper(
            self._start_control,
            supervisor.Policy(),
            on_crash=self._tell_crash,
            on_spawn=lambda _: None,
            mark=mark_of(self._house, "control"),
            spare=self._spare,
        )
        async with background() as tasks:
            self._tasks = tasks
            tasks.create_task(self._control.run())
            self._control.start()
            self._listen(heard)
            watching = self._watch()
            reaping = tasks.create_task(reap_orphans())
            listening = tasks.create_task(self._listen_for_control())
            finished = await self._control.finished
            listening.cancel()
            await self._end_all()
            watching.leaving()
            os.close(self._pipe)
            self._pipe = -1
            await watching.finished
            reaping.cancel()
        self._voice.close()
        self._spare.close()
        return finished.status if finished.status >= 0 else 128 - finished.status

    # Control.

    def _start_control(self) -> Spawned:
        started = self._first or start_control(self._house, self._held)
        self._first = None
        self._child = Spawned(started.pid)
        for number in self._unheard:
            self._control.leaving()
            self._child.signal(number)  # it hears them when it listens
        self._unheard.clear()
        self._tasks.create_task(self._attend(started))
        return self._child

    async def _attend(self, started: StartedControl) -> None:
        """Do what a control asks for, until it is gone."""
        loop = asyncio.get_running_loop()
        handles = started.handles
        handles.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=started.lines, limit=LONGEST_LINE)
        loop.add_reader(handles, self._take_handles, started)
        for pipe in self._emptied:
            loop.remove_reader(pipe)
        self._line = writer
        running = {name: [kept.pid or 0, self._notes.get(name, "")] for name, kept in self._kept.items()}
        writer.write(line(served=self._served, remembered=self._remembered, running=running))
        try:
            with suppress(OSError):
                while asked := await reader.readline():
                    self._said += 1
                    self._do(json.loads(asked))
        except (
            ValueError,
            KeyError,
            TypeError,
        ) as error:  # a fault of ours: a new control is better than none
            self._voice.say(f"internal error: control said what nobody understands ({type(error).__name__})")
            if self._child and self._child.pid == started.pid:
                self._child.kill()
        finally:
            self._take_handles(started)
            loop.remove_reader(handles)
            handles.close()
            writer.close()
            if self._line is writer:
                self._be_alone()

    async def _listen_for_control(self) -> None:
        """Have a control that says nothing any more started again, for ever. One that ends need not be."""
        pulse, last_pulse = Pulse(SILENT), Pulse(SILENT_AT_THE_END)
        while True:
            said = self._said
            await asyncio.sleep(PULSE_SECONDS)
            child = self._child
            if self._said != said or child is None or child.ended.done():
                pulse.answered()
                last_pulse.answered()
                continue
            idle = is_idle(child.pid)
            is_hung, hangs_at_the_end = pulse.missed(idle=idle), last_pulse.missed(idle=idle)
            if not (hangs_at_the_end if self._signals else is_hung):
                continue
            if self._signals and not self._unheard:
                child.kill()
            else:
                self._control.unresponsive()  # the next one hears the signal

    def _be_alone(self) -> None:
        """Do without control for a while."""
        self._line = None
        for drained in self._drains.values():
            drained.set()
        for pipe in self._emptied:
            asyncio.get_running_loop().add_reader(pipe, _empty, pipe)

    def _do(self, asked: dict[str, Any]) -> None:
        match asked:
            case {"do": "keep"}:
                self._keep(asked)
            case {"do": "note", "name": str(name), "text": str(text)}:
                self._notes[name] = text
            case {"do": "remember", "key": str(key), "value": str(value)}:
                self._remembered[key] = value
            case {"do": "remove", "path": str(path)}:
                self._to_remove.add(path)
            case {"do": "served"}:
                self._tell_served()
            case {"do": "leaving"}:
                self._unheard.clear()
                self._control.leaving()
            case {"do": "drained", "name": str(name)} if name in self._drains:
                self._drains[name].set()
            case {"do": str(what), "name": str(name)} if name in self._kept:
                kept = self._kept[name]
                does: dict[str, Callable[[], None]] = {
                    "start": kept.start,
                    "ready": kept.ready,
                    "unresponsive": kept.unresponsive,
                    "stop": kept.stop,
                }
                does.get(what, lambda: None)()

    def _take_handles(self, started: StartedControl) -> None:
        with suppress(OSError, ValueError):
            while received := receive_handle(started.handles):
                key, handle, emptied = received
                before = self._held.pop(key, None)
                if before is not None:
                    self._emptied.discard(before)
                    os.close(before)
                self._held[key] = handle
                if emptied:
                    self._emptied.add(handle)
            asyncio.get_running_loop().remove_reader(started.handles)  # it is gone

    def _tell_served(self) -> None:
        self._control.ready()
        if self._served and self._away and self._child:
            self._voice.say(f"control is back (process {self._child.pid})")
        self._served, self._away = True, False

    def _tell_crash(self, crash: supervisor.Crashed) -> None:
        self._away = True
        after = f"in {crash.restart_in:g} s" if crash.restart_in else "at once"
        how = "it did not answer any more" if crash.hung else ending(crash.status)
        self._voice.say(f"control ended ({how}); it is started again {after}, what serves serves on")
        if self._unheard:
            self._control.start()

    # What control wants.

    def _keep(self, asked: dict[str, Any]) -> None:
        name = str(asked["name"])
        kept = self._kept.get(name)
        if kept is not None:
            if kept.pid:
                self._tell(spawned=name, pid=kept.pid)
            return
        command, mark = command_of(asked["command"]), mark_of(self._house, name)
        self._add_mark(command.mark)
        kept = Keeper(
            marked(command, mark),
            supervisor.Policy(**asked["policy"]),
            drain=partial(self._drain, name) if asked["drains"] else None,
            on_crash=lambda crash: self._tell(
                crashed=name, status=crash.status, restart_in=crash.restart_in, hung=crash.hung
            ),
            on_spawn=lambda pid: self._tell(spawned=name, pid=pid),
            mark=mark,
            spare=None if name.startswith(TASKS) else self._spare,
        )
        self._kept[name] = kept
        kept.finished.add_done_callback(partial(self._finish, name))
        self._tasks.create_task(kept.run())

    def _finish(self, name: str, finished: asyncio.Future[supervisor.Finished]) -> None:
        del self._kept[name]
        self._notes.pop(name, None)
        result = finished.result()
        self._tell(finished=name, status=result.status, failed=result.failed)

    async def _drain(self, name: str) -> None:
        """Let control drain it, who knows how; without control nobody does."""
        if self._line is None:
            return
        self._drains[name] = drained = asyncio.Event()
        self._tell(drain=name)
        try:
            await drained.wait()
        finally:
            del self._drains[name]

    def _tell(self, **what: object) -> None:
        if self._line is not None:
            self._line.write(line(**what))

    # The end.

    def _listen(self, heard: list[int]) -> None:
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            if signal.getsignal(number) != signal.SIG_IGN:
                loop.add_signal_handler(number, self._hear, number)
        for early in heard:
            self._hear(early)

    def _hear(self, number: int) -> None:
        """Control knows what each signal means; the end of it is the end of all from now on."""
        self._signals += 1
        is_there = self._child is not None and not self._child.ended.done()
        if self._signals == 1 and (self._served or not is_there):
            self._unheard.append(number)  # should it die before it has heard, the next one will drain
            self._control.start()  # without waiting any longer, if it is away
        else:
            self._control.leaving()
        if self._child and is_there:
            self._child.signal(number)
            if self._signals > 2:
                asyncio.get_running_loop().call_later(LAST_SECONDS, self._child.kill)
        elif self._signals > 1:
            for kept in list(self._kept.values()):
                kept.stop()

    async def _end_all(self) -> None:
        """End what is left: first who takes requests (it was wanted first), then the others at once."""
        left = list(self._kept.values())
        for kept in (left[:1], left[1:]):
            for each in kept:
                each.stop()
                if self._signals > 1:
                    each.stop()  # there was more than one, so there is no time
            for each in kept:
                await each.finished
        self._remove()

    def _remove(self) -> None:
        for path in self._to_remove:
            with suppress(OSError):
                Path(path).unlink(missing_ok=True)

    # The watchman.

    def _watch(self) -> Keeper:
        watching = Keeper(
            self._start_watchman,
            supervisor.Policy(),
            on_crash=lambda _: None,
            on_spawn=lambda _: watching.ready(),
            spare=self._spare,
        )
        self._tasks.create_task(watching.run())
        watching.start()
        return watching

    def _start_watchman(self) -> Spawned:
        if self._pipe >= 0:
            os.close(self._pipe)
        read_end, self._pipe = os.pipe()
        try:
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-I", "-S", str(watchman.__file__)],
                {},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, read_end, 0),
                    *((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)),
                ],
                setsid=True,
            )
        finally:
            os.close(read_end)
        for mark in self._marks:
            self._write_mark(mark)
        return Spawned(pid)

    def _add_mark(self, mark: str) -> None:
        if mark and mark not in self._marks:
            self._marks.append(mark)
            self._write_mark(mark)

    def _write_mark(self, mark: str) -> None:
        if self._pipe >= 0:
            with suppress(OSError):  # the watchman is gone, and the next one is told all of them
                os.write(self._pipe, mark.encode() + b"\n")


def _empty(pipe: int) -> None:
    """Read what nobody else reads now, so that who writes it need not wait."""
    with suppress(BlockingIOError):
        while os.read(pipe, _CHUNK):
            pass
