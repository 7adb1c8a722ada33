"""The tasks of an ECS service: where the load balancer of that service would send requests (load-balancers.md 15).

A task counts while it is RUNNING, and its container HEALTHY where the task definition has a health check for it. It
is asked where it listens: `awsvpc` at its own address and the container's port, `bridge` and `host` at the address of
its EC2 instance and the host's port.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

from gateline.discovery.aside import aside
from gateline.discovery.aws_client import MakeClient, make_client, silent
from gateline.discovery.source import Targets
from gateline.errors import SourceSilent
from gateline.model.discovery import DiscoveredTarget, EcsTasks

LOOK_EVERY: Final = 10.0
"""Seconds between two looks, a quarter more or less: ECS tells nobody by itself."""

BATCH: Final = 100
"""Tasks, or container instances, that one call may describe."""

_Task = Mapping[str, Any]
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a task is asked: a container, at one of its ports; `checked`: it must be HEALTHY."""

    container: str
    port: int
    network_mode: str
    checked: bool


class EcsService:
    """Looks at a service again and again. What never changes (task definitions, instances) is asked for once.

    Args:
        asks: the service.
        client: makes clients of AWS.
        pause: waits for so many seconds.
        dice: a number from 0 to 1.

    """

    def __init__(
        self,
        asks: EcsTasks,
        client: MakeClient = make_client,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._asks = asks
        self._make_client = client
        self._pause = pause
        self._dice = dice
        self._clients: dict[str, Any] = {}
        self._definitions: dict[str, Wanted] = {}
        self._instances: dict[str, str] = {}  # container instance → private address

    async def answers(self) -> AsyncGenerator[Targets, None]:
        """The tasks that can be asked.

        Raises:
            SourceSilent: AWS does not answer, or the task definition has no such container or port.

        """
        while True:
            yield await aside(self._look, f"ECS service {self._asks.service}")
            await self._pause(LOOK_EVERY * (0.75 + self._dice() / 2))

    def _look(self) -> Targets:
        try:
            found = [task for batch in _batches(self._arns()) for task in self._described(batch)]
            running = [
                task for task in found if task.get("lastStatus") == task.get("desiredStatus") == "RUNNING"
            ]
            wanted = [(task, self._wanted(task["taskDefinitionArn"])) for task in running]
            self._learn_instances(task for task, each in wanted if each.network_mode != "awsvpc")
            places = [self._place(task, each) for task, each in wanted]
        except SourceSilent:
            raise
        except Exception as problem:  # noqa: BLE001 - boto3's are of many trees: profiles, endpoints, sockets
            raise silent("ecs", problem) from None
        return tuple(place for place in places if place is not None)

    def _arns(self) -> Iterator[str]:
        pages = self._client("ecs").get_paginator("list_tasks")
        for page in pages.paginate(
            cluster=self._asks.cluster, serviceName=self._asks.service, desiredStatus="RUNNING"
        ):
            yield from page["taskArns"]

    def _described(self, arns: list[str]) -> list[_Task]:
        told: list[_Task] = self._client("ecs").describe_tasks(cluster=self._asks.cluster, tasks=arns)[
            "tasks"
        ]
        return told

    def _wanted(self, definition: str) -> Wanted:
        """Which container of a task definition is asked, and where."""
        if definition not in self._definitions:
            told = self._client("ecs").describe_task_definition(taskDefinition=definition)
            self._definitions[definition] = chosen(told["taskDefinition"], self._asks)
        return self._definitions[definition]

    def _learn_instances(self, tasks: Iterable[_Task]) -> None:
        """Find out the addresses of the EC2 instances that tasks run on."""
        arns = {str(task.get("containerInstanceArn", "")) for task in tasks} - self._instances.keys() - {""}
        for batch in _batches(sorted(arns)):
            told = self._client("ecs").describe_container_instances(
                cluster=self._asks.cluster, containerInstances=batch
            )
            ids = {
                each["containerInstanceArn"]: each.get("ec2InstanceId", "")
                for each in told["containerInstances"]
            }
            pages = self._client("ec2").get_paginator("describe_instances")
            filters = [{"Name": "instance-id", "Values": sorted(set(ids.values()) - {""})}]
            addresses = {
                instance["InstanceId"]: instance.get("PrivateIpAddress", "")
                for page in pages.paginate(Filters=filters)
                for reservation in page["Reservations"]
                for instance in reservation["Instances"]
            }
            self._instances |= {arn: addresses[each] for arn, each in ids.items() if addresses.get(each)}

    def _place(self, task: _Task, wanted: Wanted) -> DiscoveredTarget | None:
        """Where a task is asked; None while it cannot be."""
        containers: list[Mapping[str, Any]] = task["containers"]
        container = next((each for each in containers if each.get("name") == wanted.container), {})
        if wanted.checked and container.get("healthStatus") != "HEALTHY":
            return None
        if wanted.network_mode == "awsvpc":
            host, port = _own_address(task, container), wanted.port
        else:
            host = self._instances.get(task.get("containerInstanceArn", ""), "")
            port = wanted.port if wanted.network_mode == "host" else _host_port(container, wanted.port)
        return DiscoveredTarget(host=host, port=port) if host and port else None

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        if service not in self._clients:
            self._clients[service] = self._make_client(service, self._asks.place)
        return self._clients[service]


def chosen(definition: Mapping[str, Any], asks: EcsTasks) -> Wanted:
    """The container of a task definition that is asked: by its name, else the one that has that port, or any.

    Raises:
        SourceSilent: there is none.

    """
    for container in definition["containerDefinitions"]:
        ports = [
            each["containerPort"] for each in container.get("portMappings", ()) if "containerPort" in each
        ]
        if asks.container_name and container["name"] != asks.container_name:
            continue
        if asks.container_port not in {None, *ports} and not asks.container_name:
            continue
        port = asks.container_port or next(iter(ports), None)
        if port is not None:
            mode = definition.get("networkMode") or "bridge"
            return Wanted(container["name"], port, mode, "healthCheck" in container)
    message = (
        f"task definition {definition.get('family')}:{definition.get('revision')} has no container "
        f"{asks.container_name or 'with a port mapping'}"
        + (f" at port {asks.container_port}" if asks.container_port else "")
    )
    raise SourceSilent(message)


def _own_address(task: _Task, container: Mapping[str, Any]) -> str:
    """The address of a task's network interface, as its container or its attachment tells it."""
    for interface in container.get("networkInterfaces", ()):
        if found := interface.get("privateIpv4Address") or interface.get("ipv6Address"):
            return str(found)
    for attachment in task.get("attachments", ()):
        details = {each["name"]: each.get("value", "") for each in attachment.get("details", ())}
        if found := details.get("privateIPv4Address") or details.get("IPv6Address"):
            return str(found)
    return ""


def _host_port(container: Mapping[str, Any], port: int) -> int:
    """The port of the instance that leads to a port of the container; 0 while there is none."""
    bindings = container.get("networkBindings", ())
    return next((int(each["hostPort"]) for each in bindings if each.get("containerPort") == port), 0)


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        yield batch
