"""Where targets are: names that are looked up, and sources that are asked, for what is served.

Whatever changes there reaches Envoy by `Delivery`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from gateline.discovery.name_server import NameServers
from gateline.model.gateway import Gateway
from gateline.model.target_group import Registration
from gateline.runtime.delivery import Delivery
from gateline.runtime.discovering import discovery
from gateline.runtime.name_service import HostNames
from gateline.runtime.notice import Notify, Remarked
from gateline.runtime.processes import Processes
from gateline.runtime.resolver import Resolver


class Whereabouts:
    """Finds them out, once it has begun.

    Args:
        notify: hears what changes, and what cannot be found.

    """

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._changed = asyncio.Event()
        self._names = HostNames(NameServers())
        self.resolver = Resolver(
            on_change=self._changed.set,
            on_complaint=lambda complaint: notify(Remarked(complaint)),
            ask=self._names,
        )

    def begin(
        self, delivery: Delivery, processes: Processes, tasks: asyncio.TaskGroup
    ) -> tuple[Coroutine[None, None, None], ...]:
        """What is to be run for as long as anything is served.

        Args:
            delivery: asks `resolver`; told what is found.
            processes: remembers answers for a control after this one.
            tasks: sources are asked in it.

        """
        self._discovery = discovery(
            delivery.register, self.resolver, self._names, processes, tasks, self._notify
        )
        return self.resolver.run(), self._discovery.run(), self._follow(delivery)

    def want(self, *gateways: Gateway) -> None:
        """Find out the targets of these; where two say something else, the latter counts."""
        self._names.use(gateways[-1])
        self._discovery.want(group for gateway in gateways for group in gateway.target_groups)

    async def find(self, *gateways: Gateway) -> None:
        """The same, and wait for first answers."""
        self.want(*gateways)
        await self._discovery.settled()

    def registered(self) -> tuple[Registration, ...]:
        """The targets that sources have named."""
        return self._discovery.registered()

    async def _follow(self, delivery: Delivery) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._discovery.publish()  # with it who has lost its address drains
            await delivery.readdress()
