"""Which source is asked how, put together for a stack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateline.discovery.dns_service import DnsServiceRecords
from gateline.discovery.source import Targets, follow
from gateline.model.discovery import DiscoveredTarget, DnsHost, DnsService, Source, TargetFile
from gateline.model.target_group import Registration
from gateline.runtime.discovery import Discovery
from gateline.runtime.name_service import HostNames
from gateline.runtime.notice import Notify
from gateline.runtime.processes import Processes
from gateline.runtime.resolver import Resolver
from gateline.runtime.target_file import follow_file

BY = "discovery"
"""Whose registrations they are."""


def discovery(
    register: Callable[..., Awaitable[None]],
    resolver: Resolver,
    names: HostNames,
    processes: Processes,
    tasks: asyncio.TaskGroup,
    notify: Notify,
) -> Discovery:
    """The discovery of a running project.

    Args:
        register: `Delivery.register`.
        resolver: looks up names among the targets.
        names: knows whom DNS is asked of.
        processes: remembers answers for a control after this one.
        tasks: sources are asked in it.
        notify: hears what changes.

    """

    async def follow_any(
        source: Source, tell: Callable[[Targets], None], complain: Callable[[str], None]
    ) -> None:
        match source:
            case TargetFile():
                await follow_file(source, tell, complain, notify)
            case DnsHost():
                tell((DiscoveredTarget(host=source.name, port=source.port),))
                await asyncio.Event().wait()  # the resolver does the rest
            case DnsService():
                await follow(DnsServiceRecords(names.servers, source.name), tell, complain)

    def put(registrations: tuple[Registration, ...]) -> Awaitable[None]:
        return register(registrations, by=BY)

    return Discovery(
        register=put, resolver=resolver, follow=follow_any, processes=processes, tasks=tasks, notify=notify
    )
