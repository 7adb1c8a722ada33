"""Python functions for tests: their source in a folder, and a catalogue that runs them and is listened to."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from gateline.functions.answer import Answer, Raised, Returned
from gateline.functions.catalogue import Functions
from gateline.functions.pool import Pool
from gateline.functions.speech import Said, Trouble
from gateline.model.function import Function, FunctionKind
from gateline.model.origin import Origin

LONG: Final = 60.0
"""Seconds after which a test that hangs is ended."""


def python_function(folder: Path, source: str, **changed: Any) -> Function:
    """A function `app.handler` with this source."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.py").write_text(source, encoding="utf-8")
    function = Function(
        name="fn",
        kind=FunctionKind.PYTHON,
        handler="app.handler",
        code=str(folder),
        timeout=timedelta(seconds=10),
        maximum=1,
        origin=Origin("gateline.yaml", ("functions", "fn")),
    )
    return replace(function, **changed)


class Listened(Functions):
    """A catalogue whose functions are heard. Their process ids are known as long as they live."""

    def __init__(self, tmp_path: Path, environ: Mapping[str, str] | None = None) -> None:
        self.heard: list[Said | Trouble] = []
        self.scratch = tmp_path / "scratch"
        super().__init__(
            tell=self.heard.append, scratch=self.scratch, environ=os.environ if environ is None else environ
        )

    @property
    def troubles(self) -> list[str]:
        """What the operator was told, but that these tests are not isolated: their Python lies anywhere."""
        texts = [it.text for it in self.heard if isinstance(it, Trouble)]
        return [text for text in texts if "not isolated" not in text]

    def lines(self, stream: str = "stdout") -> list[tuple[str, str]]:
        """Request id and text of the lines that were printed."""
        return [(it.request_id, it.text) for it in self.heard if isinstance(it, Said) and it.stream == stream]

    def pool(self, name: str = "fn") -> Pool:
        """The pool of a function."""
        pool = self._runners[name][2]
        assert isinstance(pool, Pool)
        return pool

    async def ask(self, event: object = None, request_id: str = "r1", name: str = "fn") -> Answer:
        """Invoke a function."""
        return await self.invoke(name, json.dumps(event).encode(), request_id=request_id)

    async def returned(self, event: object = None, request_id: str = "r1", name: str = "fn") -> Any:
        """What a function returned."""
        answer = await self.ask(event, request_id, name)
        assert isinstance(answer, Returned), answer
        return json.loads(answer.payload)

    async def raised(self, event: object = None, request_id: str = "r1") -> dict[str, Any]:
        """The error object that a function raised."""
        answer = await self.ask(event, request_id)
        assert isinstance(answer, Raised), answer
        found: dict[str, Any] = json.loads(answer.payload)
        assert (found["errorMessage"], found["errorType"]) == (answer.message, answer.error_type)
        return found


def run(
    tmp_path: Path,
    scenario: Callable[[Listened], Coroutine[Any, Any, None]],
    *functions: Function,
    environ: Mapping[str, str] | None = None,
) -> Listened:
    """Run a scenario with these functions; afterwards nothing of theirs is left."""
    listened = Listened(tmp_path, environ)

    async def whole() -> None:
        async with asyncio.timeout(LONG), listened:
            await listened.configure(functions, {})
            await scenario(listened)

    asyncio.run(whole())
    assert list(listened.scratch.iterdir()) == []
    return listened


def is_alive(pid: int) -> bool:
    """Whether a process runs; zombies don't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(pid: int) -> None:
    """Wait for the end of a process that is nobody's child here."""
    while is_alive(pid):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
