"""TLS of probes: who must answer, and who we are to him, as Envoy has it on the way of requests."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

from gateline.model.address import parse_ip
from gateline.model.client_certificate import BUILT_IN, SYSTEM
from gateline.model.gateway import Keyring
from gateline.runtime.secret_use import Place, Transport
from gateline.services.probe import show

_URI: Final = "://"


def tls_context(place: Place, keyring: Keyring) -> ssl.SSLContext | None:
    """How TLS is spoken with a place; None: it is not.

    Raises:
        OSError: a client certificate, or an authority, is not what it should be.

    """
    if place.transport is Transport.PLAIN:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if place.transport is Transport.TLS:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.check_hostname = bool(place.identity) and not _is_uri(place)
        context.load_verify_locations(cadata=_authority(place, keyring).decode("ascii", "ignore"))
    shown = next(
        (each for each in keyring.client_certificates if each.name == place.client_certificate), None
    )
    if shown is not None:
        show(context, shown)
    return context


def server_name(place: Place) -> str:
    """The name that is asked for, and verified where it is no URI."""
    name = "" if _is_uri(place) else place.identity
    return name or place.host or "localhost"


def check_identity(place: Place, certificate: Mapping[str, Any]) -> None:
    """Let a URI (SPIFFE) that a certificate must name stand in it; names and addresses were verified already.

    Args:
        place: whom the certificate should name.
        certificate: as `getpeercert` tells it.

    Raises:
        OSError: it names somebody else.

    """
    if place.transport is not Transport.VERIFIED or not _is_uri(place):
        return
    if ("URI", place.identity) not in certificate.get("subjectAltName", ()):
        raise OSError(0, f"its certificate does not name {place.identity}")


def _is_uri(place: Place) -> bool:
    return _URI in place.identity and parse_ip(place.identity) is None


def _authority(place: Place, keyring: Keyring) -> bytes:
    if place.authority == BUILT_IN:
        return keyring.authority
    if place.authority in {"", SYSTEM}:
        return keyring.trust
    return dict(keyring.authorities).get(place.authority, b"")
