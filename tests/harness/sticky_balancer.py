"""A balancer's route with stickiness on a bench: its own listener, and a client that keeps cookies as it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.rule_action import destination
from gateline.compile.stickiness import stickiness_filters, stuck
from gateline.compile.wire import extension, new
from gateline.model.load_balancer import Forward
from gateline.model.target_group import TargetGroup

KEY: Final = "5a" * 32


def sticky_listener(port: int, folder: Path, forward: Forward, *groups: TargetGroup) -> Message:
    """A listener whose only route performs the forward; its key is written to the folder."""
    key_file = folder / "stickiness"
    key_file.write_text(KEY)
    route = new(
        "envoy.config.route.v3.Route",
        match={"prefix": "/"},
        route={**(destination(forward, names.target_group) or {})},
    )
    by_name = {group.name: group for group in groups}
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="sticky",
        route_config={
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [stuck(route, forward, by_name, names.target_group)],
                }
            ]
        },
        upgrade_configs=[{"upgrade_type": "websocket"}],
        http_filters=[
            *stickiness_filters(str(key_file)),
            extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"),
        ],
    )
    return new(
        "envoy.config.listener.v3.Listener",
        name="sticky",
        address={"socket_address": {"address": "127.0.0.1", "port_value": port}},
        filter_chains=[{"filters": [manager]}],
    )


@dataclass(slots=True)
class Told:
    """An answer: `cookies` are the Set-Cookie values by name, with their attributes."""

    status: int
    body: str
    cookies: dict[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    def value(self, name: str) -> str:
        """A cookie's value."""
        return self.cookies[name].partition(";")[0]


async def asked(port: int, cookies: Mapping[str, str] | None = None, *lines: str) -> Told:
    """One request with these cookies, on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    head = ["GET / HTTP/1.1", "host: a", *([f"cookie: {sent}"] if sent else []), *lines, "", ""]
    try:
        writer.write("\r\n".join(head).encode())
        text = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = [
            (name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in text[1:-2])
        ]
        told = Told(int(text[0].split()[1]), "", names=frozenset(name for name, _ in pairs))
        for name, value in pairs:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                told.cookies[key] = rest
        if told.status != 101:
            told.body = (await reader.readexactly(int(dict(pairs).get("content-length", "0")))).decode()
        return told
    finally:
        writer.close()
