from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateline.discovery.name_server import NameServers
from gateline.model.diagnostic import Complaints
from gateline.model.discovery import EcsTasks, TargetFile
from gateline.model.gateway import Edge, Gateway
from gateline.model.origin import Origin
from gateline.model.target_group import Registration, Target, TargetGroup
from gateline.runtime import discovering
from gateline.runtime.discovering import BY, check_sources, discovery
from gateline.runtime.name_service import HostNames
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.resolver import Resolver


def test_whoever_asks_aws_is_told_that_boto3_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Origin("gateline.yaml")
    instance = Target(host="i-0123456789abcdef0", port=80, origin=here.child("targets"))
    groups = (
        TargetGroup(name="a", discover=EcsTasks(cluster="c", service="s", origin=here), origin=here),
        TargetGroup(name="b", targets=(instance,), origin=here),
        TargetGroup(name="c", targets=(replace(instance, host="i.internal"),), origin=here),
    )
    gateway = Gateway(name="shop", edge=Edge(origin=here), target_groups=groups, origin=here)
    complaints = Complaints()
    check_sources(gateway, complaints)
    assert complaints.count == 0
    monkeypatch.setattr(discovering, "find_spec", lambda _: None)
    check_sources(gateway, complaints)
    found = complaints.report().diagnostics
    assert [(each.code.name, each.origin) for each in found] == [("GL611", here), ("GL611", instance.origin)]


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
