"""The certificate authorities that this machine trusts: what https upstreams are verified against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

BUNDLES: Final = (
    Path("/etc/ssl/certs/ca-certificates.crt"),  # Debian, Ubuntu, Alpine, Arch
    Path("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),  # Fedora, RHEL, Amazon Linux
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/ca-bundle.pem"),  # SUSE
    Path("/etc/ssl/cert.pem"),  # macOS, the BSDs
)


def system_trust(environ: Mapping[str, str], bundles: Iterable[Path] = BUNDLES) -> bytes:
    """The bundle that `SSL_CERT_FILE` names, as for OpenSSL, else the system's; b"" when there is none."""
    for path in _places(environ, bundles):
        with suppress(OSError):
            return path.read_bytes()
    return b""


def trust_variables(environ: Mapping[str, str], bundles: Iterable[Path] = BUNDLES) -> dict[str, str]:
    """What makes OpenSSL in a child of ours believe the same bundle and nothing beside it."""
    chosen = [path for path in _places(environ, bundles) if path.is_file() or environ.get("SSL_CERT_FILE")]
    return {"SSL_CERT_FILE": str(chosen[0].absolute()), "SSL_CERT_DIR": ""} if chosen else {}


def _places(environ: Mapping[str, str], bundles: Iterable[Path]) -> Iterable[Path]:
    chosen = environ.get("SSL_CERT_FILE", "")
    return [Path(chosen)] if chosen else bundles
