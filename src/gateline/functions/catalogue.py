"""All functions of the project by name: which one runs how, and how one configuration gives way to the next."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gateline.functions.answer import Answer, Failed, Fault
from gateline.functions.environment import plain_name
from gateline.functions.pool import Pool
from gateline.functions.python_pool import PythonWorkshop
from gateline.functions.remote import ArnRunner, UrlRunner
from gateline.functions.runner import Runner
from gateline.functions.runtime_pool import RuntimeWorkshop
from gateline.functions.speech import Tell
from gateline.model.function import Function, FunctionKind
from gateline.processes.strays import end_strays, function_mark

_NO_ACCOUNT: Final = "000000000000"
"""In the ARN of a function that is invoked by hand, where no gateway says whose it is."""


class Functions:
    """An async context manager that leaves no process behind.

    `scratch` is a folder for unpacked code, made when it is missing. As root it should lie where every user may
    pass, or functions cannot be given users of their own.
    """

    def __init__(self, *, tell: Tell, scratch: Path, environ: Mapping[str, str]) -> None:
        self._tell = tell
        self._scratch = scratch
        self._environ = environ
        self._runners: dict[str, tuple[Function, str, Runner]] = {}
        self._draining: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.geteuid() == 0:
            # To be passed by all: what lies in it is each for one function's user.
            self._scratch.chmod(stat.S_IMODE(self._scratch.stat().st_mode) | 0o011)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.configure((), {})
        try:
            while self._draining:
                await asyncio.wait(self._draining)
        except asyncio.CancelledError:  # there is no time to drain
            left = [task for task in self._draining if task.cancel()]
            if left:
                await asyncio.wait(left)
            raise
        finally:
            end_strays(function_mark(self._scratch))

    async def configure(self, functions: tuple[Function, ...], revisions: Mapping[str, str]) -> None:
        """Run these functions from now on, and no others.

        A function whose value and revision are unchanged keeps its processes. The others get new ones, which
        take all new invocations at once; the old ones finish what they have, then end.
        """
        before, self._runners = self._runners, {}
        for function in functions:
            revision = revisions.get(function.name, "")
            kept = before.get(function.name)
            if kept is not None and kept[:2] == (function, revision):
                del before[function.name]
                self._runners[function.name] = kept
            else:
                runner = self._runner(function)
                runner.start()
                self._runners[function.name] = (function, revision, runner)
        for _, _, runner in before.values():
            task = asyncio.create_task(_close(runner))
            self._draining.add(task)
            task.add_done_callback(self._draining.discard)

    async def invoke(
        self, name: str, event: bytes, *, request_id: str, invoked_arn: str = "", source: str = ""
    ) -> Answer:
        """Hand an event (JSON text) to a function and wait for what becomes of it.

        Never raises for anything that a function does. When it is cancelled, an event that waits for a worker is
        forgotten; one that runs runs on, and its answer is dropped.
        """
        found = self._runners.get(name)
        if found is None:
            return Failed(Fault.UNKNOWN, f"there is no function {name}")
        function, _, runner = found
        arn = invoked_arn or f"arn:aws:lambda:{function.region}:{_NO_ACCOUNT}:function:{plain_name(function)}"
        return await runner.invoke(event, request_id=request_id, invoked_arn=arn, source=source)

    def _runner(self, function: Function) -> Runner:
        match function.kind:
            case FunctionKind.PYTHON:
                python = PythonWorkshop(
                    function, tell=self._tell, scratch=self._scratch, environ=self._environ
                )
                return Pool(function, python, self._tell)
            case FunctionKind.RUNTIME_API:
                runtime = RuntimeWorkshop(
                    function, tell=self._tell, scratch=self._scratch, environ=self._environ
                )
                return Pool(function, runtime, self._tell)
            case FunctionKind.URL:
                return UrlRunner(function, self._tell)
            case FunctionKind.ARN:
                return ArnRunner(function, self._tell)


async def _close(runner: Runner) -> None:
    with suppress(asyncio.CancelledError):
        await runner.close()
