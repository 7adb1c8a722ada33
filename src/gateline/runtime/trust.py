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
    chosen = environ.get("SSL_CERT_FILE", "")
    for path in [Path(chosen)] if chosen else bundles:
        with suppress(OSError):
            return path.read_bytes()
    return b""
