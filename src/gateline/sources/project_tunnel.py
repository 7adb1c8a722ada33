"""The project file's `tunnels` and `gateway.links`: ways to private networks that the private side opens."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field
from pydantic_core import PydanticCustomError

from gateline.sources.project_part import Part
from gateline.sources.project_values import (
    Address,
    HostPort,
    Matches,
    Number,
    host_port,
    split_host_port,
)

TUNNEL: Final = "tunnel:"
"""What stands before the name of a tunnel, where an address could stand."""

LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?"
"""Names of tunnels and nodes: labels of DNS names."""

TunnelName = Annotated[
    str,
    Matches(LABEL, "1 to 32 of a-z, 0-9 and '-', and not begin or end with '-': it is a part of a DNS name"),
]


class LinksPart(Part):
    """Where nodes of tunnels dial in."""

    address: Address = Field(
        default="127.0.0.1", description="The IP address to listen on; 0.0.0.0 lets other machines dial in."
    )
    port: Number = Field(default=8443, ge=1, le=65535, description="The port to listen on.")
    advertise: HostPort | None = Field(
        default=None, description="The host:port by which nodes reach it; default: the address and the port."
    )


class TunnelPart(Part):
    """A tunnel: nodes of a private network dial in, and what they export can be reached."""


def group_target(value: str) -> str:
    """What may stand in `targets`: an address, or an export of a tunnel.

    Raises:
        PydanticCustomError: it is neither.

    """
    if not value.startswith(TUNNEL):
        return host_port(value)
    if split_tunnel(value) is None:
        says = "host:port, or tunnel:NAME/HOST:PORT with the name of a tunnel, such as tunnel:plant/db:5432"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return value


def split_tunnel(value: str) -> tuple[str, str, int] | None:
    """Tunnel, host and port of `tunnel:NAME/HOST:PORT`, or None when it is not that."""
    name, _, export = value.removeprefix(TUNNEL).partition("/")
    pair = split_host_port(export)
    if not value.startswith(TUNNEL) or re.fullmatch(LABEL, name) is None or pair is None:
        return None
    return name, pair[0].lower(), pair[1]
