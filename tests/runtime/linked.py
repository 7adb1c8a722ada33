"""A project with tunnels, for tests of links."""

from __future__ import annotations

from pathlib import Path

from gateline.model.gateway import Edge, Gateway
from gateline.model.origin import Origin
from gateline.model.tunnel import LinkListener, Tunnel
from gateline.runtime.link_desk import LinkDesk
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault

ORIGIN = Origin("gateline.yaml", ())


def gateway(*tunnels: str, port: int = 8443) -> Gateway:
    """A project with these tunnels; without any it has no listener for links."""
    links = LinkListener(address="127.0.0.1", port=port, origin=ORIGIN) if tunnels else None
    return Gateway(
        name="storefront",
        edge=Edge(origin=ORIGIN, links=links),
        tunnels=tuple(Tunnel(name=name, origin=ORIGIN) for name in tunnels),
        origin=ORIGIN,
    )


def state_dir(folder: Path) -> StateDir:
    """A state directory of nobody else."""
    return StateDir(path=folder, sockets=folder)


def desk(folder: Path, *tunnels: str) -> LinkDesk:
    """The desk of a project with these tunnels."""
    return LinkDesk(Vault(state_dir(folder), {}), gateway(*tunnels))
