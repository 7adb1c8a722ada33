"""An authority for the ends of tunnels: certificates as the SDS files that Envoy reads."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_SECRET: Final = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
_DAY: Final = dt.timedelta(days=1)


class TunnelAuthority:
    """Issues certificates with one DNS name each into a folder, which holds `ca.json` too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("authority")
        certificate = self._built(self._name, self._key.public_key(), x509.BasicConstraints(True, 0))
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        self._write("ca", {"validation_context": {"trusted_ca": {"inline_string": pem}}})

    def issue(self, name: str) -> None:
        """Write a certificate for this DNS name, with its key, under the name."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        certificate = self._built(_named("leaf"), key.public_key(), names)
        chain = certificate.public_bytes(serialization.Encoding.PEM).decode()
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        content = {
            "certificate_chain": {"inline_string": chain},
            "private_key": {"inline_string": private},
        }
        self._write(name, {"tls_certificate": content})

    def _built(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - _DAY).not_valid_after(now + _DAY)
        return builder.add_extension(extension, critical=False).sign(self._key, hashes.SHA256())

    def _write(self, name: str, content: dict[str, Any]) -> None:
        secret = {"@type": _SECRET, "name": name, **content}
        (self.folder / f"{name}.json").write_text(json.dumps({"resources": [secret]}), encoding="utf-8")


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
