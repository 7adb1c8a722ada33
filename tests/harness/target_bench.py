"""Target groups before a real Envoy, without a gateway: resolver, delivery, control plane, Envoy.

A request says in the header `x-cluster` where it wants to go.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.bootstrap import bootstrap
from gateline.compile.endpoint import minimums
from gateline.compile.resources import CLUSTER, ENDPOINT, LISTENER, SECRET, Resources
from gateline.compile.secret import trust
from gateline.compile.target_group import lookups, target_group_cluster
from gateline.compile.wire import extension, new
from gateline.control.ads import serve_ads
from gateline.control.outcome import Accepted, Outcome
from gateline.control.publication import Patience, Publisher
from gateline.model.target_group import TargetGroup
from gateline.runtime.admin import Admin
from gateline.runtime.delivery import Delivery
from gateline.runtime.envoy import find_envoy
from gateline.runtime.resolver import Resolver

NODE: Final = "edge"
LOOK_EVERY: Final = 0.01

Answer = tuple[int, str]
"""A status and a body."""


class TargetBench:
    """What the tests of target groups work on. `answers` is what the name service says."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.answers: dict[str, Sequence[str]] = {}
        self.publisher = Publisher(
            call_later=asyncio.get_running_loop().call_later, patience=Patience(answer=20, linger=0.05)
        )
        self.admin = Admin(folder / "admin.sock")
        self._changed = asyncio.Event()
        self._refresh = asyncio.Semaphore(0)
        self.resolver = Resolver(
            on_change=self._changed.set, on_complaint=lambda _: None, ask=self._ask, pause=self._pause
        )
        self.delivery = Delivery(self.publisher, self.resolver, (NODE,))

    async def _ask(self, host: str) -> Sequence[str]:
        return self.answers.get(host, [host])

    async def _pause(self, _: float) -> None:
        await self._refresh.acquire()

    async def resolve_again(self) -> None:
        """Ask the name service once more, which says something else now, and publish that."""
        self._changed.clear()
        self._refresh.release()
        await self._changed.wait()
        await self.delivery.readdress()

    async def deliver(
        self,
        *groups: TargetGroup,
        listeners: Mapping[str, Message] | None = None,
        tls_host: str = "",
        trusted: bytes = b"",
    ) -> Outcome:
        """Publish target groups, each as its cluster for balancers of the internet.

        Args:
            groups: the target groups.
            listeners: beside the one for requests.
            tls_host: what the gateway verifies, when it speaks TLS itself.
            trusted: the certificate authorities that vouch for it (PEM).

        """
        made = {names.target_group(group.name): group for group in groups}
        clusters = {
            name: target_group_cluster(group, name=name, behind_api=False, tls_host=tls_host)
            for name, group in made.items()
        }
        resources = Resources(
            by_type={
                SECRET: {names.TRUST: trust(names.TRUST, trusted)} if trusted else {},
                CLUSTER: clusters,
                ENDPOINT: {},
                LISTENER: {names.LISTENER: _listener(self.port), **(listeners or {})},
            },
            lookups=tuple(each for name, group in made.items() for each in lookups(group, name)),
            target_groups={name: group.name for name, group in made.items()},
            minimums=minimums(groups),
            origins={},
        )
        outcome = await self.delivery.deliver(resources)
        if not outcome.by_node:
            answer = await self.publisher.wait_ready(NODE)
            outcome = replace(outcome, by_node={NODE: answer})
        assert isinstance(outcome.by_node[NODE], Accepted), outcome
        return outcome

    async def get(self, group: str) -> Answer:
        """One request to a target group, on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            return await ask(reader, writer, group)
        finally:
            writer.close()

    async def gets(self, group: str, count: int) -> list[Answer]:
        """Requests to a target group, one after the other."""
        return [await self.get(group) for _ in range(count)]

    async def hosts(self, group: str) -> dict[str, dict[str, Any]]:
        """What Envoy says about the group's targets, by `address:port` or the path of the socket."""
        shown = json.loads(await self.admin.clusters(f"^{names.target_group(group)}$"))
        found: dict[str, dict[str, Any]] = {}
        for cluster in shown.get("cluster_statuses", []):
            for host in cluster.get("host_statuses", []):
                address = host["address"]
                place = address.get("socket_address")
                found[f"{place['address']}:{place['port_value']}" if place else address["pipe"]["path"]] = (
                    host
                )
        return found

    async def healthy(self, group: str) -> set[str]:
        """The targets that Envoy deems well."""
        return {
            place
            for place, host in (await self.hosts(group)).items()
            if not host["health_status"].get("failed_active_health_check")
        }

    async def until(self, group: str, holds: Callable[[Mapping[str, Mapping[str, Any]]], bool]) -> None:
        """Wait until Envoy says so about the group's targets."""
        while not holds(await self.hosts(group)):  # noqa: ASYNC110 - Envoy tells nobody
            await asyncio.sleep(LOOK_EVERY)

    async def statistic(self, name: str) -> int:
        """A counter or gauge of Envoy's."""
        reader, writer = await asyncio.open_unix_connection(self.folder / "admin.sock")
        writer.write(f"GET /stats?filter=^{name}$ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
        text = (await reader.read()).decode()
        writer.close()
        return int(text.partition(f"{name}: ")[2].split()[0])


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, group: str) -> Answer:
    """One request on a connection that stays open."""
    cluster = names.target_group(group)
    writer.write(f"GET / HTTP/1.1\r\nhost: a\r\nx-cluster: {cluster}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
    return int(head.split()[1]), (await reader.readexactly(length)).decode()


def _listener(port: int) -> Message:
    leading = {"match": {"prefix": "/"}, "route": {"cluster_header": "x-cluster"}}
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="edge",
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [leading]}]},
        http_filters=[
            extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")
        ],
    )
    return new(
        "envoy.config.listener.v3.Listener",
        name=names.LISTENER,
        address={"socket_address": {"address": "127.0.0.1", "port_value": port}},
        filter_chains=[{"filters": [manager]}],
    )


@asynccontextmanager
async def target_bench(folder: Path, port: int) -> AsyncIterator[TargetBench]:
    """A bench whose Envoy starts with the first delivery's configuration."""
    bench = TargetBench(folder, port)
    async with AsyncExitStack() as opened, asyncio.timeout(60):
        resolving = asyncio.ensure_future(bench.resolver.run())
        opened.callback(resolving.cancel)
        socket = folder / "s" / "xds.sock"
        await opened.enter_async_context(serve_ads(bench.publisher, socket))
        await opened.enter_async_context(_envoy(folder, socket))
        yield bench
    await asyncio.gather(resolving, return_exceptions=True)


@asynccontextmanager
async def _envoy(folder: Path, socket: Path) -> AsyncIterator[None]:
    config = bootstrap(
        node=NODE, xds_socket=str(socket), admin_socket=str(folder / "admin.sock"), memory=1 << 30
    )
    started_with = folder / "bootstrap.json"
    started_with.write_text(json.dumps(config))
    command = [
        str(find_envoy({}).path),
        "-c",
        str(started_with),
        "--disable-hot-restart",
        "--concurrency",
        "1",
    ]
    with (folder / "envoy.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(*command, "-l", "info", stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        await process.wait()
