"""Targets are found out for what is served, by names and by sources."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateline.control.publication import Publisher
from gateline.model.discovery import TargetFile
from gateline.model.gateway import Edge, Gateway
from gateline.model.origin import Origin
from gateline.model.target_group import Registration, TargetGroup
from gateline.runtime.delivery import Delivery
from gateline.runtime.notice import Notice
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.whereabouts import Whereabouts

HERE = Origin("gateline.yaml")


def gateway(targets: Path) -> Gateway:
    source = TargetFile(path=str(targets), name="targets", origin=HERE)
    group = TargetGroup(name="orders", discover=source, origin=HERE)
    return Gateway(name="shop", edge=Edge(origin=HERE), target_groups=(group,), origin=HERE)


def test_what_a_source_names_is_registered_when_it_was_waited_for_and_gone_with_who_wants_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "targets"
    path.write_text("10.0.0.1:80\n")
    said: list[Notice] = []

    async def play() -> None:
        whereabouts = Whereabouts(said.append)
        delivery = Delivery(Publisher(call_later=lambda _delay, _callback: None), whereabouts.resolver, ())
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            working = [
                tasks.create_task(each) for each in whereabouts.begin(delivery, LocalProcesses(), tasks)
            ]
            assert whereabouts.registered() == ()
            await whereabouts.find(gateway(path))
            assert whereabouts.registered() == (Registration("orders", "10.0.0.1", 80),)
            await whereabouts.find(Gateway(name="shop", edge=Edge(origin=HERE), origin=HERE))
            assert whereabouts.registered() == ()
            for each in working:
                each.cancel()

    asyncio.run(play())
