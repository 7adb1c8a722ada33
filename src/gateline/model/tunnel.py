"""Tunnels: ways to private networks that the private side opens (docs/decisions/0022-links.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateline.model.origin import Origin

GATEWAY_NAME: Final = "link.gateline"
"""The DNS name in the certificate that the gateway shows to nodes."""

ENROLMENT_NAME: Final = "enroll.gateline"
"""The server name (SNI) under which nodes ask for certificates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """A tunnel of the project file. Which nodes hold it up is decided by enrolment."""

    name: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkListener:
    """Where nodes dial in: `gateway.links` of the project file."""

    address: str
    port: int
    advertised: str = ""  # host:port by which nodes reach it; "": address:port
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledNode:
    """A node that may dial in. `id` is new with each enrolment: who was shut out does not come back by the name."""

    tunnel: str
    node: str
    id: str

    @property
    def dns_name(self) -> str:
        """The DNS name in its certificate, which is who it is in the tunnel: `n1.4f2a9c01.plant.link.gateline`."""
        return f"{self.node}.{self.id}.{tunnel_name(self.tunnel)}"


def tunnel_name(tunnel: str) -> str:
    """The server name (SNI) by which nodes of a tunnel dial: `plant.link.gateline`."""
    return f"{tunnel}.{GATEWAY_NAME}"
