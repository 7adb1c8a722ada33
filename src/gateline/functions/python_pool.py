"""How the worker processes of a Python function are made. How many, and who waits for them, says `pool`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from gateline.functions.environment import function_environment
from gateline.functions.pool import Keeper, NotStarted, Worker
from gateline.functions.preparation import prepare
from gateline.functions.python_worker import SCRIPT, PythonWorker, Recipe
from gateline.functions.speech import Tell
from gateline.functions.staging import Staged
from gateline.model.function import Function
from gateline.processes.strays import instance_of


class PythonWorkshop:
    """A `pool.Workshop` of one function."""

    def __init__(self, function: Function, *, tell: Tell, scratch: Path, environ: Mapping[str, str]) -> None:
        self._function = function
        self._tell = tell
        self._scratch = scratch
        self._environ = environ
        self._staged: Staged | None = None
        self._recipe: Recipe | None = None

    async def open(self) -> None:
        """Stage the code, find the interpreter and a user."""
        function = self._function
        interpreter = shutil.which(function.interpreter or sys.executable, path=self._environ.get("PATH"))
        if interpreter is None:
            raise NotStarted(f"its interpreter {function.interpreter} is not there, or is no program")
        programs = (Path(interpreter), SCRIPT)
        prepared = await prepare(function, self._scratch, lambda _: programs, self._tell)
        self._staged = staged = prepared.staged
        environment = function_environment(
            function,
            self._environ,
            code_root=staged.code,
            layers=staged.layers,
            runtime_dir=str(SCRIPT.parent),
            instance=instance_of(self._scratch),
        )
        # Byte code goes where it goes away with this revision: beside the code it would be seen as an edit, and
        # an edit within one second would be missed.
        environment.setdefault("PYTHONPYCACHEPREFIX", str(prepared.own))
        self._recipe = Recipe(
            function=function.name,
            arguments=(interpreter,),
            handed=(
                str(function.timeout // timedelta(milliseconds=1)),
                str(staged.code),
                function.handler,
                *map(str, staged.layers),
            ),
            environment=environment,
            folder=staged.code,
            uid=prepared.uid,
        )

    def make(self, keeper: Keeper) -> Worker:
        """Start a worker."""
        assert self._recipe is not None, "open() comes first"
        try:
            return PythonWorker(self._recipe, keeper, self._tell)
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument or the environment
            raise NotStarted(f"no process can be started: {error}") from error

    def close(self) -> None:
        """Remove what was staged."""
        if self._staged is not None:
            self._staged.discard()
