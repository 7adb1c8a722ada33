"""Who may dial in: tokens that nodes enrol with, and the nodes that have, kept in the vault.

A token counts once: it is gone from the disk before its certificate is made, so that no crash lets it count again. Of
its secret only a digest is kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gateline.errors import GatelineError
from gateline.model.gateway import Gateway
from gateline.model.secret import Certificate
from gateline.model.tunnel import EnrolledNode, LinkListener
from gateline.runtime.authority import certificate_of, members
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault, not_ours

TOKEN_LIFE: Final = timedelta(hours=1)
NODE_LIFE: Final = timedelta(days=30)
GATEWAY_LIFE: Final = timedelta(days=90)
RENEWED_AFTER: Final = 2 / 3
"""The part of its life after which a certificate is replaced."""

_AUTHORITY: Final = "links/authority"
_CERTIFICATE: Final = "links/certificate"
_TOKEN: Final = "links/token/"  # noqa: S105 - the beginning of a name
_NODE: Final = "links/node/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What Envoy needs for links: whom nodes' certificates come from, what they are shown, and who may come in."""

    authority: bytes
    certificate: Certificate
    nodes: tuple[EnrolledNode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A node with its new certificate (PEM)."""

    node: EnrolledNode
    certificate: bytes


def linked(gateway: Gateway, state: StateDir, now: datetime) -> Linked | None:
    """What is needed for the links of a project; None: it has no tunnel. Makes and renews what is due.

    Raises:
        GatelineError: the vault cannot be read or written.

    """
    if not gateway.tunnels or gateway.edge.links is None:
        return None
    desk = LinkDesk(Vault(state), gateway)
    return Linked(authority=desk.authority().chain, certificate=desk.certificate(now), nodes=desk.nodes())


def due(gateway: Gateway, state: StateDir) -> datetime | None:
    """When `linked` will say something else by itself; None: never as things are.

    Raises:
        GatelineError: the vault cannot be read.

    """
    if not gateway.tunnels or gateway.edge.links is None:
        return None
    kept = Vault(state).read_members(_CERTIFICATE)
    return datetime.fromisoformat(kept["renew"]) if kept else None


def kept_authority(vault: Vault) -> Certificate | None:
    """The authority of links, for `gateline prove`, which makes none; None: there is none.

    Raises:
        GatelineError: the vault cannot be read.

    """
    kept = vault.read_members(_AUTHORITY)
    return None if kept is None else certificate_of(kept)


class LinkDesk:
    """Gives out tokens and certificates, and takes them back.

    Args:
        vault: keeps them.
        gateway: the project.

    """

    def __init__(self, vault: Vault, gateway: Gateway) -> None:
        self._vault = vault
        self._project = gateway.name
        self._links = gateway.edge.links
        self._tunnels = tuple(tunnel.name for tunnel in gateway.tunnels)

    def authority(self) -> Certificate:
        """The authority of links, which is made when there is none.

        Raises:
            GatelineError: the vault cannot be read or written.

        """
        kept = self._vault.read_members(_AUTHORITY)
        if kept is None:
            # Only now: the library takes a tenth of the time of a start.
            from gateline.authority.certificates import make_authority  # noqa: PLC0415

            made = make_authority(self._project, datetime.now(UTC))
            self._vault.write_members(_AUTHORITY, members(made))
            return made
        return certificate_of(kept)

    def certificate(self, now: datetime) -> Certificate:
        """What the gateway shows to nodes.

        Raises:
            GatelineError: the vault cannot be read or written.

        """
        kept = self._vault.read_members(_CERTIFICATE)
        if kept is not None and now < datetime.fromisoformat(kept["renew"]):
            return certificate_of(kept)
        from gateline.authority.link_certificates import issue_gateway  # noqa: PLC0415

        made = issue_gateway(self.authority(), now=now, life=GATEWAY_LIFE)
        renew = now + GATEWAY_LIFE * RENEWED_AFTER
        self._vault.write_members(_CERTIFICATE, members(made) | {"renew": renew.isoformat()})
        return made

    def nodes(self) -> tuple[EnrolledNode, ...]:
        """The nodes of the project's tunnels that may dial in."""
        kept = (_node_of(self._vault, name) for name in self._vault.names(_NODE))
        return tuple(node for node, _ in kept if node.tunnel in self._tunnels)

    def expiries(self) -> dict[tuple[str, str], str]:
        """When the last certificate of each node ends, by tunnel and node."""
        kept = (_node_of(self._vault, name) for name in self._vault.names(_NODE))
        return {(node.tunnel, node.node): expires for node, expires in kept}

    def mint(self, tunnel: str, node: str, now: datetime, life: timedelta = TOKEN_LIFE) -> dict[str, str]:
        """A token by which a node may enrol, once; those of before by its name count no more.

        Args:
            tunnel: "" for the only one.
            node: its name.
            now: the time.
            life: how long it counts.

        Raises:
            GatelineError: there is no such tunnel, or the node is enrolled already.

        """
        name = self._tunnel(tunnel)
        if self._vault.read(_NODE + f"{name}/{node}") is not None:
            message = f"the node {node} of {name} is enrolled already; to enrol it anew, revoke it first"
            raise GatelineError(message)
        self._forget_tokens(
            lambda token: (
                datetime.fromisoformat(token["expires"]) <= now
                or (token["tunnel"], token["node"]) == (name, node)  # of a name, the last token counts
            )
        )
        assert self._links is not None  # else there are no tunnels
        secret = secrets.token_urlsafe(32)
        told = {"tunnel": name, "node": node, "expires": (now + life).isoformat()}
        self._vault.write_members(_TOKEN + _digest(secret), told)
        return told | {
            "gateway": advertised(self._links),
            "secret": secret,
            "authority": self.authority().chain.decode("ascii"),
        }

    def admit(self, secret: str, request: bytes, now: datetime) -> Admitted:
        """Use a token up, for a certificate of the key whose request that is.

        Raises:
            GatelineError: the token is used, expired or none of ours, or that is no request.

        """
        from gateline.authority.link_certificates import issue_node  # noqa: PLC0415

        kept_as = _TOKEN + _digest(secret)
        token = self._vault.read_members(kept_as)
        is_first = self._vault.delete(kept_as)  # another thread may have read it too
        if is_first:
            os.sync()  # or the power that fails now would bring it back
        if (
            token is None
            or not is_first
            or datetime.fromisoformat(token["expires"]) <= now
            or token["tunnel"] not in self._tunnels
            or self._vault.read(_NODE + f"{token['tunnel']}/{token['node']}") is not None
        ):
            raise GatelineError("the token is used, expired or none of this gateway's")
        node = EnrolledNode(tunnel=token["tunnel"], node=token["node"], id=secrets.token_hex(8))
        certificate = issue_node(self.authority(), self._project, node, request, now=now, life=NODE_LIFE)
        self._keep(node, now)
        return Admitted(node=node, certificate=certificate)

    def renew(self, certificate: bytes, request: bytes, signature: bytes, now: datetime) -> Admitted:
        """Another certificate for a node that holds one.

        Raises:
            GatelineError: it does not, or was revoked.

        """
        from gateline.authority.link_certificates import issue_node, verify_renewal  # noqa: PLC0415

        name = verify_renewal(self.authority(), certificate, request, signature, now)
        node = next((each for each in self.nodes() if each.dns_name == name), None)
        if node is None:
            raise GatelineError("the node is not enrolled any more")
        made = issue_node(self.authority(), self._project, node, request, now=now, life=NODE_LIFE)
        self._keep(node, now)
        return Admitted(node=node, certificate=made)

    def revoke(self, tunnel: str, node: str) -> EnrolledNode:
        """Let a node dial in no more. No token for it is left: it used up the last one.

        Raises:
            GatelineError: there is no such node.

        """
        found = [each for each in self.nodes() if each.node == node and (not tunnel or each.tunnel == tunnel)]
        if len(found) != 1:
            known = ", ".join(f"{each.tunnel}/{each.node}" for each in self.nodes()) or "none"
            which = "say in which tunnel" if found else f"enrolled are: {known}"
            raise GatelineError(f"{node} is {'in several tunnels' if found else 'not enrolled'}; {which}")
        self._vault.delete(_NODE + f"{found[0].tunnel}/{node}")
        return found[0]

    def _keep(self, node: EnrolledNode, now: datetime) -> None:
        told = {
            "tunnel": node.tunnel,
            "node": node.node,
            "id": node.id,
            "expires": (now + NODE_LIFE).isoformat(),
        }
        self._vault.write_members(_NODE + f"{node.tunnel}/{node.node}", told)

    def _tunnel(self, name: str) -> str:
        if not name and len(self._tunnels) == 1:
            return self._tunnels[0]
        if name not in self._tunnels:
            known = ", ".join(self._tunnels) or "none"
            said = f"there is no tunnel {name}" if name else "say which tunnel"
            raise GatelineError(f"{said}; the project has: {known}")
        return name

    def _forget_tokens(self, is_over: Callable[[dict[str, str]], bool]) -> None:
        for name in self._vault.names(_TOKEN):
            token = self._vault.read_members(name)
            if token is not None and is_over(token):
                self._vault.delete(name)


def advertised(links: LinkListener) -> str:
    """The host:port by which nodes reach the listener of links."""
    host = f"[{links.address}]" if ":" in links.address else links.address
    return links.advertised or f"{host}:{links.port}"


def text_bytes(text: str) -> bytes:
    """What base64 text says.

    Raises:
        GatelineError: it is none.

    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise GatelineError("that is not base64") from None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _node_of(vault: Vault, name: str) -> tuple[EnrolledNode, str]:
    kept = vault.read_members(name) or {}
    try:
        node = EnrolledNode(tunnel=kept["tunnel"], node=kept["node"], id=kept["id"])
        return node, kept["expires"]
    except KeyError:
        raise not_ours(name) from None
