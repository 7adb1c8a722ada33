"""Containers of a Docker Engine, by their labels: its API over its Unix socket, and its events to learn of changes.

https://docs.docker.com/reference/api/engine/: versions are negotiated; `/containers/json` lists those that run and are
well, `/events` says that something may be different now, and then the list is asked for again.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, Final

from gateline.discovery.source import Targets
from gateline.errors import SourceSilent
from gateline.model.address import parse_ip
from gateline.model.discovery import DiscoveredTarget, DockerContainers

NEWEST: Final = (1, 51)
"""The newest version of the API whose documentation was read."""

OLDEST: Final = (1, 25)

LOOK_ANYWAY: Final = 30.0
"""Seconds after which the list is asked for without an event: a network that is joined tells with no label."""

PATIENCE: Final = 5.0
LOOPBACK: Final = "127.0.0.1"
MOST_PORTS: Final = 65535
HOST: Final = "host"
"""The network of containers that have none of their own; as a wish: at the ports that are published on this machine."""

_NO_NEWS: Final = ("exec_", "top", "attach", "detach", "resize", "export", "copy", "archive-path")
"""How actions begin that change nothing about where a container listens; each health check is an exec."""


class DockerEngine:
    """Lists containers, and again when an event says that this may have changed."""

    def __init__(self, asks: DockerContainers) -> None:
        self._asks = asks
        self._filters = {"label": [f"{key}={value}" if value else key for key, value in asks.labels]}

    async def answers(self) -> AsyncGenerator[Targets, None]:
        """The containers that run, and are healthy where they have a health check.

        Raises:
            SourceSilent: the engine does not answer, or a container can be asked in more ways than one.

        """
        # On a thread: the first import takes a tenth of a second.
        http = await asyncio.to_thread(importlib.import_module, "httpx2")
        transport = http.AsyncHTTPTransport(uds=self._asks.socket)
        try:
            async with (
                http.AsyncClient(transport=transport, base_url="http://docker", timeout=PATIENCE) as client,
                aclosing(self._followed(client)) as found,
            ):
                async for targets in found:
                    yield targets
        except (
            http.HTTPError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as problem:  # it is no answer, or one of another form than the documented
            what = str(problem) or type(problem).__name__
            message = f"the Docker Engine at {self._asks.socket} does not answer: {what[:200]}"
            raise SourceSilent(message) from None

    async def _followed(self, client: Any) -> AsyncGenerator[Targets, None]:  # noqa: ANN401 - httpx2's, imported late
        version = negotiated(await _asked(client, "/version"))
        events = {"filters": json.dumps({"type": ["container"], **self._filters})}
        async with client.stream("GET", f"{version}/events", params=events, timeout=None) as stream:
            if stream.status_code != 200:
                message = f"the Docker Engine tells no events: {stream.status_code}"
                raise SourceSilent(message)
            yield await self._listed(client, version)
            async with aclosing(_news(stream.aiter_lines())) as news:
                async for _ in news:
                    yield await self._listed(client, version)

    async def _listed(self, client: Any, version: str) -> Targets:  # noqa: ANN401
        wanted = {**self._filters, "status": ["running"], "health": ["healthy", "none"]}
        found = await _asked(client, f"{version}/containers/json", filters=json.dumps(wanted))
        return tuple(_usable(place(container, self._asks)) for container in found)


async def _asked(client: Any, path: str, **params: str) -> Any:  # noqa: ANN401
    """What the engine answers.

    Raises:
        SourceSilent: it refuses.

    """
    answer = await client.get(path, params=params)
    if answer.status_code != 200:
        message = f"the Docker Engine answers {path} with {answer.status_code}"
        raise SourceSilent(message)
    return answer.json()


async def _news(lines: AsyncIterator[str]) -> AsyncGenerator[None, None]:
    """Each time that something may have changed: an event says so, or nothing did for long.

    Raises:
        SourceSilent: the events end.

    """
    coming = asyncio.ensure_future(_next(lines))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=LOOK_ANYWAY)
            if done:
                line = coming.result()
                if line is None:
                    raise SourceSilent("the Docker Engine has ended its events")
                coming = asyncio.ensure_future(_next(lines))
                if line.strip() and str(json.loads(line).get("Action", "")).startswith(_NO_NEWS):
                    continue
            yield
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _next(lines: AsyncIterator[str]) -> str | None:
    return await anext(lines, None)


def negotiated(told: Mapping[str, Any]) -> str:
    """Where the newest version of the API lies that both sides know, as the beginning of a path.

    Raises:
        SourceSilent: there is none.

    """
    newest, oldest = _version(told["ApiVersion"]), _version(told.get("MinAPIVersion") or "1.0")
    chosen = max(min(newest, NEWEST), oldest)
    if newest < OLDEST:
        message = f"the Docker Engine's API is of version {told['ApiVersion']}; 1.25 at least is needed"
        raise SourceSilent(message)
    return f"/v{chosen[0]}.{chosen[1]}"


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor or 0)


def place(container: Mapping[str, Any], asks: DockerContainers) -> DiscoveredTarget:
    """Where a container is asked.

    Raises:
        SourceSilent: it has several ports or networks and nobody says which, or not the one that is wanted.

    """
    networks = {
        name: each.get("IPAddress") or each.get("GlobalIPv6Address") or ""
        for name, each in (container.get("NetworkSettings", {}).get("Networks") or {}).items()
    }
    port = asks.port or _only_port(container)
    if HOST in networks:
        return DiscoveredTarget(host=LOOPBACK, port=port)
    if asks.network == HOST:
        return _published(container, port)
    reachable = {name: address for name, address in networks.items() if address}
    if asks.network:
        address = reachable.get(asks.network, "")
    else:
        address = next(iter(reachable.values()), "") if len(reachable) == 1 else ""
    if not address:
        wanted = f"is not in network {asks.network}" if asks.network else "needs discover.docker.network"
        raise SourceSilent(f"container {_name(container)} {wanted}; it is in {_listed(networks)}")
    return DiscoveredTarget(host=address, port=port)


def _usable(target: DiscoveredTarget) -> DiscoveredTarget:
    """The target, if it is an address and a port.

    Raises:
        ValueError: it is not.

    """
    if parse_ip(target.host) is None or not 1 <= target.port <= MOST_PORTS:
        message = f"{target.host[:64]!r} with port {target.port} is no place"
        raise ValueError(message)
    return target


def _only_port(container: Mapping[str, Any]) -> int:
    ports = {each["PrivatePort"] for each in container.get("Ports", ()) if each.get("Type", "tcp") == "tcp"}
    if len(ports) != 1:
        raise SourceSilent(
            f"container {_name(container)} needs discover.docker.port; it has {_listed(ports)}"
        )
    return int(ports.pop())


def _published(container: Mapping[str, Any], port: int) -> DiscoveredTarget:
    for each in container.get("Ports", ()):
        if each.get("PrivatePort") == port and each.get("PublicPort") and each.get("Type", "tcp") == "tcp":
            address = each.get("IP", "")
            return DiscoveredTarget(
                host=LOOPBACK if address in {"", "0.0.0.0", "::"} else address,  # noqa: S104 - as it is told
                port=int(each["PublicPort"]),
            )
    raise SourceSilent(f"container {_name(container)} publishes no port for {port}")


def _name(container: Mapping[str, Any]) -> str:
    return str(next(iter(container.get("Names", ())), container.get("Id", ""))).lstrip("/")[:64]


def _listed(names: Any) -> str:  # noqa: ANN401 - names or numbers
    return ", ".join(sorted(map(str, names))) or "none"
