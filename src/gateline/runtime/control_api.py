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
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

from gateline.errors import GatelineError

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
    connections: set[asyncio.StreamWriter] = set()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        try:
            with suppress(OSError, ValueError):  # ValueError: a line that is too long
                while line := await reader.readline():
                    writer.write(json.dumps(await _answered(line, commands)).encode() + b"\n")
                    await writer.drain()
        finally:
            connections.discard(writer)
            writer.close()

    server = await asyncio.start_unix_server(attend, socket, limit=LONGEST_LINE)
    await asyncio.to_thread(socket.chmod, 0o600)  # until now the folder's mode has kept others out
    try:
        yield
    finally:
        server.close()
        for writer in list(connections):
            writer.close()
        await server.wait_closed()


async def _answered(line: bytes, commands: Commands) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except ValueError:
        return {"ok": False, "problem": "no JSON"}
    try:
        return await _done(asked, commands)
    except GatelineError as error:
        return {"ok": False, "problem": str(error)}


async def _done(asked: object, commands: Commands) -> dict[str, Any]:
    match asked:
        case {"do": "flush", "authorizers": None}:
            return {"ok": True, "flushed": list(await commands.flush(None))}
        case {"do": "flush", "authorizers": [*names]} if all(isinstance(name, str) for name in names):
            return {"ok": True, "flushed": list(await commands.flush(names))}
        case {"do": "status"}:
            return {"ok": True, **commands.status()}
        case {"do": "services"}:
            return {"ok": True, "services": commands.services()}
        case {"do": "scale", "service": str(service), "count": int(count)} if count is not True:
            return {"ok": True, "service": commands.scale(service, count)}
        case {"do": "deploy", "service": str(service), "wait": bool(wait)}:
            return {"ok": True, "service": await commands.deploy(service, wait=wait)}
        case {"do": str(desk), "action": str()} if isinstance(asked, dict):
            return {"ok": True, **await commands.at_desk(desk, asked)}
        case {"do": "inventory"}:
            return {"ok": True, **await commands.inventory()}
        case _:
            return {"ok": False, "problem": "no such request"}
