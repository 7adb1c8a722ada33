"""The control socket of what runs: JSON lines, for commands of the same user on the same machine.

    {"do": "flush", "authorizers": ["name", ...] | null}   -> {"ok": true, "flushed": ["api/stage/name", ...]}
    {"do": "status"}                                       -> {"ok": true, "url": ..., "pids": {...}}
    {"do": "services"}                                     -> {"ok": true, "services": [{"name": ..., ...}, ...]}
    {"do": "scale", "service": "name", "count": 3}         -> {"ok": true, "service": {"name": ..., ...}}
    {"do": "deploy", "service": "name", "wait": false}     -> {"ok": true, "service": {"name": ..., ...}}
    {"do": "keys", "action": ..., ...}                     -> {"ok": true, ...}, see `key_commands`
    {"do": "inventory"}                                    -> {"ok": true, ...}, see `inventory`

Whatever is wrong is {"ok": false, "problem": "..."}. The socket has mode 0600, in a folder of mode 0700.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from gateline.errors import GatelineError
from gateline.runtime.line_socket import answer, serve_lines

LONGEST_LINE: Final = 16 * 1024 * 1024  # a file of API keys may come in one


class Commands(Protocol):
    """What can be asked of what runs. Whatever cannot be done is a GatelineError."""

    async def flush(self, authorizers: list[str] | None) -> tuple[str, ...]:
        """Forget what authorizers decided, and say which ones; None: all."""

    def status(self) -> dict[str, Any]:
        """What runs."""

    def services(self) -> list[dict[str, Any]]:
        """The services with their tasks."""

    def scale(self, service: str, count: int) -> dict[str, Any]:
        """Let so many tasks of a service run."""

    async def deploy(self, service: str, *, wait: bool) -> dict[str, Any]:
        """Replace all tasks of a service."""

    async def at_desk(self, desk: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Show or change what one desk is for: "keys" for API keys, and so on."""

    async def inventory(self) -> dict[str, Any]:
        """Everything that somebody could try to reach."""


@asynccontextmanager
async def serve_control(socket: Path, commands: Commands) -> AsyncIterator[None]:
    """Serve commands at the socket.

    Args:
        socket: where; removed by whoever owns its folder.
        commands: does what is asked.

    """

    async def attend(asked: object) -> dict[str, Any]:
        return await _done(asked, commands)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            await answer(line, writer, attend)

    async with serve_lines(socket, converse, longest=LONGEST_LINE):
        yield


async def _done(asked: object, commands: Commands) -> dict[str, Any]:
    match asked:
        case {"do": "flush", "authorizers": None}:
            return {"flushed": list(await commands.flush(None))}
        case {"do": "flush", "authorizers": [*names]} if all(isinstance(name, str) for name in names):
            return {"flushed": list(await commands.flush(names))}
        case {"do": "status"}:
            return commands.status()
        case {"do": "services"}:
            return {"services": commands.services()}
        case {"do": "scale", "service": str(service), "count": int(count)} if count is not True:
            return {"service": commands.scale(service, count)}
        case {"do": "deploy", "service": str(service), "wait": bool(wait)}:
            return {"service": await commands.deploy(service, wait=wait)}
        case {"do": str(desk), "action": str()} if isinstance(asked, dict):
            return await commands.at_desk(desk, asked)
        case {"do": "inventory"}:
            return await commands.inventory()
        case _:
            raise GatelineError("no such request")
