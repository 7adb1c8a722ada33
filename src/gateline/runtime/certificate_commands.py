"""What commands do with the certificates of a gateway that runs.

    {"do": "certificates", "action": "list"}                          -> {"ok": true, "certificates": [...]}
    {"do": "certificates", "action": "rotate", "name": ...}           -> {"ok": true, "certificates": [...]}
    {"do": "certificates", "action": "revoke", "overlap": 0}          -> {"ok": true, "under_way": false}
    {"do": "certificates", "action": "export-ca"}                     -> {"ok": true, "ca": ...}
    {"do": "certificates", "action": "issue-service", "name": ..., "hosts": [...]}
                                      -> {"ok": true, "ca": ..., "certificate": ..., "private_key": ...}

Only the last answer holds a private key: that of the certificate which was just made.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from gateline.errors import GatelineError
from gateline.model.gateway import Gateway
from gateline.runtime.authority import (
    SERVICE_LIFE,
    due,
    forget_leaf,
    is_wanted,
    opened,
    wanted_by,
)
from gateline.runtime.authority_replacement import Replacement
from gateline.runtime.candidate import TakesIn
from gateline.runtime.expiry import Expiry
from gateline.runtime.renewal import renewal
from gateline.runtime.state_dir import StateDir
from gateline.runtime.upkeep import Duty, Upkeep
from gateline.runtime.vault import Vault

REPLACEMENT_SECONDS: Final = 1800.0
"""How long a replacement of the authority is waited for: three deployments, each of ten minutes at most."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_HOST: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")


class HasServices(Protocol):
    """Runs services: `gateline.runtime.cluster.Cluster` does."""

    @property
    def is_steady(self) -> bool:
        """Whether all services are as they are wanted."""


def certificate_commands(
    state: StateDir, serving: TakesIn, cluster: HasServices, upkeep: Upkeep, warn: Callable[[str], None]
) -> CertificateCommands:
    """The commands of a stack, with what is done about certificates without any in its upkeep."""
    commands = CertificateCommands(state, serving, lambda: cluster.is_steady, warn, upkeep.look)
    for duty in commands.duties():
        upkeep.add(duty)
    return commands


class CertificateCommands:
    """The commands about certificates, and what is done about them without any.

    Args:
        state: where they are kept.
        serving: serves with them.
        is_steady: whether all services are as they are wanted.
        warn: tells people what ends soon.
        look: has duties asked again when they are due.

    """

    def __init__(
        self,
        state: StateDir,
        serving: TakesIn,
        is_steady: Callable[[], bool],
        warn: Callable[[str], None],
        look: Callable[[], None],
    ) -> None:
        self._state = state
        self._serving = serving
        self._look = look
        self._replacement = Replacement(state, serving.take_in, is_steady)
        self._expiry = Expiry(lambda: serving.served, warn)

    def duties(self) -> tuple[Duty, ...]:
        """Renewal before certificates end, the steps of a replacement of the authority, and words about the rest."""
        return (
            renewal("renewal of certificates", self._serving, lambda gateway: due(gateway, self._state)),
            Duty(name="replacement of the authority", due=self._replacement.due, work=self._replacement.work),
            Duty(name="ends of certificates", due=self._expiry.due, work=self._expiry.work),
        )

    async def __call__(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, and have it count before it is answered.

        Raises:
            GatelineError: it cannot be done, or is not understood.

        """
        match asked:
            case {"action": "list"}:
                return {"certificates": await asyncio.to_thread(self._listing)}
            case {"action": "rotate", "name": str(name)}:
                return {"certificates": await self._rotated(name)}
            case {"action": "revoke", "overlap": int(overlap)} if overlap >= 0:
                return {"under_way": await self._revoked(timedelta(seconds=overlap))}
            case {"action": "export-ca"}:
                return {"ca": await asyncio.to_thread(self._exported)}
            case {"action": "issue-service", "name": str(name), "hosts": [*hosts]} if all(
                isinstance(host, str) for host in hosts
            ):
                return await asyncio.to_thread(self._issued, name, hosts)
            case _:
                raise GatelineError("no such request")

    def _gateway(self) -> Gateway:
        served = self._serving.served
        if served is None or served.gateway is None:
            raise GatelineError("nothing is served yet")
        return served.gateway

    def _listing(self) -> list[dict[str, Any]]:
        # Only now: the library takes a tenth of the time of a start.
        from gateline.runtime.certificate_facts import facts  # noqa: PLC0415

        gateway, served = self._gateway(), self._serving.served
        assert served is not None
        return [each.told() for each in facts(gateway, served.keyring, self._state)]

    async def _rotated(self, name: str) -> list[dict[str, Any]]:
        found = [wanted for wanted in wanted_by(self._gateway()) if wanted.name == name]
        if not found:
            there = ", ".join(dict.fromkeys(wanted.name for wanted in wanted_by(self._gateway()))) or "none"
            raise GatelineError(f"no certificate that Gateline issues is called {name}; there are: {there}")
        for wanted in found:
            await asyncio.to_thread(forget_leaf, self._state, wanted)
        await self._serving.take_in()
        rows = await asyncio.to_thread(self._listing)
        return [row for row in rows if (row["name"], row["source"]) == (name, "gateline")]

    async def _revoked(self, overlap: timedelta) -> bool:
        """Whether the replacement is still under way: it is waited for only where nobody else has to do anything."""
        gateway = self._with_authority()
        await self._replacement.begin(gateway.name, overlap)
        self._look()
        if overlap:
            return True
        try:
            async with asyncio.timeout(REPLACEMENT_SECONDS):
                await self._replacement.finished()
        except TimeoutError:
            message = f"the authority is not replaced after {REPLACEMENT_SECONDS:g} s; it goes on as services follow"
            raise GatelineError(message) from None
        return False

    def _exported(self) -> str:
        gateway = self._with_authority()
        return opened(Vault(self._state), gateway.name, datetime.now(UTC)).believed.decode("ascii")

    def _issued(self, name: str, hosts: list[str]) -> dict[str, Any]:
        from gateline.authority.certificates import issue_service  # noqa: PLC0415

        if not _NAME.fullmatch(name):
            raise GatelineError("a service's name is 1 to 63 letters, digits, '_' and '-'")
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise GatelineError(f"{host!r} is no host name")
        gateway, now = self._with_authority(), datetime.now(UTC)
        authority = opened(Vault(self._state), gateway.name, now)
        made = issue_service(authority.signs, gateway.name, name, now=now, life=SERVICE_LIFE, hosts=hosts)
        return {
            "ca": authority.believed.decode("ascii"),
            "certificate": made.chain.decode("ascii"),
            "private_key": made.private_key.reveal().decode("ascii"),
        }

    def _with_authority(self) -> Gateway:
        gateway = self._gateway()
        if not is_wanted(gateway):
            raise GatelineError("this project has no authority: nothing in it asks for one")
        return gateway
