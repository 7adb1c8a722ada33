from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateline.errors import GatelineError, NotRunning
from gateline.prove.session import examined, project_vault
from gateline.runtime.state_dir import hold_state_dir
from gateline.runtime.vault import Vault


def test_a_project_that_does_not_run_is_not_examined(tmp_path: Path) -> None:
    with pytest.raises(NotRunning):
        asyncio.run(examined(tmp_path / "gateline.yaml", None, ()))


def test_the_vault_of_a_project_is_read_without_its_state_being_held(tmp_path: Path) -> None:
    with pytest.raises(GatelineError, match="has not run yet"):
        project_vault(tmp_path / "gateline.yaml", None)
    with hold_state_dir(tmp_path, None, {}) as state:
        Vault(state).write("a", b"b")
        assert project_vault(tmp_path / "gateline.yaml", None).read("a") == b"b"
