"""What `gateline link` does: enrols this node once, keeps an Envoy that dials the gateway, and renews its certificate.

Nothing listens: Envoy dials out, and its admin interface is a Unix socket in a folder of mode 0700.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import math
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateline.compile.link_node import LinkNode, node_bootstrap
from gateline.errors import GatelineError
from gateline.link.exports import Exports, read_exports
from gateline.link.identity import Identity, enrolled
from gateline.processes.isolation import ending
from gateline.runtime.admin import Admin
from gateline.runtime.envoy import arguments, environment, find_envoy, last_words
from gateline.runtime.heartbeat import watch
from gateline.runtime.process import Command, keep_short
from gateline.runtime.processes import Kept, LocalProcesses
from gateline.runtime.processors import usable_processors
from gateline.runtime.state_dir import LONGEST_SOCKET_PATH, own_folder, write_private
from gateline.runtime.supervisor import Crashed, Policy

ADMIN_SOCKET: Final = "admin.sock"
BOOTSTRAP_FILE: Final = "bootstrap.json"
LOG_FILE: Final = "envoy.log"
_LOOK_EVERY: Final = 0.1
_LOOK_AT_TUNNEL: Final = 1.0
_CONNECTIONS: Final = "http.link.downstream_cx_active"
"""The gauge of the connections that the gateway can reach exports by."""

_AGAIN: Final = 60.0
_LONGEST_WAIT: Final = 3600.0
_PATIENCE: Final = 5
"""Looks without a connection before that is told: the first one takes a moment."""

Tell = Callable[[str], None]
Gauges = Callable[[str], Awaitable[Mapping[str, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """What a link is started with. `token`: what it enrols with, if it has not yet."""

    exports: Path
    folder: Path
    token: Path | None
    environ: Mapping[str, str]


async def serve(settings: LinkSettings, tell: Tell) -> None:
    """Hold the tunnel up until a signal comes.

    Args:
        settings: of the link.
        tell: told what happens, for people.

    Raises:
        GatelineError: it cannot be had: nothing exported, not enrolled, no Envoy, or somebody else holds the folder.

    """
    exports = read_exports(settings.exports)
    folder = settings.folder.absolute()
    own_folder(folder, follow=True)
    lock = _lock(folder)
    try:
        identity = await enrolled(folder, settings.token, datetime.now(UTC))
        if exports.tunnel and exports.tunnel != identity.tunnel:
            message = f"{settings.exports} is for the tunnel {exports.tunnel}; this node is one of {identity.tunnel}"
            raise GatelineError(message)
        host, port = identity.gateway
        tell(f"node {identity.node} of the tunnel {identity.tunnel} dials {host}:{port}")
        for export in exports.exports:
            tell(f"exports {export.name} from {export.socket or f'{export.host}:{export.port}'}")
        await _keep(identity, _command(identity, exports, settings.environ), tell)
    finally:
        os.close(lock)


async def _keep(identity: Identity, command: Command, tell: Tell) -> None:
    """Keep Envoy, and the certificate fresh, until a signal comes."""

    def crashed(crash: Crashed) -> None:
        tell(f"Envoy ended ({ending(crash.status)}), and is started again")

    async with LocalProcesses() as processes:
        kept = processes.keep("link", command, Policy(), on_crash=crashed, on_spawn=lambda _: None)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, kept.stop)
        kept.start()
        socket = identity.folder / ADMIN_SOCKET
        beside = [
            asyncio.ensure_future(_say_ready(kept, Admin(socket))),
            asyncio.ensure_future(say_connected(Admin(socket).gauges, command.log, tell)),
            asyncio.ensure_future(watch(lambda: kept, socket)),
            asyncio.ensure_future(renewals(identity, tell)),
            asyncio.ensure_future(keep_short(command.log)),
        ]
        try:
            finished = await kept.finished
        finally:
            for each in beside:
                each.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
    if finished.status:
        words = last_words(command.log)
        raise GatelineError(f"Envoy did not start ({ending(finished.status)}); its last words:\n{words}")


async def renewals(identity: Identity, tell: Tell, again: float = _AGAIN) -> None:
    """Renew the certificate whenever it is due, for ever; Envoy takes the new one from its file.

    Args:
        identity: whose.
        tell: told of each, and of what went wrong.
        again: seconds after which it is tried again.

    """
    while True:
        wait = (identity.renewal_due() - datetime.now(UTC)).total_seconds()
        if wait > 0:
            await asyncio.sleep(min(wait, _LONGEST_WAIT))
            continue
        try:
            identity = await identity.renew()
        except GatelineError as error:
            tell(f"the certificate was not renewed: {error}; it ends {identity.expires().isoformat()}")
            await asyncio.sleep(again)
        else:
            tell(f"the certificate is renewed until {identity.expires().isoformat()}")


async def _say_ready(kept: Kept, admin: Admin) -> None:
    while True:
        with suppress(OSError):
            if (await admin.gauges("^server.live$")).get("server.live"):
                kept.ready()
                return
        await asyncio.sleep(_LOOK_EVERY)


async def say_connected(gauges: Gauges, log: Path, tell: Tell, every: float = _LOOK_AT_TUNNEL) -> None:
    """Tell whether the gateway can be reached, and whenever that changes, for ever.

    Args:
        gauges: of Envoy, by a pattern of their names.
        log: Envoy's, which has the reason.
        tell: told.
        every: seconds between two looks.

    """
    told, looks = "", 0
    while True:
        with suppress(OSError):
            is_connected = (await gauges(f"^{_CONNECTIONS}$")).get(_CONNECTIONS, 0) > 0
            looks += 1
            state = "connected" if is_connected else "not connected"
            if state != told and (is_connected or looks > _PATIENCE):
                tell(state if is_connected else f"{state}: it is tried again and again, {log} says why")
                told = state
        await asyncio.sleep(every)


def _command(identity: Identity, exports: Exports, environ: Mapping[str, str]) -> Command:
    folder = identity.folder
    socket = folder / ADMIN_SOCKET
    if len(os.fsencode(socket)) > LONGEST_SOCKET_PATH:
        raise GatelineError(f"{folder} is too deep for a Unix socket: use another --state DIR")
    socket.unlink(missing_ok=True)
    workers = usable_processors()
    link = LinkNode(
        name=identity.name,
        tunnel=identity.tunnel,
        gateway=identity.gateway,
        exports=exports.exports,
        folder=str(folder),
        admin_socket=str(socket),
        connections=max(2, math.ceil(identity.connections / workers)),
    )
    bootstrap = folder / BOOTSTRAP_FILE
    write_private(bootstrap, json.dumps(node_bootstrap(link)).encode())
    return Command(
        arguments=arguments(find_envoy(environ), bootstrap=bootstrap, workers=workers),
        environment=environment(environ),
        folder=folder,
        log=folder / LOG_FILE,
    )


def _lock(folder: Path) -> int:
    """Hold the folder, which the kernel frees when we end, however that is."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise GatelineError(f"another `gateline link` holds {folder}") from None
    return lock
