"""Certificates: the edge's, and those of domains and balancers' listeners; read from files and checked, or made here.

A pair that does not fit, is encrypted or expired would be refused by Envoy with words of its own; here the
complaint stands at the project file's line.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateline.model.codes import (
    CERTIFICATE_EXPIRES_SOON,
    CERTIFICATE_MISMATCH,
    CERTIFICATE_NOT_FOR_DOMAIN,
    CERTIFICATE_NOT_VALID,
    CERTIFICATE_UNREADABLE,
)
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import CertificateSource, SelfSigned, TlsFiles
from gateline.model.secret import Certificate, Secret
from gateline.runtime.state_dir import StateDir, write_private

SELF_SIGNED_LIFE: Final = timedelta(days=365)
RENEW_BEFORE: Final = timedelta(days=30)
"""Before the end: when a self-signed one is renewed and the owner of a file warned (`attacks.md` F6)."""

_LONGEST_STEM: Final = 200
_EDGE: Final = "edge"
_THIS_MACHINE: Final = ("localhost", "*.localhost", "127.0.0.1", "::1")


def edge_certificate(
    tls: SelfSigned | TlsFiles,
    hosts: Iterable[str],
    now: datetime,
    state: StateDir,
    complaints: Complaints,
) -> Certificate | None:
    """The certificate that the gateway shows to clients, or None when a complaint was made."""
    match tls:
        case SelfSigned():
            return _self_signed(_EDGE, "self-signed", (*_THIS_MACHINE, *hosts), now, state)
        case TlsFiles():
            return _from_files(_EDGE, tls, (), now, complaints)


def named_certificate(
    source: CertificateSource,
    domains: Iterable[str],
    now: datetime,
    state: StateDir,
    complaints: Complaints,
) -> Certificate | None:
    """A certificate of the project file by its name, or None when a complaint was made.

    `domains` are the custom domains that it is shown for: Envoy shows a certificate to whom it names, so it must
    name them.
    """
    match source.source:
        case SelfSigned():
            return _self_signed(
                source.name, kept_as(source.name), (*_THIS_MACHINE, *source.hosts), now, state
            )
        case TlsFiles() as files:
            return _from_files(source.name, files, domains, now, complaints)


def kept_as(name: str) -> str:
    """The file name, without its suffix, under which a certificate that we made is kept, by its name.

    A long name is cut, with a hash of the whole one behind it: file systems take 255 bytes, suffixes included.
    """
    stem = quote(name.replace("/", "-"), safe="")
    if len(stem) <= _LONGEST_STEM:
        return stem
    return f"{stem[:100]}-{sha256(name.encode()).hexdigest()}"


def _from_files(
    name: str, tls: TlsFiles, domains: Iterable[str], now: datetime, complaints: Complaints
) -> Certificate | None:
    chain = _read(tls, tls.certificate, "certificate", complaints)
    key = _read(tls, tls.private_key, "private_key", complaints)
    if chain is None or key is None:
        return None
    try:
        leaf = x509.load_pem_x509_certificates(chain)[0]
    except ValueError:
        message = f"{tls.certificate} holds no certificate in PEM form"
        complaints.add(CERTIFICATE_UNREADABLE, tls.origin.child("certificate"), message)
        return None
    private_key = Secret(f"{name}.key", key)
    fits = _key_fits(tls, leaf, private_key, complaints) and _in_time(tls, leaf, now, complaints)
    if not (fits and _names_all(tls, leaf, domains, complaints)):
        return None
    return Certificate(name=name, chain=chain, private_key=private_key)


def _read(tls: TlsFiles, path: str, key: str, complaints: Complaints) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        complaints.add(CERTIFICATE_UNREADABLE, tls.origin.child(key), message)
        return None


def _key_fits(tls: TlsFiles, leaf: x509.Certificate, key: Secret, complaints: Complaints) -> bool:
    place = tls.origin.child("private_key")
    try:
        public = serialization.load_pem_private_key(key.reveal(), password=None).public_key()
    except TypeError:
        message = f"{tls.private_key} is encrypted with a passphrase"
        complaints.add(
            CERTIFICATE_UNREADABLE, place, message, help="decrypt it: openssl pkey -in KEY -out KEY.pem"
        )
        return False
    except (ValueError, UnsupportedAlgorithm):
        # What the library says may quote the file: its words are not repeated.
        complaints.add(CERTIFICATE_UNREADABLE, place, f"{tls.private_key} holds no private key in PEM form")
        return False
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*form) == leaf.public_key().public_bytes(*form):
        return True
    message = f"{tls.private_key} is not the key of {tls.certificate}"
    complaints.add(
        CERTIFICATE_MISMATCH, place, message, help="the server's certificate must come first in its file"
    )
    return False


def _in_time(tls: TlsFiles, leaf: x509.Certificate, now: datetime, complaints: Complaints) -> bool:
    place = tls.origin.child("certificate")
    if now < leaf.not_valid_before_utc:
        message = f"{tls.certificate} is not valid before {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        complaints.add(CERTIFICATE_NOT_VALID, place, message)
        return False
    if now >= leaf.not_valid_after_utc:
        message = f"{tls.certificate} expired on {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        complaints.add(CERTIFICATE_NOT_VALID, place, message)
        return False
    if leaf.not_valid_after_utc - now < RENEW_BEFORE:
        message = f"{tls.certificate} expires on {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        complaints.add(CERTIFICATE_EXPIRES_SOON, place, message)
    return True


def _names_all(tls: TlsFiles, leaf: x509.Certificate, domains: Iterable[str], complaints: Complaints) -> bool:
    """Whether a certificate names each of the domains, itself or by a wildcard for the first label."""
    try:
        held = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        named = {name.lower() for name in held.get_values_for_type(x509.DNSName)}
    except (x509.ExtensionNotFound, ValueError):
        named = set()
    missing = [name for name in domains if not named & {name, f"*.{name.partition('.')[2]}"}]
    for name in missing:
        message = f"{tls.certificate} is not for {name}"
        complaints.add(
            CERTIFICATE_NOT_FOR_DOMAIN,
            tls.origin.child("certificate"),
            message,
            help=f"it names {', '.join(sorted(named)) or 'no host at all'}",
        )
    return not missing


def _self_signed(name: str, stem: str, hosts: Iterable[str], now: datetime, state: StateDir) -> Certificate:
    folder = state.private_folder("tls")
    chain_file, key_file = folder / f"{stem}.pem", folder / f"{stem}.key"
    names = _alternative_names(hosts)
    try:
        chain, key = chain_file.read_bytes(), key_file.read_bytes()
    except FileNotFoundError:
        chain = key = b""
    if not _still_good(chain, key, names, now):
        chain, key = _make(names, now)
        write_private(key_file, key)
        write_private(chain_file, chain)
    return Certificate(name=name, chain=chain, private_key=Secret(f"{name}.key", key))


def _alternative_names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(hosts):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host.encode("idna").decode("ascii")))
    return names


def _still_good(chain: bytes, key: bytes, names: list[x509.GeneralName], now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(chain)
        public = serialization.load_pem_private_key(key, password=None).public_key()
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return (
        public == certificate.public_key()
        and list(held) == names
        and certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW_BEFORE
    )


def _make(names: list[x509.GeneralName], now: datetime) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gateline, self-signed")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ a little
        .not_valid_after(now + SELF_SIGNED_LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private
