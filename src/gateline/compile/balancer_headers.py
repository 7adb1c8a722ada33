"""What a balancer of the internet does to headers, for all its rules alike (load-balancers.md section 6)."""

from __future__ import annotations

from gateline.compile.client_address import appended
from gateline.compile.client_version import PROTOCOL_HEADER
from gateline.compile.route import CleanedHeaders, header
from gateline.dataplane import keys
from gateline.model.balancer_attributes import ForwardedForMode
from gateline.model.load_balancer import Listener, ListenerProtocol, LoadBalancer

_FORWARDED_FOR = "x-forwarded-for"


def balancer_headers(
    balancer: LoadBalancer, listener: Listener, cleaned: CleanedHeaders
) -> dict[str, object]:
    """Fields of a RouteConfiguration: headers toward targets, and toward clients.

    Args:
        balancer: its attributes say what becomes of X-Forwarded-For and whether TLS is told of.
        listener: its protocol and port are told.
        cleaned: names of headers that carry secrets, which no answer may show.

    """
    echoes = {spelled for name in cleaned.secrets for spelled in (name, name.replace("-", "_"))}
    gone = [keys.SCOPE_HEADER, keys.REQUEST_ID_HEADER, PROTOCOL_HEADER, "x-envoy-external-address"]
    if balancer.attributes.xff_header_processing is ForwardedForMode.REMOVE:
        gone.append(_FORWARDED_FOR)
    return {
        "request_headers_to_remove": gone,
        "request_headers_to_add": [
            *_forwarded_for(balancer, listener),
            header("x-forwarded-proto", str(listener.protocol).lower()),
            header("x-forwarded-port", str(listener.port)),
            # Only a WebSocket's is still there; it names no other header for the next hop to drop (attacks.md A3).
            header("connection", "Upgrade", "OVERWRITE_IF_EXISTS"),
            *_tls(balancer, listener),
        ],
        "response_headers_to_remove": sorted(echoes),
    }


def answer_mutations(listener: Listener) -> dict[str, object]:
    """Fields of a HeaderMutation filter: what the listener's attributes say of answers; {} when they say nothing.

    A filter's, for routes have no say in what the script answers by itself: a login's redirect, say.
    """
    attributes = listener.attributes
    mutations: list[dict[str, object]] = [
        {"append": header(name, value.replace("%", "%%"), "ADD_IF_ABSENT")}
        for name, value in attributes.response_headers
    ]
    if not attributes.server_header:
        mutations.append({"remove": "server"})
    return {"mutations": {"response_mutations": mutations}} if mutations else {}


def owned_names(balancer: LoadBalancer, listener: Listener) -> tuple[str, ...]:
    """Headers that this listener alone writes: a client's own copies are removed in every spelling."""
    attributes = listener.attributes
    owned = [name for _, name in attributes.client_certificate_headers]
    if balancer.attributes.tls_version_and_cipher_suite:
        owned += [attributes.tls_version_header, attributes.tls_cipher_suite_header]
    return tuple(owned)


def _forwarded_for(balancer: LoadBalancer, listener: Listener) -> list[dict[str, object]]:
    """The hop at the end of X-Forwarded-For, with its port where that is asked for."""
    if balancer.attributes.xff_header_processing is not ForwardedForMode.APPEND:
        return []
    hop = appended(listener.client_address, with_port=balancer.attributes.xff_client_port)
    return [  # Envoy itself would append without the space by which some applications split
        header(_FORWARDED_FOR, f"%REQ({_FORWARDED_FOR})%, {hop}", "OVERWRITE_IF_EXISTS"),
        header(_FORWARDED_FOR, hop, "ADD_IF_ABSENT"),
    ]


def _tls(balancer: LoadBalancer, listener: Listener) -> list[dict[str, object]]:
    """How the client encrypts, in OpenSSL's words."""
    told = balancer.attributes.tls_version_and_cipher_suite
    if not told or listener.protocol is not ListenerProtocol.HTTPS:
        return []
    return [
        header(listener.attributes.tls_version_header, "%DOWNSTREAM_TLS_VERSION%"),
        header(listener.attributes.tls_cipher_suite_header, "%DOWNSTREAM_TLS_CIPHER%"),
    ]
