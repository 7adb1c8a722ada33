"""TLS with clients: which certificates a listener shows, and how Envoy chooses among them.

Envoy shows the certificate that names the server name of the handshake (SNI): exactly before by wildcard, the first
one when none does or the client told no name. All of them come over SDS, so that new files need no new listener.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateline.compile import names
from gateline.compile.upstream_tls import ADS
from gateline.compile.wire import extension
from gateline.model.gateway import Gateway


def edge_certificates(gateway: Gateway) -> tuple[str, ...]:
    """The secrets with the edge's certificates, the one for unknown names first; none when it speaks plain HTTP.

    One port has one protocol: a domain with a certificate makes the edge speak TLS, and its certificate the one for
    unknown names when `gateway.tls` names none.
    """
    own = (names.EDGE_CERTIFICATE,) if gateway.edge.tls is not None else ()
    of_domains = (names.certificate(domain.certificate) for domain in gateway.domains if domain.certificate)
    return tuple(dict.fromkeys((*own, *of_domains)))


def speaks_tls(gateway: Gateway) -> bool:
    """Whether clients must speak TLS with the edge."""
    return bool(edge_certificates(gateway))


def compares_names(gateway: Gateway) -> bool:
    """Whether the server name of a connection and the Host of its requests are compared (`attacks.md` F6)."""
    return bool(gateway.domains) and speaks_tls(gateway)


def downstream_tls(secrets: Sequence[str], *, alpn: Sequence[str] = ("h2", "http/1.1")) -> dict[str, object]:
    """The transport socket that shows these certificates, the first one where no other fits."""
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "alpn_protocols": list(alpn),
            "tls_certificate_sds_secret_configs": [{"name": secret, "sds_config": ADS} for secret in secrets],
        },
    )


def tls_inspector() -> dict[str, object]:
    """The listener filter that reads the server name, without which no filter and no log knows it."""
    return extension(
        "envoy.filters.listener.tls_inspector",
        "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
    )
