"""Client certificates and certificate authorities that are given as files: read, and checked before Envoy sees them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateline.model.client_certificate import BUILT_IN, SYSTEM, ClientCertificate
from gateline.model.codes import AUTHORITY_UNREADABLE, NO_CLIENT_CERTIFICATE
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import CertificateSource, Gateway, TlsFiles
from gateline.model.origin import Origin
from gateline.model.secret import Certificate
from gateline.runtime.certificate import named_certificate
from gateline.runtime.state_dir import StateDir

_FOR_CLIENTS = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


def given_certificates(
    gateway: Gateway, now: datetime, state: StateDir, complaints: Complaints
) -> tuple[Certificate, ...]:
    """The client certificates that are files; what cannot be shown is a complaint."""
    given = (each for each in gateway.client_certificates if each.certificate)
    read = (_read(each, now, state, complaints) for each in given)
    return tuple(each for each in read if each is not None)


def given_authorities(gateway: Gateway, complaints: Complaints) -> tuple[tuple[str, bytes], ...]:
    """Whom target groups, listeners and logins believe by files of their own, by path.

    What holds no certificate is a complaint.
    """
    found: dict[str, bytes] = {}
    for path, place in _named_authorities(gateway):
        if path in {"", BUILT_IN, SYSTEM} or path in found:
            continue
        message = ""
        try:
            found[path] = Path(path).read_bytes()
            if not all(map(_is_authority, x509.load_pem_x509_certificates(found[path]))):
                message = f"{path} holds a certificate that is no authority's"
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}"
        except ValueError:
            message = f"{path} holds no certificate in PEM form"
        if message:
            complaints.add(AUTHORITY_UNREADABLE, place, message)
    return tuple(found.items())


def given_revocations(gateway: Gateway, complaints: Complaints) -> tuple[tuple[str, bytes], ...]:
    """The lists of whom listeners believe no more, by path; what holds none is a complaint."""
    found: dict[str, bytes] = {}
    for mutual in gateway.mutual_authentications:
        for index, path in enumerate(mutual.revoked):
            message = ""
            try:
                found[path] = Path(path).read_bytes()
                x509.load_pem_x509_crl(found[path])
            except OSError as error:
                message = f"{path} cannot be read: {error.strerror}"
            except ValueError:
                message = f"{path} holds no certificate revocation list in PEM form"
            if message:
                place = mutual.origin.child("trust_store").child("crls").child(index)
                complaints.add(AUTHORITY_UNREADABLE, place, message)
    return tuple(found.items())


def _named_authorities(gateway: Gateway) -> Iterator[tuple[str, Origin]]:
    for group in gateway.target_groups:
        if group.tls is not None:
            yield group.tls.authority, group.tls.origin.child("ca")
    for mutual in gateway.mutual_authentications:
        yield mutual.authority, mutual.origin.child("trust_store").child("ca")
    for balancer in gateway.load_balancers:
        for login in balancer.authentications:
            yield login.ca, login.origin.child("ca")


def _read(
    given: ClientCertificate, now: datetime, state: StateDir, complaints: Complaints
) -> Certificate | None:
    files = TlsFiles(certificate=given.certificate, private_key=given.private_key, origin=given.origin)
    source = CertificateSource(name=given.name, source=files)
    certificate = named_certificate(source, (), now, state, complaints)
    if certificate is not None and not _is_for_clients(certificate):
        complaints.add(
            NO_CLIENT_CERTIFICATE,
            given.origin.child("certificate"),
            f"{given.certificate} is not for clients: its extended key usage says what else it is for",
            help="ask for one with the extended key usage clientAuth",
        )
        return None
    return certificate


def _is_for_clients(certificate: Certificate) -> bool:
    """RFC 5280 section 4.2.1.12: without an extended key usage it is for everything."""
    leaf = x509.load_pem_x509_certificates(certificate.chain)[0]
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool(_FOR_CLIENTS & set(usage))


def _is_authority(certificate: x509.Certificate) -> bool:
    """Envoy (BoringSSL) believes no end of a chain that says it is a leaf."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return certificate.issuer == certificate.subject  # as version 1 certificates of authorities are
