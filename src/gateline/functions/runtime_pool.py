"""Workers that speak the Lambda Runtime API: Node.js, `provided`, anything with a bootstrap."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateline.functions.environment import function_environment
from gateline.functions.pool import Keeper, NotStarted
from gateline.functions.preparation import prepare
from gateline.functions.runtime_program import Program, program
from gateline.functions.runtime_worker import RuntimeWorker
from gateline.functions.speech import Tell
from gateline.functions.staging import Staged
from gateline.model.function import Function
from gateline.processes.isolation import Command
from gateline.processes.strays import instance_of


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
        """Stage the code, find the program and a user."""
        function = self._function
        prepared = await prepare(
            function, self._scratch, lambda staged: self._found(staged).needs, self._tell
        )
        self._staged = staged = prepared.staged
        found = self._found(staged)
        self._command = Command(
            arguments=found.arguments,
            environment={
                **self._plain(staged),
                **found.environment,
                **dict(function.environment),  # what is declared wins here too
            },
            folder=staged.code,
            stdout=-1,  # each worker has its own
            stderr=-1,
            uid=prepared.uid,
        )

    def make(self, keeper: Keeper) -> RuntimeWorker:
        """Start a worker.

        Raises:
            NotStarted: there is no port or no process to be had.

        """
        assert self._command is not None
        try:
            return RuntimeWorker(self._function, self._command, keeper, self._tell)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the environment
            raise NotStarted(f"no process can be started: {error}") from error

    def close(self) -> None:
        """Remove what was unpacked."""
        if self._staged is not None:
            self._staged.discard()

    def _plain(self, staged: Staged) -> dict[str, str]:
        return function_environment(
            self._function,
            self._environ,
            code_root=staged.code,
            layers=staged.layers,
            instance=instance_of(self._scratch),
        )

    def _found(self, staged: Staged) -> Program:
        return program(self._function, staged, self._plain(staged)["PATH"])
