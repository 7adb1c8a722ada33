"""What house and control say to each other: JSON lines over a pair of sockets that control inherits.

Control asks:

    {"do": "keep", "name": ..., "command": {...}, "policy": {...}, "drains": bool}
    {"do": "start" | "ready" | "unresponsive" | "drained" | "stop", "name": ...}
    {"do": "note", "name": ..., "text": ...}      {"do": "remember", "key": ..., "value": ...}
    {"do": "served"}     {"do": "leaving"}        {"do": "remove", "path": ...}
    {"do": "pulse"}      each second: it is alive

The house tells, first of all what is:

    {"served": bool, "remembered": {...}, "running": {NAME: [PID, NOTE]}}
    {"spawned": NAME, "pid": ...}       {"crashed": NAME, "status": ..., "restart_in": ..., "hung": bool}
    {"drain": NAME}                     {"finished": NAME, "status": ..., "failed": bool}

Environments of processes travel here, never in arguments. Neither believes the other to be hostile: both are one
user's, and one program.
"""

from __future__ import annotations

import array
import json
import os
import socket
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from gateline.runtime.process import Command

LONGEST_LINE: Final = 16 * 1024 * 1024
PULSE_SECONDS: Final = 1.0
_EMPTIED: Final = b"+"
_KEPT: Final = b"-"


def line(**what: object) -> bytes:
    """One line."""
    return json.dumps(what, separators=(",", ":")).encode() + b"\n"


def command_fields(command: Command) -> dict[str, Any]:
    """A command as JSON values."""
    fields = asdict(command)
    return fields | {"folder": str(command.folder), "log": str(command.log)}


def command_of(fields: dict[str, Any]) -> Command:
    """The command of such fields."""
    places = {name: Path(fields[name]) for name in ("folder", "log")}
    return Command(**{**fields, **places, "arguments": tuple(fields["arguments"])})


def send_handle(over: socket.socket, key: str, handle: int, *, emptied: bool) -> None:
    """Send a descriptor with its key, and whether it is to be read empty while nobody else does."""
    told = (_EMPTIED if emptied else _KEPT) + key.encode()
    over.sendmsg([len(told).to_bytes(2, "big") + told], [_rights(handle)])


def receive_handle(over: socket.socket) -> tuple[str, int, bool] | None:
    """The next key with its descriptor, and whether it is to be read empty; None when the other side is gone.

    Raises:
        BlockingIOError: none has come.

    """
    head, ancillary, _, _ = over.recvmsg(2, socket.CMSG_SPACE(array.array("i").itemsize))
    if not head:
        return None
    over.setblocking(True)  # the rest of it is there: it was sent at once
    told = over.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
    over.setblocking(False)
    [(_, _, data)] = ancillary
    handles = array.array("i")
    handles.frombytes(data[: handles.itemsize])
    os.set_inheritable(handles[0], False)
    return told[1:].decode(), handles[0], told[:1] == _EMPTIED


def _rights(handle: int) -> tuple[int, int, array.array[int]]:
    return (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [handle]))
