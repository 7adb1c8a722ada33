"""TLS with clients: which certificates a listener shows, and how Envoy chooses among them.

Envoy shows the certificate that names the server name of the handshake (SNI): exactly before by wildcard, the first
one when none does or the client told no name. All of them come over SDS, so that new files need no new listener.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gateline.compile import names
from gateline.compile.upstream_tls import ADS
from gateline.compile.wire import extension
from gateline.model.gateway import Gateway
from gateline.model.listener_tls import POLICIES


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


def downstream_tls(
    secrets: Sequence[str],
    *,
    alpn: Sequence[str] = ("h2", "http/1.1"),
    policy: str = "",
    clients: Mapping[str, object] = MappingProxyType({}),
) -> dict[str, object]:
    """The transport socket that shows these certificates, the first one where no other fits.

    Args:
        secrets: the certificates.
        alpn: the protocols that are offered, the preferred first.
        policy: a key of POLICIES, or "" for what Envoy takes by itself.
        clients: what is done with clients' certificates (`client_certificate.client_verification`).

    """
    of_clients = clients.get("common_tls_context", {})
    assert isinstance(of_clients, Mapping)
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        **{
            **clients,
            "common_tls_context": {
                "tls_params": _parameters(policy),
                "alpn_protocols": list(alpn),
                "tls_certificate_sds_secret_configs": [
                    {"name": secret, "sds_config": ADS} for secret in secrets
                ],
                **of_clients,
            },
        },
    )


def _parameters(policy: str) -> dict[str, object]:
    """Nothing below TLS 1.2 is spoken, whatever a policy of Amazon's would take."""
    if not policy:
        return {"tls_minimum_protocol_version": "TLSv1_2"}
    chosen = POLICIES[policy]
    parameters: dict[str, object] = {
        "tls_minimum_protocol_version": "TLSv1_3" if chosen.asked_for == "1.3" else "TLSv1_2",
        "tls_maximum_protocol_version": "TLSv1_3" if chosen.knows_tls13 else "TLSv1_2",
        "cipher_suites": list(chosen.cipher_suites),
    }
    if chosen.is_post_quantum:
        parameters["ecdh_curves"] = ["X25519MLKEM768", "X25519", "P-256"]
    return parameters


def tls_inspector() -> dict[str, object]:
    """The listener filter that reads the server name, without which no filter and no log knows it."""
    return extension(
        "envoy.filters.listener.tls_inspector",
        "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
    )
