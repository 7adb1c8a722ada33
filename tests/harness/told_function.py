r"""Lambda functions that do what their caller tells them; each call is a line of the file that CALLS names.

    {"say": policy, "note": "..."}      return this value; "$ARN" in it is the event's method ARN
    {"raise": "Unauthorized"}           raise an exception with this message
    {"fault": "loop", "say": ...}       misbehave in this way first (the names below)
    {"wait_for": "/path", "say": ...}   answer when this file is there
    {"say_file": "/path"}               return what this file holds
    {"big": 9000, "say": "$BIG"}        "$BIG" becomes so many letters

An authorizer is told by the last word of its token, a REQUEST authorizer or a proxied function by a header or a
query parameter `told`: base64url of the JSON (`guarded_gateway.told` writes it). A caller who tells nothing is
denied. Standard library only: gateways run this file as a function's code.
"""

from __future__ import annotations

import base64
import binascii
import ctypes
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

_DENY: Final = {
    "principalId": "nobody",
    "policyDocument": {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*"},
    },
}
_FOREVER: Final = 3600.0


def authorize(event: Any, context: Any) -> Any:
    """A TOKEN or REQUEST authorizer."""
    _record(event, context)
    return _obey(_told(event) or {"say": _DENY}, event)


def proxied(event: Any, context: Any) -> Any:
    """A function of an aws_proxy integration; told nothing, it answers with its event."""
    _record(event, context)
    return _obey(_told(event) or {"say": {"body": json.dumps(event)}}, event)


def snoop(event: Any, context: Any) -> Any:
    """An authorizer that tries what it must not be able to do; the context `tier` says what it could."""
    _record(event, context)
    host = Path(f"/proc/{os.getppid()}")
    arguments = (host / "cmdline").read_text().split("\0")
    control = Path(arguments[arguments.index("--control") + 1])
    scratch = Path(arguments[arguments.index("--scratch") + 1])
    could = [
        *_could("signal the host", lambda: os.kill(os.getppid(), 0)),
        *_could("look into the host", (host / "environ").read_bytes),
        *_could("write into the host", lambda: (host / "mem").open("r+b").close()),
        *_could("ask the host", lambda: socket.socket(socket.AF_UNIX).connect(str(control))),
        *_could("list the state", lambda: list(control.parent.iterdir())),
        *_could("list the scratch", lambda: list(scratch.iterdir())),
        *_could("become root", lambda: os.setuid(0)),
        *_could("edit its code", lambda: Path(__file__).open("r+b").close()),
    ]
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.exists() and process.stat().st_uid != os.getuid():
            could += _could("signal another", partial(os.kill, int(process.name), 0))
    allow = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": allow}
    return {"principalId": "snoop", "policyDocument": policy, "context": {"tier": f"could {could}"}}


def _could(name: str, deed: Callable[[], object]) -> list[str]:
    try:
        deed()
    except OSError:
        return []
    return [name]


def _record(event: Any, context: Any) -> None:
    line = {
        "function": context.function_name,
        "pid": os.getpid(),
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "event": event,
    }
    descriptor = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, json.dumps(line).encode() + b"\n")  # one write: lines of processes never mix
    finally:
        os.close(descriptor)


def _told(event: Any) -> dict[str, Any]:
    words = [str(event.get("authorizationToken", ""))]
    words += [value for name, value in (event.get("headers") or {}).items() if name.lower() == "told"]
    words += [(event.get("queryStringParameters") or {}).get("told", "")]
    for text in words:
        word = text.rpartition(" ")[2]
        try:
            told = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        except (binascii.Error, ValueError):
            continue
        if isinstance(told, dict):
            return told
    return {}


def _obey(told: dict[str, Any], event: Any) -> Any:
    if "fault" in told:
        _FAULTS[told["fault"]]()
    if "raise" in told:
        raise RuntimeError(told["raise"])
    if "wait_for" in told:
        while not Path(told["wait_for"]).exists():
            time.sleep(0.005)
    if "say_file" in told:
        told["say"] = json.loads(Path(told["say_file"]).read_text(encoding="utf-8"))
    text = json.dumps(told.get("say")).replace("$ARN", event.get("methodArn", ""))
    return json.loads(text.replace("$BIG", "x" * told.get("big", 0)))


def _segfault() -> None:
    ctypes.string_at(0)


def _loop() -> None:
    while True:
        pass


def _print_much() -> None:
    line = "x" * 99_999 + "\n"
    for _ in range(500):
        sys.stdout.write(line)


def _leave_children() -> None:
    for _ in range(3):
        if os.fork() == 0:
            time.sleep(_FOREVER)
            os._exit(0)


def _leave_daemons() -> None:
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()  # out of the process group
            if os.fork() == 0:  # and out of the family
                time.sleep(_FOREVER)
            os._exit(0)


def _answer_twice() -> None:
    os.fork()  # both processes go on and answer


def _close_descriptors() -> None:
    os.closerange(0, 4096)


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _write_everywhere(data: bytes) -> None:
    for descriptor in range(3, 4096):
        try:
            os.write(descriptor, data)
        except OSError:
            continue


def _close_output() -> None:
    sys.stdout.close()
    os.close(2)


def _raise() -> None:
    message = "private words"
    raise RuntimeError(message)


def _interrupt() -> None:
    raise KeyboardInterrupt


_FAULTS: Final = {
    "answer twice": _answer_twice,
    "close descriptors": _close_descriptors,
    "close output": _close_output,
    "exit": sys.exit,
    "exit at once": lambda: os._exit(0),
    "interrupt": _interrupt,
    "kill itself": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "leave children": _leave_children,
    "leave daemons": _leave_daemons,
    "loop": _loop,
    "print much": _print_much,
    "speak out of turn": lambda: _write_everywhere(b"x" * 100),
    "speak without end": lambda: _write_everywhere(b"\0\0\xff\xff" + b"x" * 10_000_000),
    "speak of nothing": lambda: _write_everywhere(b"\0" * 100),
    "raise": _raise,
    "segfault": _segfault,
    "sleep": lambda: time.sleep(_FOREVER),
    "stop": _stop,
}
