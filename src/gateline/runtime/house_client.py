"""Control's side of the line to the house: `Processes` that are kept there, and outlive this process."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from gateline.runtime import supervisor
from gateline.runtime.control_start import HOUSE, Above
from gateline.runtime.house_wire import LONGEST_LINE, PULSE_SECONDS, command_fields, line, send_handle
from gateline.runtime.process import Command
from gateline.runtime.processes import Drain, Kept, LocalProcesses, OnCrash, OnSpawn, Running


def open_processes(environ: MutableMapping[str, str]) -> HouseClient | LocalProcesses:
    """The processes of the house above us, if there is one, else our own; to be entered.

    Takes the variable that names the house out of the environment: nothing of ours inherits it.
    """
    told = environ.pop(HOUSE, "")
    if told:
        above = Above.of(told)
        if above.pid == os.getppid():
            return HouseClient(above)
    return LocalProcesses()


class HouseClient:
    """Lets the house keep processes: `async with HouseClient(told) as processes`.

    Args:
        above: what control was told in its environment.

    """

    def __init__(self, above: Above) -> None:
        self.root: int = above.pid
        self.has_served = False
        self.running: Mapping[str, Running] = {}
        self._lines = socket.socket(fileno=above.lines)
        self._handles = socket.socket(fileno=above.handles)
        self._held: dict[str, int] = above.held
        for number in (self._lines.fileno(), self._handles.fileno(), *self._held.values()):
            os.set_inheritable(number, False)
        self._remembered: dict[str, str] = {}
        self._kept: dict[str, _KeptByHouse] = {}
        self._serves = False
        self._is_leaving = False

    async def __aenter__(self) -> Self:
        reader, self._writer = await asyncio.open_connection(sock=self._lines, limit=LONGEST_LINE)
        told = json.loads(await reader.readline())
        self.has_served = self._serves = told["served"]
        self._remembered = told["remembered"]
        self.running = {name: Running(pid, note) for name, (pid, note) in told["running"].items()}
        self._listening = asyncio.ensure_future(self._listen(reader))
        self._beating = asyncio.ensure_future(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in (self._listening, self._beating):
            task.cancel()
        await asyncio.wait({self._listening, self._beating})
        if not self.outlives(error):
            self.leaving()
        for kept in self._kept.values():
            kept.forget()
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        self._handles.close()
        for handle in self._held.values():
            os.close(handle)

    def keep(
        self,
        name: str,
        command: Command,
        policy: supervisor.Policy,
        *,
        drain: Drain | None = None,
        on_crash: OnCrash,
        on_spawn: OnSpawn,
    ) -> Kept:
        """Keep a process, or take over the one of this name; see `Processes.keep`."""
        kept = self._kept[name] = _KeptByHouse(self, name, drain, on_crash, on_spawn)
        self.ask(
            do="keep",
            name=name,
            command=command_fields(command),
            policy=asdict(policy),
            drains=drain is not None,
        )
        return kept

    def note(self, name: str, text: str) -> None:
        """Keep a text with the process of this name."""
        self.ask(do="note", name=name, text=text)

    def remember(self, key: str, value: str) -> None:
        """Keep a text over our end."""
        self._remembered[key] = value
        self.ask(do="remember", key=key, value=value)

    def recall(self, key: str) -> str | None:
        """The text that was kept, also by a former control."""
        return self._remembered.get(key)

    def hold(self, key: str, handle: int, *, emptied: bool = False) -> None:
        """Keep a descriptor open over our end."""
        send_handle(self._handles, key, handle, emptied=emptied)

    def held(self, key: str) -> int | None:
        """The descriptor that a former control let be held."""
        return self._held.pop(key, None)

    def remove_at_end(self, path: str) -> None:
        """Remove a file when all ends, should we not be there to do it."""
        self.ask(do="remove", path=path)

    def served(self) -> None:
        """Say that everything serves."""
        self._serves = True
        self.ask(do="served")

    def leaving(self) -> None:
        """Say that this is the end, and not ours alone."""
        if not self._is_leaving:
            self._is_leaving = True
            self.ask(do="leaving")

    def outlives(self, error: BaseException | None) -> bool:
        """What has served goes on when a fault ends us."""
        return self._serves and error is not None and not self._is_leaving

    def ask(self, **what: object) -> None:
        """Say one thing to the house."""
        self._writer.write(line(**what))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while told := await reader.readline():
            self._hear(json.loads(told))
        os._exit(1)  # the house is gone: nothing that we could still do would be seen to the end

    async def _beat(self) -> None:
        """Let the house know that we do not hang."""
        while True:
            self.ask(do="pulse")
            await asyncio.sleep(PULSE_SECONDS)

    def _hear(self, told: dict[str, Any]) -> None:
        match told:
            case {"spawned": str(name), "pid": int(pid)} if name in self._kept:
                self._kept[name].spawned(pid)
            case {"crashed": str(name), "status": status, "restart_in": seconds, "hung": hung} if (
                name in self._kept
            ):
                self._kept[name].crashed(supervisor.Crashed(status, seconds, hung))
            case {"drain": str(name)} if name in self._kept:
                self._kept[name].drain()
            case {"finished": str(name), "status": status, "failed": failed} if name in self._kept:
                self._kept[name].finish(supervisor.Finished(status, failed))


class _KeptByHouse:
    """A process that the house keeps for us."""

    def __init__(
        self, house: HouseClient, name: str, drain: Drain | None, on_crash: OnCrash, on_spawn: OnSpawn
    ) -> None:
        self.pid: int | None = None
        self.finished: asyncio.Future[supervisor.Finished] = asyncio.get_running_loop().create_future()
        self._house = house
        self._name = name
        self._drain = drain
        self._draining: asyncio.Task[None] | None = None
        self._on_crash = on_crash
        self._on_spawn = on_spawn

    def start(self) -> None:
        """Want it."""
        self._ask("start")

    def ready(self) -> None:
        """Say that it serves."""
        self._ask("ready")

    def unresponsive(self) -> None:
        """Say that it does not answer."""
        self._ask("unresponsive")

    def stop(self) -> None:
        """Want it no more."""
        self._ask("stop")

    def spawned(self, pid: int) -> None:
        """It runs."""
        self.pid = pid
        self._on_spawn(pid)

    def crashed(self, crash: supervisor.Crashed) -> None:
        """It has ended, and is started again."""
        self.pid = None
        self._on_crash(crash)

    def drain(self) -> None:
        """Let it finish what it does, then say so."""
        self._draining = asyncio.ensure_future(self._drain_and_tell())

    def finish(self, finished: supervisor.Finished) -> None:
        """It is over."""
        self.pid = None
        self.forget()
        if not self.finished.done():
            self.finished.set_result(finished)

    def forget(self) -> None:
        """Do nothing more about it."""
        if self._draining:
            self._draining.cancel()

    def _ask(self, what: str) -> None:
        self._house.ask(do=what, name=self._name)

    async def _drain_and_tell(self) -> None:
        with suppress(OSError):  # nobody answers: nothing to wait for
            if self._drain:
                await self._drain()
        self._ask("drained")
