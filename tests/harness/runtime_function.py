"""A function of files written here, run by real processes that speak the Runtime API."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from gateline.functions.answer import Answer
from gateline.functions.pool import Pool
from gateline.functions.runtime_pool import RuntimeWorkshop
from gateline.functions.speech import Said, Trouble
from gateline.model.function import Function, FunctionKind
from gateline.model.origin import Origin

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


def a_function(**changed: object) -> Function:
    """A function of the project file."""
    given: dict[str, object] = {
        "name": "f",
        "kind": FunctionKind.RUNTIME_API,
        "runtime": "provided",
        "timeout": timedelta(seconds=20),
        "origin": Origin("gateline.yaml", ("functions", "f")),
    }
    return Function(**(given | changed))  # type: ignore[arg-type] # the fields' types differ


class Listener:
    """What functions say and what their operator is told."""

    def __init__(self) -> None:
        self.heard: list[Said | Trouble] = []
        self._news = asyncio.Event()

    def tell(self, words: Said | Trouble) -> None:
        """Take a word."""
        self.heard.append(words)
        self._news.set()

    @property
    def troubles(self) -> list[str]:
        """The texts of all troubles."""
        return [word.text for word in self.heard if isinstance(word, Trouble)]

    @property
    def said(self) -> list[tuple[str, str]]:
        """What was printed: request id, text."""
        return [(word.request_id, word.text) for word in self.heard if isinstance(word, Said)]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that can only change with what is heard."""
        async with asyncio.timeout(20):
            while not holds():
                self._news.clear()
                await self._news.wait()


class RunningFunction(Listener):
    """A pool over real processes."""

    def __init__(self, function: Function, scratch: Path) -> None:
        super().__init__()
        workshop = RuntimeWorkshop(function, tell=self.tell, scratch=scratch, environ=os.environ)
        self.pool = Pool(function, workshop, self.tell)

    async def invoke(self, event: bytes, request_id: str = "request-1") -> Answer:
        """Invoke it."""
        return await self.pool.invoke(event, request_id=request_id, invoked_arn=ARN)


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files; a `bootstrap` may be executed."""
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        place.chmod(0o755 if place.name == "bootstrap" else 0o644)


@asynccontextmanager
async def running(
    folder: Path, files: Mapping[str, str], **changed: object
) -> AsyncIterator[RunningFunction]:
    """Run a function of these files; at the end no process is left."""
    code, scratch = folder / "code", folder / "scratch"
    code.mkdir()
    scratch.mkdir()
    write(code, files)
    function = RunningFunction(a_function(**({"code": str(code)} | changed)), scratch)
    function.pool.start()
    try:
        yield function
    finally:
        async with asyncio.timeout(30):
            await function.pool.close()
    assert list(scratch.iterdir()) == []
