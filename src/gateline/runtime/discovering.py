"""Which source is asked how, put together for a stack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateline.discovery.source import Targets
from gateline.model.discovery import Source
from gateline.model.target_group import Registration
from gateline.runtime.discovery import Discovery
from gateline.runtime.notice import Notify
from gateline.runtime.processes import Processes
from gateline.runtime.resolver import Resolver
from gateline.runtime.target_file import follow_file

BY = "discovery"
"""Whose registrations they are."""


def discovery(
    register: Callable[..., Awaitable[None]],
    resolver: Resolver,
    processes: Processes,
    tasks: asyncio.TaskGroup,
    notify: Notify,
) -> Discovery:
    """The discovery of a running project.

    Args:
        register: `Delivery.register`.
        resolver: looks up names among the targets.
        processes: remembers answers for a control after this one.
        tasks: sources are asked in it.
        notify: hears what changes.

    """

    async def follow(
        source: Source, tell: Callable[[Targets], None], complain: Callable[[str], None]
    ) -> None:
        await follow_file(source, tell, complain, notify)

    def put(registrations: tuple[Registration, ...]) -> Awaitable[None]:
        return register(registrations, by=BY)

    return Discovery(
        register=put, resolver=resolver, follow=follow, processes=processes, tasks=tasks, notify=notify
    )
