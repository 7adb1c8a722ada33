"""Try to connect, and to be answered: the program that `gateline prove` runs at each vantage point.

Standard library only.

    python -I -S prober.py NAMESPACE UID

NAMESPACE: the path of a network namespace to enter first, or "-". UID: the user to become then, or -1. On standard
input a JSON list of attempts, on standard output a JSON list of what was seen of each, in their order:

    {"address": "127.0.0.1", "port": 80 | "path": "/run/s", "scope": 0, "own": false, "lane": 0, "knock": false,
     "prefix": "", "request": "GET / ...", "tls": null | {"server_name": "", "certificate": "", "private_key": ""}}
    {"outcome": "answered", "status": 401, "by_gateway": false, "no_certificate": false}

"own": the address is one of this machine's; when it is no more, nothing is sent to whoever has it elsewhere.

A program of its own, because it becomes another user in another network for good, which a thread of a command cannot.
"""

from __future__ import annotations

import ctypes
import encodings.idna  # noqa: F401 - a socket wants it, when this user may not read the library any more
import errno
import json
import os
import socket
import ssl
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0
SILENCE_SECONDS = 0.7
AT_ONCE = 16
MOST_SILENT = 3
GIVES_UP = {"outcome": "fault", "detail": "it gave no answer too often"}
SLOW_SECONDS = 100.0
ALL_SECONDS = 240.0  # less than we are given: what one server takes must not cost what was seen of the others
TOO_SLOW = {"outcome": "fault", "detail": "it answers too slowly to try all"}
LONGEST_HEAD = 32 * 1024
CLONE_NEWNET = 0x40000000
BIND_ADDRESS_NO_PORT = 24

NO_CERTIFICATE = (b"No required SSL certificate", b"The SSL certificate error")
"""What nginx says with status 400, after the handshake, to clients without a good certificate."""

REMAPPED = b"x-amzn-remapped-"

CLOSED = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN}
DENIED = {errno.EACCES, errno.EPERM}


def main(arguments: list[str]) -> None:
    """Go to the vantage point, try all, tell."""
    namespace, uid = arguments
    ssl.create_default_context()  # loads what it needs while it can be read
    if namespace != "-":
        _enter(namespace)
    attempts = json.load(sys.stdin)
    if int(uid) >= 0:
        os.setgroups([])
        os.setgid(int(uid))
        os.setuid(int(uid))
    json.dump(all_of(attempts), sys.stdout)


def all_of(attempts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Try all: one after another what goes to one port or socket, whose server may serve one caller at a time.

    Those of different lanes go at once.
    """
    servers: dict[str, list[int]] = {}
    for index, wanted in enumerate(attempts):
        server = str(wanted.get("path") or wanted["port"])
        servers.setdefault(f"{server} {wanted.get('lane', 0)}", []).append(index)
    seen: list[dict[str, Any]] = [{} for _ in attempts]
    over = time.monotonic() + ALL_SECONDS

    def at_one(indexes: list[int]) -> None:
        silent, until = 0, min(over, time.monotonic() + SLOW_SECONDS)
        for index in indexes:
            if silent >= MOST_SILENT or time.monotonic() >= until:
                seen[index] = dict(GIVES_UP if silent >= MOST_SILENT else TOO_SLOW)
                continue
            seen[index] = attempt(attempts[index])
            silent += seen[index]["outcome"] == "silent"

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(at_one, servers.values()))
    return seen


def _enter(namespace: str) -> None:
    handle = os.open(namespace, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET):
        sys.exit(f"cannot enter {namespace}: {os.strerror(ctypes.get_errno())}")
    os.close(handle)


def attempt(wanted: dict[str, Any]) -> dict[str, Any]:
    """Try one, and say what came of it. One that cannot be made must not cost what was seen of the others."""
    try:
        return _attempted(wanted)
    except Exception as error:  # noqa: BLE001 - a name or a path that no socket takes; nothing of it is told
        return {"outcome": "fault", "detail": f"it cannot be tried: {type(error).__name__}"}


def _attempted(wanted: dict[str, Any]) -> dict[str, Any]:
    try:
        opened = _connected(wanted)
    except TimeoutError:
        return {"outcome": "no answer to the connection"}
    except OSError as error:
        return _not_connected(error)
    with opened:
        try:
            return _exchange(opened, wanted)
        except ssl.SSLError as error:
            return {"outcome": "TLS refused", "detail": error.reason or "closed"}
        except TimeoutError:
            return {"outcome": "silent"}
        except OSError:
            return {"outcome": "hung up"}


def _connected(wanted: dict[str, Any]) -> socket.socket:
    if "path" in wanted:
        # As /proc spells it, a name without a file begins with @.
        path = wanted["path"]
        where = f"\0{path[1:]}" if path.startswith("@") else path
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    elif ":" in wanted["address"]:
        opened = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        where = (wanted["address"], wanted["port"], 0, wanted.get("scope", 0))
    else:
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        where = (wanted["address"], wanted["port"])
    opened.settimeout(CONNECT_SECONDS)
    try:
        if wanted.get("own"):
            _come_from(opened, wanted)
        opened.connect(where)
        _check_other_end(opened)
    except BaseException:
        opened.close()
        raise
    return opened


def _come_from(opened: socket.socket, wanted: dict[str, Any]) -> None:
    """Come from the address that is tried, as the system would have it: refused where it is not this machine's."""
    if sys.platform == "linux":  # the port is chosen when we connect: else we would run out of them
        opened.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
    is_6 = opened.family == socket.AF_INET6
    opened.bind((wanted["address"], 0, *((0, wanted.get("scope", 0)) if is_6 else ())))


def _check_other_end(opened: socket.socket) -> None:
    """Where nobody listens, the system may give us that very port, and we are connected with ourselves."""
    if opened.family != socket.AF_UNIX and opened.getsockname() == opened.getpeername():
        raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens")


def _not_connected(error: OSError) -> dict[str, Any]:
    if error.errno in DENIED:
        return {"outcome": "permission denied"}
    if error.errno in CLOSED:
        return {"outcome": "connection refused" if error.errno == errno.ECONNREFUSED else "unreachable"}
    if error.errno == errno.ENOENT:
        return {"outcome": "missing"}
    return {"outcome": "fault", "detail": os.strerror(error.errno) if error.errno else type(error).__name__}


def _exchange(opened: socket.socket, wanted: dict[str, Any]) -> dict[str, Any]:
    if wanted.get("knock"):
        return {"outcome": "connected"}
    deadline = time.monotonic() + ANSWER_SECONDS
    opened.settimeout(ANSWER_SECONDS)
    if wanted.get("prefix"):
        opened.sendall(bytes.fromhex(wanted["prefix"]))
    if wanted.get("tls") is not None:
        opened = _encrypted(opened, wanted["tls"])
    with opened:
        if not wanted["request"]:
            return _kept(opened)
        opened.sendall(wanted["request"].encode("latin-1"))
        return _answer(opened, deadline)


def _kept(opened: socket.socket) -> dict[str, Any]:
    """Whether a connection on which nothing is said is kept. A server that says the first word has kept it."""
    opened.settimeout(SILENCE_SECONDS)
    try:
        return {"outcome": "connected" if opened.recv(1) else "hung up"}
    except TimeoutError:
        return {"outcome": "connected"}


def _encrypted(opened: socket.socket, tls: dict[str, str]) -> socket.socket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # who answers is not the question, but whom it answers
    if tls["certificate"]:
        with tempfile.NamedTemporaryFile() as file:  # mode 0600
            file.write(tls["certificate"].encode() + tls["private_key"].encode())
            file.flush()
            context.load_cert_chain(file.name)
    return context.wrap_socket(opened, server_hostname=tls["server_name"] or None)


def _answer(opened: socket.socket, deadline: float) -> dict[str, Any]:
    received = b""
    while b"\r\n\r\n" not in received and len(received) < LONGEST_HEAD:
        opened.settimeout(max(0.01, deadline - time.monotonic()))
        part = opened.recv(4096)
        if not part:
            break
        received += part
    if not received:
        return {"outcome": "hung up"}
    head, _, begun = received.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    words = first.split(b" ")
    if not first.startswith(b"HTTP/") or len(words) < 2 or not words[1].isdigit():
        return {"outcome": "answered", "status": 0}
    told = {"outcome": "answered", "status": int(words[1])}
    names = [line.partition(b":")[0].lower() for line in lines]
    # A backend may write the first one too; the gateway renames of every backend's answer what it says of itself.
    if b"x-amzn-errortype" in names and not any(name.startswith(REMAPPED) for name in names):
        told["by_gateway"] = True
    if (
        told["status"] == 400
        and "by_gateway" not in told
        and any(words in _more(opened, begun, deadline) for words in NO_CERTIFICATE)
    ):
        told["no_certificate"] = True
    return told


def _more(opened: socket.socket, begun: bytes, deadline: float) -> bytes:
    """The beginning of the body: only one kind of answer is looked for in it, and nothing of it is told."""
    try:
        while len(begun) < 512:
            opened.settimeout(max(0.01, deadline - time.monotonic()))
            part = opened.recv(512)
            if not part:
                break
            begun += part
    except OSError:
        pass
    return begun


if __name__ == "__main__":
    main(sys.argv[1:])
