"""Asks a running gateway, from another process of the same user."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from gateline.errors import GatelineError, NotRunning
from gateline.runtime.state_dir import CONTROL_SOCKET, DEFAULT_NAME, SOCKETS_RECORD

PATIENCE: Final = 60.0
"""Seconds: an Envoy that is being restarted is waited for."""

DEPLOYMENT_PATIENCE: Final = 630.0
"""Seconds: a little more than the gateway itself waits for a deployment (`cluster.DEPLOYMENT_SECONDS`)."""

_LONGEST_ANSWER: Final = 16 * 1024 * 1024


async def flush(project: Path, state: Path | None, authorizers: list[str] | None) -> tuple[str, ...]:
    """Let what authorizers of a running project have decided count no more; None: all of them.

    Args:
        project: the project file.
        state: its state directory, when not `.gateline` beside it.
        authorizers: names, or "api/stage/name".

    Returns:
        The authorizers, as "api/stage/name".

    Raises:
        GatelineError: it does not run, or knows no such authorizer.

    """
    answer = await ask(project, state, {"do": "flush", "authorizers": authorizers})
    return tuple(answer["flushed"])


async def services(project: Path, state: Path | None) -> list[dict[str, Any]]:
    """The services of a running project, as `Cluster.listing` tells them.

    Raises:
        GatelineError: it does not run.

    """
    found: list[dict[str, Any]] = (await ask(project, state, {"do": "services"}))["services"]
    return found


async def targets(project: Path, state: Path | None) -> list[dict[str, Any]]:
    """The targets of a running project, as `target_commands.targets` tells them.

    Raises:
        GatelineError: it does not run.

    """
    found: list[dict[str, Any]] = (await ask(project, state, {"do": "targets", "action": "list"}))["targets"]
    return found


async def scale(project: Path, state: Path | None, service: str, count: int) -> dict[str, Any]:
    """Let so many tasks of a service run; the service as it is now.

    Raises:
        GatelineError: the project does not run, or has no such service.

    """
    answer = await ask(project, state, {"do": "scale", "service": service, "count": count})
    found: dict[str, Any] = answer["service"]
    return found


async def deploy(project: Path, state: Path | None, service: str, *, wait: bool) -> dict[str, Any]:
    """Replace all tasks of a service, new ones first; the service as it is then.

    Args:
        project: the project file.
        state: its state directory, when not `.gateline` beside it.
        service: its name.
        wait: until the new tasks are healthy, `DEPLOYMENT_PATIENCE` at most.

    Raises:
        GatelineError: the project does not run, has no such service, or it takes too long.

    """
    request = {"do": "deploy", "service": service, "wait": wait}
    answer = await ask(project, state, request, DEPLOYMENT_PATIENCE if wait else PATIENCE)
    found: dict[str, Any] = answer["service"]
    return found


async def keys(project: Path, state: Path | None, request: dict[str, Any]) -> dict[str, Any]:
    """Show or change the API keys of a running project, as `key_commands` understands it.

    Raises:
        NotRunning: it does not run.
        GatelineError: it cannot be done.

    """
    return await ask(project, state, {"do": "keys", **request})


async def secrets(project: Path, state: Path | None, request: dict[str, Any]) -> dict[str, Any]:
    """Show or rotate the secrets of a running project, as `secret_commands` understands it.

    Raises:
        NotRunning: it does not run.
        GatelineError: it cannot be done.

    """
    return await ask(project, state, {"do": "secrets", **request})


async def ask(
    project: Path, state: Path | None, request: dict[str, Any], patience: float = PATIENCE
) -> dict[str, Any]:
    """Send one request to the gateway that runs a project; its answer, without problems, within `patience` seconds.

    Raises:
        NotRunning: it does not run.
        GatelineError: the answer tells a problem, or does not come.

    """
    folder = state_folder(project, state)
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_unix_connection(_socket(folder), limit=_LONGEST_ANSWER)
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                line = await reader.readline()
            finally:
                writer.close()
    except TimeoutError:
        raise GatelineError(
            f"the gateway that holds {folder} did not answer within {patience:.0f} s"
        ) from None
    except OSError:
        message = f"no gateway runs this project (nothing answers in {folder}): start it with `gateline up`"
        raise NotRunning(message) from None
    answer: dict[str, Any] = json.loads(line) if line else {"problem": "the gateway ended"}
    if not answer.get("ok"):
        raise GatelineError(str(answer["problem"]))
    return answer


def state_folder(project: Path, state: Path | None) -> Path:
    """Where a project keeps its state: `state`, or `.gateline` beside its file."""
    return (state.expanduser() if state else project.absolute().parent / DEFAULT_NAME).absolute()


def _socket(folder: Path) -> Path:
    """The control socket; the sockets of a deep folder lie elsewhere, which is written down."""
    sockets = folder / "sockets"
    with suppress(OSError):
        sockets = Path((folder / SOCKETS_RECORD).read_text(encoding="utf-8"))
    return sockets / CONTROL_SOCKET
