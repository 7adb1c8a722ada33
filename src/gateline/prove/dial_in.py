"""Attempts at the listener that links' nodes dial, by those who are nearly a node.

What nodes export is reached through their tunnels alone: it listens in another network, which is not tried from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from gateline.authority.certificates import make_authority
from gateline.authority.link_certificates import issue_node, make_key, make_request
from gateline.model.secret import Certificate
from gateline.model.tunnel import EnrolledNode, tunnel_name
from gateline.prove.attempt import Attempt, Finding, Kind, Verdict
from gateline.prove.backend import NO_CERTIFICATE, place
from gateline.prove.impostor import LIFE, NOBODY
from gateline.runtime.link_desk import kept_authority
from gateline.runtime.vault import Vault

GROUP: Final = "tunnels"
STRANGER: Final = "gateline-prove.invalid"


def dial_ins(inventory: Mapping[str, Any], vault: Vault, now: datetime) -> list[Attempt]:
    """All that is tried at the listener of links; nothing where there is none.

    Raises:
        GatelineError: the vault cannot be opened.

    """
    links = inventory["links"]
    if not links:
        return []
    door = _Door(str(links["host"]), int(links["port"]), str(inventory["project"]), now)
    nodes = [EnrolledNode(**each) for each in inventory["nodes"]]
    authority = kept_authority(vault)
    found = [door.sent(GROUP, "no tunnel's name", STRANGER, None)]
    for tunnel in map(str, inventory["tunnels"]):
        found += _at(door, tunnel, nodes, authority)
    return found


def _at(
    door: _Door, tunnel: str, nodes: list[EnrolledNode], authority: Certificate | None
) -> Iterator[Attempt]:
    subject, server_name = f"tunnel {tunnel}", tunnel_name(tunnel)
    nobody = EnrolledNode(tunnel=tunnel, node=NOBODY, id="0" * 8)
    known = next((node for node in nodes if node.tunnel == tunnel), nobody)
    foreign = make_authority(door.project, door.now)
    yield door.sent(subject, "no certificate", server_name, None)
    yield door.sent(
        subject, "a node of a foreign authority", server_name, door.shown(foreign, known, door.now)
    )
    if authority is None:
        return
    yield door.sent(
        subject, "a node that was not enrolled", server_name, door.shown(authority, nobody, door.now)
    )
    expired = door.shown(authority, known, door.now - 2 * LIFE)
    yield door.sent(subject, "expired certificate of a node", server_name, expired)
    for other in nodes:
        if other.tunnel != tunnel:
            means = f"a node of tunnel {other.tunnel}"
            yield door.sent(subject, means, server_name, door.shown(authority, other, door.now))
            break


def exports(inventory: Mapping[str, Any]) -> Iterator[Finding]:
    """What stands behind tunnels, which cannot be tried from this machine."""
    for tunnel in inventory["tunnels"]:
        yield Finding(
            group=GROUP,
            subject=f"tunnel {tunnel}",
            place="its network",
            point="this host",
            means="what its nodes export",
            verdict=Verdict.NOT_TRIED,
            detail="its network is elsewhere: whether anything listens there shows there",
        )


class _Door:
    """The listener of links."""

    def __init__(self, host: str, port: int, project: str, now: datetime) -> None:
        self._host = host
        self._port = port
        self.project = project
        self.now = now

    def shown(self, authority: Certificate, node: EnrolledNode, now: datetime) -> dict[str, str]:
        """A certificate that says to be this node, made at `now`, with its key."""
        key = make_key()
        chain = issue_node(authority, self.project, node, make_request(key), now=now, life=LIFE)
        return {"certificate": chain.decode(), "private_key": key.decode()}

    def sent(self, subject: str, means: str, server_name: str, shown: dict[str, str] | None) -> Attempt:
        """A TLS connection, on which nothing is said."""
        return Attempt(
            group=GROUP,
            subject=subject,
            place=f"{self._host}:{self._port}",
            means=means,
            kind=Kind.RAW,
            wire={
                **place(self._host, self._port),
                "prefix": "",
                "request": "",
                "tls": {**NO_CERTIFICATE, "server_name": server_name, **(shown or {})},
            },
        )
