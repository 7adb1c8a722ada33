"""A cluster without an Envoy: its tasks are real processes, and healthy as soon as they are well themselves."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from gateline.model.gateway import Keyring
from gateline.model.origin import Origin
from gateline.model.secret import Secret
from gateline.model.service import Service
from gateline.model.target_group import HealthCheck, Registration, TargetGroup
from gateline.runtime.cluster import Cluster
from gateline.runtime.notice import Notice, ServiceTold
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.state_dir import hold_state_dir

PROGRAM: Final = Path(__file__).parents[1] / "end_to_end" / "services" / "project" / "service_program.py"
PLACE: Final = Origin("gateline.yaml")
GROUP: Final = TargetGroup(
    name="orders",
    health_check=HealthCheck(path="/health"),
    deregistration_delay=timedelta(seconds=5),
    origin=PLACE,
)
ORDERS: Final = Service(
    name="orders",
    command=(sys.executable, "-S", str(PROGRAM), "--port", "{port}"),
    cwd=str(PROGRAM.parent),
    target_group="orders",
    secrets=(("TOKEN", "Token"),),
    origin=PLACE,
)
WORKER: Final = replace(
    ORDERS,
    name="mail",
    command=(sys.executable, "-S", str(PROGRAM)),
    target_group="",
    secrets=(),
)


class Playing:
    """A cluster that runs, and all that it has said."""

    def __init__(self) -> None:
        self.cluster: Cluster
        self.published: list[tuple[Registration, ...]] = []
        self.notices: list[Notice] = []
        self.changes = 0

    def want(self, *services: Service, token: str = "first", accepted: tuple[bytes, ...] = ()) -> None:  # noqa: S107 - no password
        """Run these services."""
        keyring = Keyring(secrets=(Secret("Token", token.encode(), accepted),))
        self.cluster.want(services, [GROUP], keyring, used=())

    def service(self, name: str = "orders") -> dict[str, Any]:
        """What a service is like now."""
        return next(each for each in self.cluster.listing() if each["name"] == name)

    def ids(self, name: str = "orders") -> list[str]:
        """The tasks of a service."""
        return [task["id"] for task in self.service(name)["tasks"]]

    @property
    def told(self) -> str:
        """What people were told of services."""
        return "\n".join(
            f"{each.text} {each.words}" for each in self.notices if isinstance(each, ServiceTold)
        )

    async def until(self, fact: Callable[[], bool]) -> None:
        """Wait until this is so."""
        while not fact():  # noqa: ASYNC110 - many things come about without a word
            await asyncio.sleep(0.005)

    async def until_steady(self, name: str = "orders") -> None:
        """Wait until a service is as it is wanted, and nothing else is left."""
        await self.until(
            lambda: self.service(name)["steady"] and len(self.ids(name)) == self.service(name)["desired"]
        )

    async def register(self, registrations: tuple[Registration, ...]) -> None:
        """Stands for the way to Envoy."""
        self.published.append(registrations)

    async def ask(self, names: str) -> bytes:
        """Nobody asks: no group has a cluster."""
        raise AssertionError(names)

    def changed(self) -> None:
        """Something is other than it was."""
        self.changes += 1


def played(
    folder: Path,
    story: Callable[[Playing], Awaitable[None]],
    *,
    processes: Callable[[], LocalProcesses] = LocalProcesses,
) -> Playing:
    """Play a story with a cluster, and end it; however that goes, no task is left."""
    playing = Playing()

    async def play() -> None:
        with hold_state_dir(folder, None, {}) as state:
            async with asyncio.timeout(60), processes() as keeping, asyncio.TaskGroup() as tasks:
                playing.cluster = Cluster(
                    state,
                    {"PATH": os.environ["PATH"]},
                    keeping,
                    register=playing.register,
                    ask=playing.ask,
                    tasks=tasks,
                    notify=playing.notices.append,
                    changed=playing.changed,
                )
                await playing.cluster.begin()
                try:
                    await story(playing)
                finally:
                    await playing.cluster.stop()
            assert list(state.task_folder().iterdir()) == [] or os.geteuid() != 0

    asyncio.run(play())
    return playing
