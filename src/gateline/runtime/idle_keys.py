"""The API keys of a project that does not run: its state directory is held for as long as one command takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateline.errors import GatelineError
from gateline.model.diagnostic import Complaints, Severity
from gateline.runtime.api_keys import read_declared_keys
from gateline.runtime.key_commands import perform
from gateline.runtime.key_desk import KeyDesk
from gateline.runtime.key_store import KeyStore
from gateline.runtime.state_dir import hold_state_dir
from gateline.sources import load


def idle_keys(
    project: Path, state: Path | None, environ: Mapping[str, str], asked: dict[str, Any]
) -> dict[str, Any]:
    """Show or change the API keys, as `key_commands` understands it; what is changed counts from the next start on.

    Values of declared keys may be missing here: those are listed, and compared with nothing.

    Raises:
        FileUnreadable: the project is missing or cannot be read.
        GatelineError: a gateway has just started, the project has errors, or it cannot be done.

    """
    loaded = load(project, environ=environ, checking=True)
    if loaded.gateway is None:
        raise GatelineError("the project has errors: `gateline check` shows them")
    with hold_state_dir(project.absolute().parent, state, environ) as held:
        store = KeyStore(held)
        plans, name_of = loaded.gateway.usage_plans, loaded.reader.name
        declared = read_declared_keys(
            plans, environ, name_of, store.pepper(), Complaints(), missing=Severity.WARNING
        )
        desk = KeyDesk(
            store=store, plans=plans, declared=declared, place=loaded.reader.place, usage=held.usage
        )
        return perform(desk, asked)
