"""The built-in authority at work: makes it, issues what a project needs of it, and renews that in time.

All of it is kept in the vault. What is renewed stays valid until its own end, and both were signed by the same
authority: whoever believes the one believes the other, so a renewal needs nobody's consent. The authority itself is
replaced by `authority_replacement`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from gateline.errors import GatelineError
from gateline.model.client_certificate import BUILT_IN
from gateline.model.gateway import Gateway
from gateline.model.secret import Certificate, Secret
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault, not_ours
from gateline.services.task import CA_FILE, CERTIFICATE_FILE, PRIVATE_KEY_FILE, given_files

SERVICE_LIFE: Final = timedelta(days=90)
OVERLAP: Final = timedelta(hours=1)
"""How long a client certificate stays valid at least when the next one is shown: connections are being made."""

CLIENT: Final = "client"
SERVICE: Final = "service"

_AUTHORITY: Final = "authority"
_ONE_AT_A_TIME: Final = threading.Lock()
"""A reload may ask while a renewal does, each on a thread of its own; other processes ask one of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The authorities that are believed, the oldest first, and the one of them that signs."""

    all: tuple[Certificate, ...]
    signer: int = 0
    next_step: datetime | None = None  # of a replacement, not before then; None: none is under way
    overlap: timedelta = timedelta()  # how long each step of it waits at least

    @property
    def believed(self) -> bytes:
        """The certificates (PEM) of all."""
        return b"".join(each.chain for each in self.all)

    @property
    def signs(self) -> Certificate:
        """The one that signs now."""
        return self.all[self.signer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A certificate that the project needs: of the gateway as a client, or of a service."""

    kind: str  # CLIENT or SERVICE
    name: str
    life: timedelta
    renewed_after: timedelta

    @property
    def kept_as(self) -> str:
        """Its name in the vault."""
        return f"certificate/{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A certificate that was issued. `by` is a digest of the authority that signed it."""

    certificate: Certificate
    identity: str
    since: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What the built-in authority gives to a project; empty when nothing of it is wanted."""

    authority: bytes = b""  # the certificates (PEM) that are believed
    client_certificates: tuple[Certificate, ...] = ()
    services: tuple[Certificate, ...] = field(default=())


def issued(gateway: Gateway, state: StateDir, now: datetime) -> Issued:
    """All that the project needs of the built-in authority; makes what is missing, and renews what is due.

    Raises:
        GatelineError: the vault cannot be read or written, or holds something else.

    """
    if not is_wanted(gateway):
        return Issued()
    with _ONE_AT_A_TIME:
        vault = Vault(state)
        authority = opened(vault, gateway.name, now)
        leaves = {
            wanted.kept_as: _in_force(vault, authority, gateway.name, wanted, now).certificate
            for wanted in wanted_by(gateway)
        }
    return Issued(
        authority=authority.believed,
        client_certificates=_of_kind(leaves, CLIENT),
        services=_of_kind(leaves, SERVICE),
    )


def due(gateway: Gateway, state: StateDir) -> datetime | None:
    """When `issued` will renew something; None if it never will, or has not issued it yet.

    Raises:
        GatelineError: the vault cannot be read, or holds something else.

    """
    vault = Vault(state)
    moments = [
        kept.since + wanted.renewed_after
        for wanted in wanted_by(gateway)
        if (kept := kept_leaf(vault, wanted)) is not None
    ]
    return min(moments, default=None)


def is_wanted(gateway: Gateway) -> bool:
    """Whether the project needs the built-in authority."""
    believed = any(
        group.tls is not None and group.tls.authority == BUILT_IN for group in gateway.target_groups
    )
    asked = any(mutual.authority == BUILT_IN for mutual in gateway.mutual_authentications)
    shown = any(CA_FILE in given_files(service) for service in gateway.services)
    return believed or asked or shown or any(wanted_by(gateway))


def wanted_by(gateway: Gateway) -> Iterator[Wanted]:
    """The certificates that the project needs of the built-in authority."""
    for client in gateway.client_certificates:
        if not client.certificate:
            life = max(client.rotate_every * 3 / 2, client.rotate_every + OVERLAP)
            yield Wanted(kind=CLIENT, name=client.name, life=life, renewed_after=client.rotate_every)
    for service in gateway.services:
        if given_files(service) & {CERTIFICATE_FILE, PRIVATE_KEY_FILE}:
            yield Wanted(
                kind=SERVICE, name=service.name, life=SERVICE_LIFE, renewed_after=SERVICE_LIFE * 2 / 3
            )


def opened(vault: Vault, project: str, now: datetime) -> Authority:
    """The project's authority, made when there is none.

    Raises:
        GatelineError: the vault cannot be read or written, or holds something else.

    """
    authority = kept_authority(vault)
    if authority is None:
        authority = Authority(all=(made(project, now),))
        keep_authority(vault, authority)
    return authority


def change_authority(state: StateDir, change: Callable[[Authority], Authority]) -> None:
    """Keep the authority as `change` makes it, while nobody issues anything.

    Raises:
        GatelineError: there is none, or the vault cannot be read or written.

    """
    with _ONE_AT_A_TIME:
        vault = Vault(state)
        authority = kept_authority(vault)
        if authority is None:
            raise GatelineError("this project has no authority: nothing in it asks for one")
        keep_authority(vault, change(authority))


def forget_leaf(state: StateDir, wanted: Wanted) -> None:
    """Let `issued` issue a certificate anew, whatever its age."""
    with _ONE_AT_A_TIME:
        Vault(state).delete(wanted.kept_as)


def made(project: str, now: datetime) -> Certificate:
    """A new authority, which nobody believes yet."""
    # Only now: the library takes a tenth of the time of a start.
    from gateline.authority.certificates import make_authority  # noqa: PLC0415

    return make_authority(project, now)


def kept_authority(vault: Vault) -> Authority | None:
    """The authority as it is kept; None: there is none yet.

    Raises:
        GatelineError: the vault cannot be read, or holds something else.

    """
    told = vault.read_members(_AUTHORITY)
    if told is None:
        return None
    try:
        return Authority(
            all=tuple(map(certificate_of, told["authorities"])),
            signer=int(told["signer"]),
            next_step=datetime.fromisoformat(told["next_step"]) if told["next_step"] else None,
            overlap=timedelta(seconds=told["overlap"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise not_ours(_AUTHORITY) from None


def keep_authority(vault: Vault, authority: Authority) -> None:
    """Keep it.

    Raises:
        GatelineError: the vault cannot be written.

    """
    told = {
        "authorities": [members(each) for each in authority.all],
        "signer": authority.signer,
        "next_step": authority.next_step.isoformat() if authority.next_step else None,
        "overlap": authority.overlap.total_seconds(),
    }
    vault.write_members(_AUTHORITY, told)


def kept_leaf(vault: Vault, wanted: Wanted) -> Kept | None:
    """The certificate that was issued last; None: none was.

    Raises:
        GatelineError: the vault cannot be read, or holds something else.

    """
    told = vault.read_members(wanted.kept_as)
    if told is None:
        return None
    try:
        return Kept(
            certificate=certificate_of(told),
            identity=str(told["identity"]),
            since=datetime.fromisoformat(told["since"]),
            by=str(told["by"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise not_ours(wanted.kept_as) from None


def fingerprint(authority: Certificate) -> str:
    """A digest of an authority's certificate, by which those it has signed name it."""
    return sha256(authority.chain).hexdigest()


def _in_force(vault: Vault, authority: Authority, project: str, wanted: Wanted, now: datetime) -> Kept:
    """The certificate as it is to be shown now: the kept one, or a new one when that one's time is over."""
    from gateline.authority.certificates import (  # noqa: PLC0415
        gateway_identity,
        issue_client,
        issue_service,
        service_identity,
    )

    is_client = wanted.kind == CLIENT
    identity = (gateway_identity if is_client else service_identity)(project, wanted.name)
    by = fingerprint(authority.signs)
    kept = kept_leaf(vault, wanted)
    if (
        kept is not None
        and (kept.identity, kept.by) == (identity, by)
        and kept.since <= now < kept.since + wanted.renewed_after
    ):
        return kept
    issue = issue_client if is_client else issue_service
    fresh = Kept(
        certificate=issue(authority.signs, project, wanted.name, now=now, life=wanted.life),
        identity=identity,
        since=now,
        by=by,
    )
    told = {
        **members(fresh.certificate),
        "identity": fresh.identity,
        "since": now.isoformat(),
        "by": fresh.by,
    }
    vault.write_members(wanted.kept_as, told)
    return fresh


def _of_kind(leaves: dict[str, Certificate], kind: str) -> tuple[Certificate, ...]:
    return tuple(leaf for name, leaf in leaves.items() if name.startswith(f"certificate/{kind}/"))


def members(certificate: Certificate) -> dict[str, str]:
    """A certificate with its key, as the vault keeps it."""
    return {
        "name": certificate.name,
        "chain": certificate.chain.decode("ascii"),
        "key": certificate.private_key.reveal().decode("ascii"),
    }


def certificate_of(told: Mapping[str, Any]) -> Certificate:
    """The certificate whose `members` these are.

    Raises:
        KeyError, AttributeError, UnicodeEncodeError: they are none.

    """
    key = Secret(f"{told['name']}.key", told["key"].encode("ascii"))
    return Certificate(name=told["name"], chain=told["chain"].encode("ascii"), private_key=key)
