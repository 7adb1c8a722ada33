"""Certificates of clients that are not the gateway, though each is nearly it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from gateline.authority.certificates import issue_client, issue_service, make_authority
from gateline.model.secret import Certificate
from gateline.runtime.authority import Authority, kept_authority
from gateline.runtime.vault import Vault

NOBODY: Final = "gateline-prove"
"""The name of a client certificate and of a service that no project has."""

LIFE: Final = timedelta(minutes=15)
_TLS: Final = frozenset({"HTTPS", "TLS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Impostor:
    """A client with a certificate, PEM with its key; without one when both are empty."""

    means: str
    certificate: str = field(repr=False)
    private_key: str = field(repr=False)


def impostors(inventory: Mapping[str, Any], vault: Vault, now: datetime) -> tuple[Impostor, ...]:
    """Who comes to services that speak TLS; nobody when none does.

    Raises:
        GatelineError: the vault cannot be opened.

    """
    if not any(group["protocol"] in _TLS for group in inventory["groups"].values()):
        return ()
    project = str(inventory["project"])
    shown: Sequence[str] = inventory["client_certificates"] or [NOBODY]
    return tuple(_made(project, shown, kept_authority(vault), now))


def _made(project: str, shown: Sequence[str], kept: Authority | None, now: datetime) -> Iterator[Impostor]:
    foreign = make_authority(project, now)
    for name in shown:
        yield _impostor(
            f"{name} of a foreign authority", issue_client(foreign, project, name, now=now, life=LIFE)
        )
    if kept is None:
        return
    ours = kept.signs
    for name in shown:
        before = now - 2 * LIFE
        expired = issue_client(ours, project, name, now=before, life=LIFE)
        yield _impostor(f"expired {name}", expired)
    other = issue_client(ours, project, NOBODY, now=now, life=LIFE)
    yield _impostor("another client of the authority", other)
    service = issue_service(ours, project, NOBODY, now=now, life=LIFE)
    yield _impostor("a service of the authority", service)


def _impostor(means: str, made: Certificate) -> Impostor:
    return Impostor(
        means=means, certificate=made.chain.decode(), private_key=made.private_key.reveal().decode()
    )
