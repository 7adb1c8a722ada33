from __future__ import annotations

import asyncio
from pathlib import Path

from gateline.discovery.name_server import NameServers
from gateline.model.discovery import TargetFile
from gateline.model.origin import Origin
from gateline.model.target_group import Registration, TargetGroup
from gateline.runtime.discovering import BY, discovery
from gateline.runtime.name_service import HostNames
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.resolver import Resolver


def test_a_file_is_followed_and_its_targets_are_registered(tmp_path: Path) -> None:
    path = tmp_path / "targets"
    path.write_text("10.0.0.1:80\n")
    asks = TargetFile(path=str(path), name="targets", origin=Origin("gateline.yaml"))
    group = TargetGroup(name="orders", discover=asks, origin=Origin("gateline.yaml"))
    registered: list[tuple[Registration, ...]] = []

    async def register(registrations: tuple[Registration, ...], *, by: str) -> None:
        assert by == BY
        registered.append(registrations)

    async def play() -> None:
        names = HostNames(NameServers())
        resolver = Resolver(on_change=lambda: None, on_complaint=lambda _: None, ask=names)
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            found = discovery(register, resolver, names, LocalProcesses(), tasks, lambda _: None)
            found.want([group])
            await found.settled()
            found.want([])

    asyncio.run(play())
    assert registered == [(Registration("orders", "10.0.0.1", 80),)]
