"""What `gateline prove` does with a running project: asks it what there is, fetches what counts no more, examines."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

from gateline.errors import GatelineError
from gateline.prove.attempt import Finding
from gateline.prove.examination import examine
from gateline.runtime import control_client
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault


async def examined(
    project: Path, state: Path | None, public: Collection[str]
) -> tuple[dict[str, Any], list[Finding]]:
    """The inventory of a running project, and what was found.

    Args:
        project: the project file.
        state: its state directory, when not `.gateline` beside it.
        public: as for `examine`.

    Raises:
        GatelineError: it does not run.

    """
    inventory = await control_client.ask(project, state, {"do": "inventory"})
    stale: dict[str, list[bytes]] = {}
    return inventory, await asyncio.to_thread(examine, inventory, stale, public)


def project_vault(project: Path, state: Path | None) -> Vault:
    """The vault of a project, whether it runs or not.

    Raises:
        GatelineError: it has no state directory yet.

    """
    folder = control_client.state_folder(project, state)
    if not folder.is_dir():
        raise GatelineError(f"there is no {folder}: this project has not run yet")
    return Vault(StateDir(path=folder, sockets=folder))
