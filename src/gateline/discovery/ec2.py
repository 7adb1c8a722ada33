"""EC2 instances as targets: the private address of an instance that runs, by its id."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from gateline.discovery.aside import aside
from gateline.discovery.aws_client import MakeClient, make_client, silent
from gateline.discovery.name_server import Found, NoSuchName
from gateline.errors import SourceSilent
from gateline.model.discovery import AwsPlace

HOLDS_SECONDS: Final = 30.0
"""How long an answer holds: an instance keeps its address, and may be stopped."""

GATHER_SECONDS: Final = 0.05
"""How long others are waited for, who are asked about with the first."""

BATCH: Final = 200
"""Values of one filter."""

_ID: Final = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")


def is_instance(host: str) -> bool:
    """Whether it is an instance's id, such as i-0123456789abcdef0."""
    return _ID.fullmatch(host) is not None


class Instances:
    """Knows the addresses of instances; those that are asked for together are one question.

    Args:
        client: makes clients of AWS.
        pause: waits for so many seconds.

    """

    def __init__(
        self, client: MakeClient = make_client, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._make_client = client
        self._pause = pause
        self._place = AwsPlace()
        self._client: tuple[AwsPlace, Any] | None = None
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    def use(self, place: AwsPlace) -> None:
        """Ask there from now on."""
        self._place = place

    async def addresses(self, instance: str) -> Found:
        """The private address of an instance.

        Raises:
            NoSuchName: it does not run, or there is none.
            OSError: AWS does not say.

        """
        if instance not in self._waiting:
            if not self._waiting:
                asking = asyncio.ensure_future(self._ask())
                self._asking.add(asking)
                asking.add_done_callback(self._asking.discard)
            self._waiting[instance] = asyncio.get_running_loop().create_future()
        address = await asyncio.shield(self._waiting[instance])
        if not address:
            raise NoSuchName(instance, HOLDS_SECONDS)
        return Found((address,), HOLDS_SECONDS)

    async def _ask(self) -> None:
        await self._pause(GATHER_SECONDS)
        waiting, self._waiting = self._waiting, {}
        place = self._place
        try:
            found = await aside(lambda: self._look(place, sorted(waiting)), "EC2 instances")
        except SourceSilent as problem:
            for each in waiting.values():
                each.set_exception(OSError(str(problem)))
                each.exception()  # somebody may have stopped waiting
            return
        for instance, each in waiting.items():
            each.set_result(found.get(instance, ""))

    def _look(self, place: AwsPlace, ids: list[str]) -> dict[str, str]:
        try:
            made = self._client
            if made is None or made[0] != place:
                self._client = made = (place, self._make_client("ec2", place))
            pages = made[1].get_paginator("describe_instances")
            return {
                instance["InstanceId"]: instance.get("PrivateIpAddress", "")
                for start in range(0, len(ids), BATCH)
                for page in pages.paginate(
                    Filters=[
                        {"Name": "instance-id", "Values": ids[start : start + BATCH]},
                        {"Name": "instance-state-name", "Values": ["running"]},
                    ]
                )
                for reservation in page["Reservations"]
                for instance in reservation["Instances"]
            }
        except SourceSilent:
            raise
        except Exception as problem:  # noqa: BLE001 - boto3's are of many trees: profiles, endpoints, sockets
            raise silent("ec2", problem) from None
