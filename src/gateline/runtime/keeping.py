"""What a stack keeps while it serves, and how it is asked about it.

Secrets, certificates, keys and nodes of links live in the state directory and change while the project does not. Each
has commands of its own, and duties that come up by the clock; here they are put together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from gateline.model.gateway import Gateway
from gateline.model.target_group import Registration
from gateline.model.tunnel import EnrolledNode
from gateline.runtime import assertion_keys, login_keys
from gateline.runtime.access_log import AccessLogs
from gateline.runtime.admin import Admin
from gateline.runtime.certificate_commands import certificate_commands
from gateline.runtime.cluster import Cluster
from gateline.runtime.commands import StackCommands
from gateline.runtime.control_api import serve_control
from gateline.runtime.inventory import Inventory
from gateline.runtime.key_commands import KeyCommands
from gateline.runtime.link_commands import LinkCommands
from gateline.runtime.link_enrolment import serve_enrolment
from gateline.runtime.link_health import LinkHealth
from gateline.runtime.ready import Running
from gateline.runtime.renewal import renewal
from gateline.runtime.secret_keeping import SecretKeeping
from gateline.runtime.serving import Serving
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir
from gateline.runtime.target_commands import TargetCommands
from gateline.runtime.upkeep import Upkeep


class Keeping:
    """Keeps it.

    Args:
        settings: of the run.
        state: where it lies.
        serving: is told to take in what has changed.
        cluster: runs the tasks.
        admin: of the Envoy at the edge.
        workers: how many threads that Envoy has.
        tell: tells people.
        discovered: tells the targets that others have named.

    """

    def __init__(
        self,
        settings: Settings,
        state: StateDir,
        serving: Serving,
        cluster: Cluster,
        admin: Admin,
        workers: int,
        tell: Callable[[str], None],
        discovered: Callable[[], Iterable[Registration]],
    ) -> None:
        self._state = state
        self._serving = serving
        self._cluster = cluster
        self._admin = admin
        self._upkeep = Upkeep(tell)
        self._secrets = SecretKeeping(state, settings.environ, serving, cluster, admin, self._upkeep, tell)
        self._link_health = LinkHealth(admin, self._nodes, tell)
        self._certificates = certificate_commands(state, serving, cluster, self._upkeep, tell)
        self._links = LinkCommands(state, serving, self._link_health.connected, workers, tell)
        self._inventory = Inventory(state, serving, cluster, admin, settings, discovered)
        for each in (
            renewal(
                "the keys of assertions", serving, lambda gateway: assertion_keys.due(gateway, state, _now())
            ),
            renewal("the keys of logins", serving, lambda gateway: login_keys.due(gateway, state, _now())),
            self._links.duty(),
        ):
            self._upkeep.add(each)
        self._upkeep.add(AccessLogs(self._gateway, admin).duty())

    async def listen(self, running: Callable[[], Running], opened: AsyncExitStack) -> None:
        """Take commands, and enrolments of nodes, until `opened` is closed; `running` tells what runs."""
        commands = StackCommands(
            serving=self._serving,
            cluster=self._cluster,
            running=running,
            desks={
                "keys": KeyCommands(self._state, self._serving),
                "secrets": self._secrets.commands,
                "certificates": self._certificates,
                "links": self._links,
                "targets": TargetCommands(self._serving, self._admin),
            },
            inventory_command=self._inventory,
        )
        await opened.enter_async_context(serve_control(self._state.control_socket, commands))
        await opened.enter_async_context(serve_enrolment(self._state.enrolment_socket, self._links.attend))

    def look(self) -> None:
        """Something else is served: see what is due."""
        self._upkeep.look()

    async def run(self) -> None:
        """Do what comes up, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for each in (self._secrets.run(), self._upkeep.run(), self._link_health.watch()):
                tasks.create_task(each)

    def _gateway(self) -> Gateway | None:
        served = self._serving.served
        return served.gateway if served is not None else None

    def _nodes(self) -> tuple[EnrolledNode, ...]:
        served = self._serving.served
        return served.keyring.link_nodes if served is not None else ()


def _now() -> datetime:
    return datetime.now(UTC)
