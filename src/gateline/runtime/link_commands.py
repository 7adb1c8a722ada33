"""What is asked about links: by commands of this user, and by nodes that want certificates.

    {"do": "links", "action": "enroll", "tunnel": "", "node": "n1", "seconds": 3600}  -> {"ok": true, "token": {...}}
    {"do": "links", "action": "list"}                                                 -> {"ok": true, "nodes": [...]}
    {"do": "links", "action": "revoke", "tunnel": "", "node": "n1"}                   -> {"ok": true, "node": {...}}

The answer to `enroll` is the one place where a token's secret is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from gateline.errors import GatelineError
from gateline.model.tunnel import EnrolledNode
from gateline.runtime.candidate import TakesIn
from gateline.runtime.link_desk import Admitted, LinkDesk, due, text_bytes
from gateline.runtime.link_health import Connected
from gateline.runtime.renewal import renewal
from gateline.runtime.state_dir import StateDir
from gateline.runtime.upkeep import Duty
from gateline.runtime.vault import Vault
from gateline.sources.project_tunnel import LABEL

LONGEST_TOKEN_SECONDS: Final = 7 * 24 * 3600


class LinkCommands:
    """Answers commands about links, and nodes. One is done after the other.

    Args:
        state: keeps tokens and nodes.
        serving: lets them count.
        connected: which nodes are there.
        workers: of the gateway's Envoy.
        tell: told who has come and who was shut out.

    """

    def __init__(
        self,
        state: StateDir,
        serving: TakesIn,
        connected: Callable[[], Connected],
        workers: int,
        tell: Callable[[str], None],
    ) -> None:
        self._state = state
        self._serving = serving
        self._connected = connected
        self._workers = workers
        self._tell = tell
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do what a command asks, and have it count before it is answered.

        Raises:
            GatelineError: it cannot be done, or is not understood.

        """
        async with self._one_at_a_time:
            desk = self._desk()
            match asked:
                case {"action": "enroll", "tunnel": str(tunnel), "node": str(node), "seconds": int(seconds)}:
                    life = _life(node, seconds)
                    minted = await asyncio.to_thread(desk.mint, tunnel, node, datetime.now(UTC), life)
                    return {"token": minted}
                case {"action": "list"}:
                    return {"nodes": await asyncio.to_thread(self._listing, desk)}
                case {"action": "revoke", "tunnel": str(tunnel), "node": str(node)}:
                    gone = await asyncio.to_thread(desk.revoke, tunnel, node)
                    await self._serving.take_in()
                    self._tell(f"the node {gone.node} of the tunnel {gone.tunnel} is revoked")
                    return {"node": {"tunnel": gone.tunnel, "node": gone.node}}
                case _:
                    raise GatelineError("no such request")

    async def attend(self, asked: object) -> dict[str, Any]:
        """Answer a node, whoever that is: nothing of what it says is believed but what it proves.

        Raises:
            GatelineError: it gets no certificate.

        """
        async with self._one_at_a_time:
            desk, now = self._desk(), datetime.now(UTC)
            match asked:
                case {"do": "enroll", "secret": str(secret), "request": str(request)}:
                    made = await asyncio.to_thread(desk.admit, secret, request.encode(), now)
                    try:
                        await self._serving.take_in()
                    except GatelineError:
                        await asyncio.to_thread(desk.revoke, made.node.tunnel, made.node.node)
                        raise
                    self._tell(f"the node {made.node.node} has enrolled in the tunnel {made.node.tunnel}")
                case {
                    "do": "renew",
                    "certificate": str(held),
                    "request": str(request),
                    "signature": str(signature),
                }:
                    proof = text_bytes(signature)
                    made = await asyncio.to_thread(desk.renew, held.encode(), request.encode(), proof, now)
                case _:
                    raise GatelineError("no such request")
            return self._told(made)

    def duty(self) -> Duty:
        """The renewal of what the gateway shows to nodes, for `Upkeep`."""
        return renewal("the certificate of links", self._serving, lambda gateway: due(gateway, self._state))

    def _told(self, made: Admitted) -> dict[str, Any]:
        return {
            "tunnel": made.node.tunnel,
            "node": made.node.node,
            "name": made.node.dns_name,
            "certificate": made.certificate.decode("ascii"),
            "connections": 4 * max(2, self._workers),
        }

    def _listing(self, desk: LinkDesk) -> list[dict[str, Any]]:
        expiries, connected = desk.expiries(), self._connected()
        return [_row(node, expiries, connected) for node in desk.nodes()]

    def _desk(self) -> LinkDesk:
        served = self._serving.served
        if served is None or served.gateway is None:
            raise GatelineError("nothing is served yet")
        if not served.gateway.tunnels:
            raise GatelineError("the project has no tunnels")
        return LinkDesk(Vault(self._state), served.gateway)


def _row(node: EnrolledNode, expiries: dict[tuple[str, str], str], connected: Connected) -> dict[str, Any]:
    there = connected.get(node.dns_name)
    return {
        "tunnel": node.tunnel,
        "node": node.node,
        "connections": there.connections if there else 0,
        "since": there.since.isoformat() if there else None,
        "expires": expiries[node.tunnel, node.node],
    }


def _life(node: str, seconds: int) -> timedelta:
    if re.fullmatch(LABEL, node) is None:
        message = f"'{node}' is no name of a node: 1 to 32 of a-z, 0-9 and '-', no '-' at either end"
        raise GatelineError(message)
    if not 1 <= seconds <= LONGEST_TOKEN_SECONDS:
        raise GatelineError(f"a token counts for 1 to {LONGEST_TOKEN_SECONDS} seconds")
    return timedelta(seconds=seconds)
