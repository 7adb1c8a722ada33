"""Which source is asked how, put together for a stack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.util import find_spec

from gateline.discovery.dns_service import DnsServiceRecords
from gateline.discovery.docker import DockerEngine
from gateline.discovery.ec2 import is_instance
from gateline.discovery.ecs import EcsService
from gateline.discovery.source import Targets, follow
from gateline.model.codes import NO_BOTO3_FOR_TARGETS
from gateline.model.diagnostic import Complaints
from gateline.model.discovery import (
    DiscoveredTarget,
    DnsHost,
    DnsService,
    DockerContainers,
    EcsTasks,
    Source,
    TargetFile,
)
from gateline.model.gateway import Gateway
from gateline.model.target_group import Registration
from gateline.runtime.discovery import Discovery
from gateline.runtime.name_service import HostNames
from gateline.runtime.notice import Notify
from gateline.runtime.processes import Processes
from gateline.runtime.resolver import Resolver
from gateline.runtime.target_file import follow_file

BY = "discovery"
"""Whose registrations they are."""


def check_sources(gateway: Gateway, complaints: Complaints) -> None:
    """Whoever asks AWS for targets needs what not everybody has."""
    if find_spec("boto3") is not None:
        return
    for group in gateway.target_groups:
        asked = [group.discover.origin] if isinstance(group.discover, EcsTasks) else []
        asked += [target.origin for target in group.targets if is_instance(target.host)]
        if asked:
            message = (
                f"AWS is asked for targets of '{group.name}', and boto3, which asks it, is not installed"
            )
            complaints.add(NO_BOTO3_FOR_TARGETS, asked[0], message, help="pip install 'gateline[aws]'")


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
            case DockerContainers():
                await follow(DockerEngine(source), tell, complain)
            case EcsTasks():
                await follow(EcsService(source), tell, complain)
            case DnsService():
                await follow(DnsServiceRecords(names.servers, source.name), tell, complain)

    def put(registrations: tuple[Registration, ...]) -> Awaitable[None]:
        return register(registrations, by=BY)

    return Discovery(
        register=put, resolver=resolver, follow=follow_any, processes=processes, tasks=tasks, notify=notify
    )
