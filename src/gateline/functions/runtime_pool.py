"""Workers that speak the Lambda Runtime API: Node.js, `provided`, anything with a bootstrap."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from gateline.functions.environment import function_environment
from gateline.functions.isolation import Command, own_user
from gateline.functions.pool import Keeper, NotStarted
from gateline.functions.runtime_program import program
from gateline.functions.runtime_worker import RuntimeWorker
from gateline.functions.speech import Tell, Trouble
from gateline.functions.staging import Staged, Unstageable, stage
from gateline.model.function import Function


class RuntimeWorkshop:
    """A `pool.Workshop` of one function."""

    def __init__(self, function: Function, *, tell: Tell, scratch: Path, environ: Mapping[str, str]) -> None:
        self._function = function
        self._tell = tell
        self._scratch = scratch
        self._environ = environ
        self._staged: Staged | None = None
        self._command: Command | None = None

    async def open(self) -> None:
        """Stage the files, find the program and the user.

        Raises:
            NotStarted: a file is missing, or there is no program.

        """
        self.close()
        function = self._function
        try:
            staged = self._staged = await asyncio.to_thread(stage, function, self._scratch)
        except Unstageable as error:
            raise NotStarted(str(error)) from error
        environment = function_environment(
            function, self._environ, code_root=staged.code, layers=staged.layers
        )
        found = program(function, staged, environment["PATH"])
        uid, why = await own_user(function.name, (staged.code, *staged.layers, *found.needs))
        if why:
            self._tell(Trouble(function.name, "", why))
        self._command = Command(
            arguments=found.arguments,
            environment={**environment, **found.environment, **dict(function.environment)},
            folder=staged.code,
            stdout=-1,  # each worker has its own
            stderr=-1,
            uid=uid,
        )

    def make(self, keeper: Keeper) -> RuntimeWorker:
        """Start a worker.

        Raises:
            NotStarted: there is no port or no process to be had.

        """
        assert self._command is not None
        try:
            return RuntimeWorker(self._function, self._command, keeper, self._tell)
        except OSError as error:
            raise NotStarted(f"no process can be started: {error}") from error

    def close(self) -> None:
        """Remove what was unpacked."""
        if self._staged is not None:
            self._staged.discard()
            self._staged = None
