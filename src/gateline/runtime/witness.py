"""The witness of a rotation: whether everybody who checks a secret accepts a value by now, or refuses it.

Tasks that have a secret in their environment are seen to be replaced; who has it in a file, and every static target,
is asked. Whoever accepts any value checks nothing, and is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from gateline.errors import GatelineError
from gateline.model.gateway import Gateway
from gateline.model.secret import Acceptance, SecretSource
from gateline.model.service import Service
from gateline.runtime.candidate import Candidate, Serves
from gateline.runtime.secret import new_value
from gateline.runtime.secret_probe import Says, ask
from gateline.runtime.secret_use import (
    Place,
    SecretUse,
    acceptance,
    group_of,
    obstacle,
    place_in,
    secret_use,
)
from gateline.services.deployment import Phase

SOON: Final = 0.02
"""Seconds between the first two looks; each pause is half as long again as the one before."""

LATE: Final = 1.0
"""Seconds between two looks at most."""

_SERVING: Final = frozenset({Phase.REGISTERED, Phase.HEALTHY, Phase.UNWELL})


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds: for tasks to be replaced, and then for everybody to say what is wanted."""

    replaced: float
    said: float


class NotSeen(Exception):
    """Somebody was not seen to accept or refuse a value in time; the message names him."""


class HasTasks(Protocol):
    """Runs services: `gateline.runtime.cluster.Cluster` does."""

    def inventory(self) -> list[dict[str, Any]]:
        """Every task that somebody could reach, with its service."""

    def is_replaced(self, service: str, *, wholly: bool) -> bool:
        """Whether the tasks of a service are those that are wanted."""

    def renew(self, service: str) -> None:
        """Replace all tasks of a service by their like."""


class Witness:
    """Sees who accepts a secret's value.

    Args:
        serving: knows what serves, hence who gets the secret.
        cluster: knows the tasks.

    """

    def __init__(self, serving: Serves, cluster: HasTasks) -> None:
        self._serving = serving
        self._cluster = cluster

    def use(self, source: SecretSource) -> SecretUse:
        """Who must accept a secret, as things are.

        Raises:
            GatelineError: nothing is served yet.

        """
        gateway, served = self._served()
        assert served.resources is not None
        return secret_use(gateway, served.resources.routes, source.name)

    def check(self, source: SecretSource) -> None:
        """Whether it could be seen who accepts another value of a secret.

        Raises:
            GatelineError: it could not, and why.

        """
        use = self.use(source)
        for service in use.services:
            self._cluster.is_replaced(service.name, wholly=False)
        if why := obstacle(source, use):
            raise GatelineError(why)

    async def restart(self, source: SecretSource) -> None:
        """Replace tasks that take a file's new content at their start only, as the project file says of them.

        Raises:
            GatelineError: such a service does not run.

        """
        use = self.use(source)
        if acceptance(source, use) is Acceptance.RESTART:
            for service in use.filed:
                self._cluster.renew(service.name)

    async def see(self, source: SecretSource, value: bytes, wanted: Says, bounds: Bounds) -> None:
        """Wait until everybody accepts, or refuses, a value.

        Raises:
            NotSeen: somebody did not in time.
            GatelineError: a service does not run any more.

        """

        async def replaced() -> str:
            return self._not_replaced(source, wanted)

        async def said() -> str:
            return self._not_replaced(source, wanted) or await self._not_said(source, value, wanted)

        await _until_no_doubt(replaced, bounds.replaced)
        await _until_no_doubt(said, bounds.said)

    def _not_replaced(self, source: SecretSource, wanted: Says) -> str:
        """Which tasks are not what they are to be; "": all are."""
        use = self.use(source)
        services = use.services if acceptance(source, use) is Acceptance.RESTART else use.restarted
        for service in services:
            if not self._cluster.is_replaced(service.name, wholly=wanted is Says.REFUSED):
                return f"the tasks of service {service.name} are not replaced"
        return ""

    async def _not_said(self, source: SecretSource, value: bytes, wanted: Says) -> str:
        """Who does not say what is wanted, and why; "": everybody does."""
        use = self.use(source)
        if acceptance(source, use) is Acceptance.RESTART or not use.headers:
            return ""
        tasks = self._tasks(use.services, use, leaving=wanted is Says.REFUSED)
        doubts = await asyncio.gather(
            *(self._doubt_of(place, source, use, value, wanted) for place in (*tasks, *use.targets))
        )
        return next((doubt for doubt in doubts if doubt), "")

    async def _doubt_of(
        self, place: Place, source: SecretSource, use: SecretUse, value: bytes, wanted: Says
    ) -> str:
        _, served = self._served()
        values = {secret.name: secret.reveal() for secret in served.keyring.secrets}
        path = source.rotation.probe_path
        keyring = served.keyring
        said = await ask(place, use.headers, {**values, source.name: value}, path=path, keyring=keyring)
        if said.says is not wanted:
            does = "accepts it still" if wanted is Says.REFUSED else "refuses it"
            return (
                f"{place.label} {does}" if said.says is not Says.NOTHING else f"{place.label}: {said.reason}"
            )
        if wanted is Says.REFUSED:
            return ""
        nonsense = {**values, source.name: new_value()}
        said = await ask(place, use.headers, nonsense, path=path, keyring=keyring)
        return "" if said.says is Says.REFUSED else f"{place.label} does not refuse a wrong value"

    def _tasks(self, services: tuple[Service, ...], use: SecretUse, *, leaving: bool) -> Iterator[Place]:
        gateway, _ = self._served()
        clients = dict(use.clients)
        known = {service.name: service for service in services}
        for task in self._cluster.inventory():
            service = known.get(task["service"])
            if service and (task["port"] or task["socket"]) and (leaving or task["phase"] in _SERVING):
                group = group_of(gateway, service)
                yield place_in(group, _place(task), clients.get(service.target_group, ""))

    def _served(self) -> tuple[Gateway, Candidate]:
        served = self._serving.served
        if served is None or served.gateway is None:
            raise GatelineError("nothing is served yet")
        return served.gateway, served


async def _until_no_doubt(doubt: Callable[[], Awaitable[str]], seconds: float) -> None:
    """Look again and again.

    Raises:
        NotSeen: there is a doubt left after so many seconds.

    """
    clock = asyncio.get_running_loop().time
    last, pause = clock() + seconds, SOON
    while why := await doubt():
        if clock() > last:
            raise NotSeen(why)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LATE)


def _place(task: Mapping[str, Any]) -> Place:
    return Place(
        label=f"task {task['service']}/{task['id']}",
        host=task["address"],
        port=task["port"],
        socket=task["socket"],
    )
