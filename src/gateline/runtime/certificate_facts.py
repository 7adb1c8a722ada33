"""What there is to know of certificates: who they are of, and until when. Public parts only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from gateline.model.gateway import Gateway, Keyring
from gateline.model.secret import Certificate
from gateline.runtime.authority import CLIENT, SERVICE, kept_leaf, wanted_by
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault

AUTHORITY: Final = "authority"
EDGE: Final = "edge"
LISTENER: Final = "listener"
TRUSTED: Final = "trusted"
BY_GATELINE: Final = "gateline"
BY_FILE: Final = "file"
SELF_SIGNED: Final = "self-signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A certificate. `renewed`: when it is renewed by itself; None: never while Gateline runs."""

    kind: str
    name: str
    identity: str
    serial: str
    expires: datetime
    renewed: datetime | None = None
    source: str

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "identity": self.identity,
            "serial": self.serial,
            "expires": _written(self.expires),
            "renewed": _written(self.renewed) if self.renewed else None,
            "source": self.source,
        }


def facts(gateway: Gateway, keyring: Keyring, state: StateDir) -> tuple[Facts, ...]:
    """All certificates that are served with, in a lasting order.

    Raises:
        GatelineError: the vault cannot be read.

    """
    return (*_issued(gateway, keyring, state), *given(gateway, keyring))


def given(gateway: Gateway, keyring: Keyring) -> Iterator[Facts]:
    """Those that nobody renews while Gateline runs: their files are somebody else's, or they are an authority's."""
    for authority in x509.load_pem_x509_certificates(keyring.authority) if keyring.authority else ():
        yield _facts(AUTHORITY, gateway.name, authority, BY_GATELINE)
    files = {each.name for each in gateway.client_certificates if each.certificate}
    for shown in keyring.client_certificates:
        if shown.name in files:
            yield _facts(CLIENT, shown.name, _leaf(shown.chain), BY_FILE)
    for path, bundle in keyring.authorities:
        for authority in x509.load_pem_x509_certificates(bundle):
            yield _facts(TRUSTED, path, authority, BY_FILE)
    if keyring.edge_certificate is not None:
        yield _of_clients(EDGE, keyring.edge_certificate)
    for shown in keyring.certificates:
        yield _of_clients(LISTENER, shown)


def _issued(gateway: Gateway, keyring: Keyring, state: StateDir) -> Iterator[Facts]:
    vault = Vault(state)
    served = {(CLIENT, each.name): each for each in keyring.client_certificates}
    served |= {(SERVICE, each.name): each for each in keyring.services}
    for wanted in wanted_by(gateway):
        shown, kept = served.get((wanted.kind, wanted.name)), kept_leaf(vault, wanted)
        if shown is not None:
            renewed = kept.since + wanted.renewed_after if kept is not None else None
            yield _facts(wanted.kind, wanted.name, _leaf(shown.chain), BY_GATELINE, renewed)


def _of_clients(kind: str, shown: Certificate) -> Facts:
    """One that clients see; we make it ourselves, at a start or a reload, where the project says so."""
    leaf = _leaf(shown.chain)
    return _facts(kind, shown.name, leaf, SELF_SIGNED if leaf.issuer == leaf.subject else BY_FILE)


def _leaf(chain: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain)[0]


def _facts(
    kind: str, name: str, certificate: x509.Certificate, source: str, renewed: datetime | None = None
) -> Facts:
    return Facts(
        kind=kind,
        name=name,
        identity=_identity(certificate),
        serial=f"{certificate.serial_number:x}",
        expires=certificate.not_valid_after_utc,
        renewed=renewed,
        source=source,
    )


def _identity(certificate: x509.Certificate) -> str:
    """The first of its names, a SPIFFE id before all others; without any its subject."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return certificate.subject.rfc4514_string()
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return uris[0] if uris else str(next(iter(names)).value)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
