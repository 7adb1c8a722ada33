"""Certificates of clients at a listener of a balancer (load-balancers.md section 6): asked for, verified, told on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from google.protobuf.message import Message

from gateline import dataplane
from gateline.compile import names
from gateline.compile.lua_filter import lua_filter
from gateline.compile.upstream_tls import ADS
from gateline.compile.wire import new, struct
from gateline.model.client_certificate import BUILT_IN
from gateline.model.gateway import Keyring
from gateline.model.listener_tls import MutualAuthentication, MutualMode
from gateline.model.load_balancer import LoadBalancer

FILTER: Final = "gateline.client_certificate"

_HEADERS: Final = {
    "Chain": "x-amzn-mtls-clientcert",
    "Serial-Number": "x-amzn-mtls-clientcert-serial-number",
    "Issuer": "x-amzn-mtls-clientcert-issuer",
    "Subject": "x-amzn-mtls-clientcert-subject",
    "Validity": "x-amzn-mtls-clientcert-validity",
    "Leaf": "x-amzn-mtls-clientcert-leaf",
}
"""What a client sends under these names was removed before, as all of its `x-amzn-` names."""


# A session that is resumed brings its certificate along, which nobody looks at again: it may be over by then.
_NO_RESUMPTION: Final = {
    "disable_stateless_session_resumption": True,
    "disable_stateful_session_resumption": True,
}


def client_verification(mutual: MutualAuthentication, trust: str) -> dict[str, object]:
    """Fields of a DownstreamTlsContext. `trust` is the secret with the authorities.

    Without verification nobody need show a certificate, and any that is shown will do.
    """
    if mutual.mode is MutualMode.PASSTHROUGH:
        return {
            **_NO_RESUMPTION,
            "common_tls_context": {"validation_context": {"trust_chain_verification": "ACCEPT_UNTRUSTED"}},
        }
    own: dict[str, object] = {
        "allow_expired_certificate": mutual.takes_expired,
        "suppress_client_ca_list": not mutual.names_authorities,
    }
    combined = {
        "default_validation_context": own,
        "validation_context_sds_secret_config": {"name": trust, "sds_config": ADS},
    }
    return {
        **_NO_RESUMPTION,
        "require_client_certificate": {"value": True},
        "common_tls_context": {"combined_validation_context": combined},
    }


def client_certificate_filter(
    mutual: MutualAuthentication, renamed: Iterable[tuple[str, str]] = ()
) -> dict[str, object]:
    """The HTTP filter that tells the target who the client is; `renamed`: other names for Amazon's headers."""
    others = dict(renamed)
    headers = {part: others.get(name, name) for part, name in _HEADERS.items()}
    context = {"mode": str(mutual.mode), **headers}
    return lua_filter(FILTER, dataplane.client_certificate_script(), filter_context=struct(context))


def trust_of(mutual: MutualAuthentication, balancer: str, port: int) -> str:
    """The name of the secret with the authorities that vouch for a listener's clients."""
    if mutual.authority == BUILT_IN and not mutual.revoked:
        return names.BUILT_IN_TRUST
    return names.listener_trust(balancer, port)


def listener_trusts(balancers: Iterable[LoadBalancer], keyring: Keyring) -> dict[str, Message]:
    """Whom listeners believe, by the names of the resources.

    One that is not in the keyring is not made: Envoy waits for it, and opens no such listener meanwhile.
    """
    files, revoked = dict(keyring.authorities), dict(keyring.revocations)
    made: dict[str, Message] = {}
    for balancer in balancers:
        for listener in balancer.listeners:
            mutual = listener.tls.mutual
            if mutual is None or not mutual.authority:
                continue
            bundle = keyring.authority if mutual.authority == BUILT_IN else files.get(mutual.authority, b"")
            lists = [revoked.get(path, b"") for path in mutual.revoked]
            if bundle and all(lists):
                context: dict[str, object] = {"trusted_ca": {"inline_bytes": bundle}}
                if lists:
                    context["crl"] = {"inline_bytes": b"\n".join(lists)}
                name = trust_of(mutual, balancer.name, listener.port)
                made[name] = new(
                    "envoy.extensions.transport_sockets.tls.v3.Secret", name=name, validation_context=context
                )
    return made
