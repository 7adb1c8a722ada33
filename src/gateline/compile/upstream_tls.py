"""TLS towards servers: who they must be, and who the gateway is to them.

Certificates, and the authorities that are believed, come over SDS: new ones count with the next connection, and
break none that is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateline.compile import names
from gateline.compile.wire import extension
from gateline.model.address import parse_ip

ADS: Final = {"ads": {}, "resource_api_version": "V3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamTls:
    """How TLS is spoken with servers.

    `server_name` is the host that is asked for (SNI). `trust` names the secret of those authorities that are
    believed; without it nobody is verified. `identity` is what a verified certificate must name: a DNS name, an IP
    address or a URI. `certificate` is the client certificate that is shown.
    """

    server_name: str = ""
    trust: str = ""
    identity: str = ""
    certificate: str = ""

    @property
    def is_private(self) -> bool:
        """Whether the project says by certificates who may speak with whom: then connections live only so long."""
        return bool(self.certificate) or self.trust not in {"", names.TRUST}


def host_tls(host: str, *, verified: bool, certificate: str = "") -> UpstreamTls:
    """TLS to a host, whose certificate must name it when it is verified."""
    return UpstreamTls(
        server_name=named(host),
        trust=names.TRUST if verified else "",
        identity=host if verified else "",
        certificate=certificate,
    )


def named(identity: str) -> str:
    """The identity where it is a host name, which a server may be asked for; else ""."""
    return "" if "://" in identity or parse_ip(identity) is not None else identity


def tls_socket(tls: UpstreamTls) -> dict[str, object]:
    """The transport socket."""
    context: dict[str, object] = {}
    if tls.certificate:
        shown = {"name": names.client_certificate(tls.certificate), "sds_config": ADS}
        context["tls_certificate_sds_secret_configs"] = [shown]
    if tls.trust:
        wanted: dict[str, object] = {}
        if tls.identity:
            san = {"san_type": _kind(tls.identity), "matcher": {"exact": tls.identity}}
            wanted["match_typed_subject_alt_names"] = [san]
        context["combined_validation_context"] = {
            "default_validation_context": wanted,
            "validation_context_sds_secret_config": {"name": tls.trust, "sds_config": ADS},
        }
    # A session that is resumed shows no certificate and looks at none.
    anew: dict[str, object] = {"max_session_keys": {"value": 0}} if tls.is_private else {}
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni=tls.server_name,
        common_tls_context=context,
        **anew,
    )


def _kind(identity: str) -> str:
    if "://" in identity:
        return "URI"
    return "DNS" if parse_ip(identity) is None else "IP_ADDRESS"
