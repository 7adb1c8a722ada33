"""The built-in certificate authority: who the gateway is to services, and who services are to the gateway.

Identities are SPIFFE ids (https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md) in the certificates'
URI names, one to a certificate as X509-SVID section 2 wants it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateline.model.secret import Certificate, Secret

AUTHORITY_LIFE: Final = timedelta(days=3650)
_CLOCKS_DIFFER: Final = timedelta(hours=1)
"""How long before now a certificate begins to be valid."""

_LONGEST_COMMON_NAME: Final = 64  # RFC 5280, appendix A: ub-common-name
_LONGEST_TRUST_DOMAIN: Final = 255  # SPIFFE-ID section 2.3
_THIS_MACHINE: Final = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """What a leaf certificate is to say, and for how long from `now`."""

    name: str  # of the Certificate, and its common name
    now: datetime
    life: timedelta


def trust_domain(project: str) -> str:
    """The project's name as a SPIFFE trust domain: lower case letters, digits, '.', '-' and '_'.

    A name that had to be changed beyond its case gets a hash behind it, so that no two projects become one.
    """
    lower = project.lower()
    fit = re.sub(r"[^a-z0-9._-]", "-", lower)
    if fit == lower and 0 < len(fit) <= _LONGEST_TRUST_DOMAIN:
        return fit
    return f"{fit[:100]}-{sha256(project.encode()).hexdigest()[:16]}"


def gateway_identity(project: str, client_certificate: str) -> str:
    """Who the gateway is with one of its client certificates: `spiffe://storefront/gateway/mine`."""
    return f"spiffe://{trust_domain(project)}/gateway/{client_certificate}"


def service_identity(project: str, service: str) -> str:
    """Who a service is: `spiffe://storefront/service/orders`."""
    return f"spiffe://{trust_domain(project)}/service/{service}"


def make_authority(project: str, now: datetime) -> Certificate:
    """A new authority of ten years, with its key: it signs leaf certificates, and no other authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    common_name = f"Gateline {project}"[:_LONGEST_COMMON_NAME]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        _begun(subject, subject, key.public_key(), Issuance(name="authority", now=now, life=AUTHORITY_LIFE))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    chain = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return _with_key("authority", chain, key)


def issue_client(
    authority: Certificate, project: str, client_certificate: str, *, now: datetime, life: timedelta
) -> Certificate:
    """A certificate with which the gateway, and nothing that listens, says who it is.

    Raises:
        ValueError: the authority holds no certificate with its key.

    """
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(gateway_identity(project, client_certificate))
    ]
    issuance = Issuance(name=client_certificate, now=now, life=life)
    return _issued(authority, issuance, names, ExtendedKeyUsageOID.CLIENT_AUTH)


def issue_service(
    authority: Certificate,
    project: str,
    service: str,
    *,
    now: datetime,
    life: timedelta,
    hosts: Sequence[str] = (),
) -> Certificate:
    """A certificate of a service, under its SPIFFE id, its name, the names of this machine and other `hosts` (DNS).

    Raises:
        ValueError: the authority holds no certificate with its key.

    """
    hosts = tuple(dict.fromkeys(("localhost", service.lower(), *hosts)))
    names = [
        x509.UniformResourceIdentifier(service_identity(project, service)),
        *(x509.DNSName(host) for host in hosts),
        *(x509.IPAddress(address) for address in _THIS_MACHINE),
    ]
    # Not a client's as well: whoever asks for any client of this authority lets in the gateway, and no neighbour.
    issuance = Issuance(name=service, now=now, life=life)
    return _issued(authority, issuance, names, ExtendedKeyUsageOID.SERVER_AUTH)


def certify(
    authority: Certificate,
    key: ec.EllipticCurvePublicKey,
    issuance: Issuance,
    names: Sequence[x509.GeneralName],
    usage: x509.ObjectIdentifier,
) -> bytes:
    """A leaf certificate (PEM) of a key, which the authority signs.

    Args:
        authority: signs it, and is not outlived by it.
        key: whose certificate it is.
        issuance: what else it says, and for how long.
        names: who that is.
        usage: what it is for (RFC 5280 section 4.2.1.12).

    Raises:
        ValueError: the authority holds no certificate with its key.

    """
    issuer = x509.load_pem_x509_certificate(authority.chain)
    signer = serialization.load_pem_private_key(authority.private_key.reveal(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey) or signer.public_key() != issuer.public_key():
        raise ValueError("the authority's key is not the one of its certificate")
    common_name = issuance.name[:_LONGEST_COMMON_NAME]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    known_by = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _begun(subject, issuer.subject, key, issuance, latest=issuer.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known_by), critical=False
        )
    )
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM, not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _issued(
    authority: Certificate,
    issuance: Issuance,
    names: Sequence[x509.GeneralName],
    usage: x509.ObjectIdentifier,
) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    return _with_key(issuance.name, certify(authority, key.public_key(), issuance, names, usage), key)


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuance: Issuance,
    *,
    latest: datetime | None = None,
) -> x509.CertificateBuilder:
    end = issuance.now + issuance.life
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(issuance.now - _CLOCKS_DIFFER)
        .not_valid_after(end if latest is None else min(end, latest))  # nothing outlives its authority
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _with_key(name: str, chain: bytes, key: ec.EllipticCurvePrivateKey) -> Certificate:
    return Certificate(name=name, chain=chain, private_key=Secret(f"{name}.key", private_pem(key)))
