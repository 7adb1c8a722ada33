"""What a stack keeps is asked for at its control socket, while it serves with a real Envoy."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateline.errors import GatelineError
from gateline.runtime.control_client import ask
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.stack import Stack
from runtime.projects import MOCK, write_project

pytestmark = pytest.mark.envoy


def test_each_kind_of_thing_has_a_desk_and_others_have_none(tmp_path: Path) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})
    answers: dict[str, dict[str, Any]] = {}

    async def play() -> None:
        async with (
            asyncio.timeout(60),
            LocalProcesses() as processes,
            Stack(settings, lambda _: None, processes),
        ):
            for desk in ("keys", "secrets", "certificates"):
                answers[desk] = await ask(settings.project, None, {"do": desk, "action": "list"})
            with pytest.raises(GatelineError, match="the project has no tunnels"):
                await ask(settings.project, None, {"do": "links", "action": "list"})
            with pytest.raises(GatelineError, match="no such request"):
                await ask(settings.project, None, {"do": "tables", "action": "list"})

    asyncio.run(play())
    assert answers["keys"]["keys"] == answers["secrets"]["secrets"] == []
