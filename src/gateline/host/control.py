"""The host's side of the control socket: JSON lines, one connection.

Control says what to serve and what to forget; functions' words go the other way. When nobody reads them they
are dropped and counted: they must not take the host's memory.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final, Protocol

from gateline.functions.speech import Said, Trouble
from gateline.host.configuration import ConfigurationInvalid, from_value
from gateline.model.hosting import HostConfiguration

LONGEST_LINE: Final = 256 * 1024 * 1024
"""Bytes of a configuration; only control can send one."""

MOST_UNREAD: Final = 2 * 1024 * 1024
"""Bytes of functions' words that may wait for control."""


class Controlled(Protocol):
    """What is controlled: `gateline.host.service.Service`."""

    async def configure(self, configuration: HostConfiguration) -> None:
        """Serve this from now on."""

    def flush(self, authorizers: tuple[str, ...] | None) -> None:
        """Forget decisions."""


class Megaphone:
    """Passes on what functions say to whoever is connected."""

    def __init__(self) -> None:
        self._writer: asyncio.StreamWriter | None = None
        self._dropped = 0

    def connect(self, writer: asyncio.StreamWriter | None) -> None:
        """Speak to this one from now on."""
        self._writer = writer

    def is_connected(self, writer: asyncio.StreamWriter) -> bool:
        """Whether this is who is spoken to."""
        return self._writer is writer

    def tell(self, told: Said | Trouble) -> None:
        """Pass on one thing; dropped and counted when too much is unread."""
        writer = self._writer
        if writer is None or writer.transport.get_write_buffer_size() > MOST_UNREAD:
            self._dropped += 1
            return
        if self._dropped:
            text = (
                f"{self._dropped} more lines of functions were not shown: they came faster than they are read"
            )
            self._dropped = 0
            _write(writer, {"trouble": asdict(Trouble("", "", text))})
        _write(writer, {"said" if isinstance(told, Said) else "trouble": asdict(told)})


async def attend(
    controlled: Controlled,
    megaphone: Megaphone,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Do what one connection asks, in order, until it closes."""
    megaphone.connect(writer)
    try:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while line := await reader.readuntil(b"\n"):
                _write(writer, await _answered(controlled, line))
                await writer.drain()
    finally:
        if megaphone.is_connected(writer):
            megaphone.connect(None)
        writer.close()


async def _answered(controlled: Controlled, line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except ValueError:
        return {"id": None, "ok": False, "problem": "no JSON"}
    if not isinstance(asked, dict):
        return {"id": None, "ok": False, "problem": "no object"}
    number = asked.get("id")
    try:
        await _do(controlled, asked)
    except ConfigurationInvalid as error:
        return {"id": number, "ok": False, "problem": str(error)}
    except Exception as error:  # noqa: BLE001 - a fault of ours must not end what serves; its words may hold secrets
        return {"id": number, "ok": False, "problem": f"internal error ({type(error).__name__})"}
    return {"id": number, "ok": True}


async def _do(controlled: Controlled, asked: dict[str, Any]) -> None:
    match asked:
        case {"do": "configure", "configuration": configuration}:
            # Thousands of methods take a while; callers are answered meanwhile.
            await controlled.configure(await asyncio.to_thread(from_value, configuration))
        case {"do": "flush", "authorizers": None}:
            controlled.flush(None)
        case {"do": "flush", "authorizers": [*names]} if all(isinstance(name, str) for name in names):
            controlled.flush(tuple(names))
        case _:
            raise ConfigurationInvalid("no such request")


def _write(writer: asyncio.StreamWriter, value: dict[str, Any]) -> None:
    writer.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")
