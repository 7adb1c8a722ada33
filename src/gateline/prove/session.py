"""What `gateline prove` does with a running project: asks it what there is, fetches what counts no more, examines."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateline.errors import GatelineError
from gateline.prove.attempt import Finding
from gateline.prove.backend import Forgeries, secrets_of
from gateline.prove.dial_in import dial_ins
from gateline.prove.examination import examine
from gateline.prove.impostor import impostors
from gateline.prove.token import forged_tokens
from gateline.runtime import control_client
from gateline.runtime.secret_stages import SecretStages
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
        GatelineError: it does not run, or its vault cannot be opened.

    """
    inventory = await control_client.ask(project, state, {"do": "inventory"})
    forgeries = await asyncio.to_thread(forged, inventory, project_state(project, state), datetime.now(UTC))
    return inventory, await asyncio.to_thread(examine, inventory, forgeries, public)


def forged(inventory: Mapping[str, Any], state: StateDir, now: datetime) -> Forgeries:
    """What is nearly the gateway's proof, as far as the project has any.

    Raises:
        GatelineError: the vault cannot be opened.

    """
    vault = Vault(state)
    return Forgeries(
        stale=stale_secrets(inventory, state),
        impostors=impostors(inventory, vault, now),
        tokens=forged_tokens(inventory, vault, now),
        dial_ins=dial_ins(inventory, vault, now),
    )


def stale_secrets(inventory: Mapping[str, Any], state: StateDir) -> dict[str, list[bytes]]:
    """The values that secrets of headers had before they were rotated the last time: nobody may accept them.

    Raises:
        GatelineError: the vault cannot be opened.

    """
    stages = SecretStages(state)
    found = {name: stages.stale(name) for name in secrets_of(inventory)}
    return {name: [value] for name, value in found.items() if value}


def project_vault(project: Path, state: Path | None) -> Vault:
    """The vault of a project, whether it runs or not.

    Raises:
        GatelineError: it has no state directory yet.

    """
    return Vault(project_state(project, state))


def project_state(project: Path, state: Path | None) -> StateDir:
    """The state directory of a project, which is not held by this: to read in its vault, and for nothing else.

    Raises:
        GatelineError: it has no state directory yet.

    """
    folder = control_client.state_folder(project, state)
    if not folder.is_dir():
        raise GatelineError(f"there is no {folder}: this project has not run yet")
    return StateDir(path=folder, sockets=folder)
