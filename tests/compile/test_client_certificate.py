"""Certificates of clients at a listener of a balancer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from compile.balancers import balancer, listener
from compile.gateways import ORIGIN
from gateline.compile.client_certificate import (
    client_certificate_filter,
    client_verification,
    listener_trusts,
    trust_of,
)
from gateline.compile.wire import new, to_dict
from gateline.model.client_certificate import BUILT_IN
from gateline.model.gateway import Keyring
from gateline.model.listener_tls import ListenerTls, MutualAuthentication, MutualMode
from gateline.model.load_balancer import ListenerProtocol, LoadBalancer

VERIFY = MutualAuthentication(mode=MutualMode.VERIFY, authority="/ca.pem", origin=ORIGIN)
PASSTHROUGH = MutualAuthentication(mode=MutualMode.PASSTHROUGH, origin=ORIGIN)


def facing(mutual: MutualAuthentication | None) -> LoadBalancer:
    return balancer(listener(protocol=ListenerProtocol.HTTPS, tls=ListenerTls(mutual=mutual)))


def test_verify_demands_a_certificate_and_tells_nobody_whom_it_believes() -> None:
    context: Any = to_dict(
        new(
            "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            **client_verification(VERIFY, "trust/listeners/public:443"),
        )
    )
    assert context["require_client_certificate"] is True
    combined = context["common_tls_context"]["combined_validation_context"]
    assert combined["default_validation_context"] == {"suppress_client_ca_list": True}
    assert combined["validation_context_sds_secret_config"]["name"] == "trust/listeners/public:443"


def test_passthrough_demands_nothing_and_verifies_nothing() -> None:
    assert client_verification(PASSTHROUGH, "") == {
        "disable_stateless_session_resumption": True,
        "disable_stateful_session_resumption": True,
        "common_tls_context": {"validation_context": {"trust_chain_verification": "ACCEPT_UNTRUSTED"}},
    }


def test_the_filter_knows_the_mode_and_the_names() -> None:
    made = new(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter",
        **client_certificate_filter(VERIFY),
    )
    filter_: Any = to_dict(made)
    context = filter_["typed_config"]["filter_context"]
    assert context["mode"] == "verify"
    assert context["Leaf"] == "x-amzn-mtls-clientcert-leaf"


def test_authorities_and_lists_of_revoked_ones_are_one_secret_of_the_listener() -> None:
    mutual = replace(VERIFY, revoked=("/one.crl", "/two.crl"))
    keyring = Keyring(
        authorities=(("/ca.pem", b"AUTHORITY"),), revocations=(("/one.crl", b"ONE"), ("/two.crl", b"TWO"))
    )
    made = listener_trusts([facing(mutual), facing(None), facing(PASSTHROUGH)], keyring)
    [(name, secret)] = made.items()
    assert name == trust_of(mutual, "public", facing(mutual).listeners[0].port)
    assert secret.validation_context.trusted_ca.inline_bytes == b"AUTHORITY"  # type: ignore[attr-defined]
    assert secret.validation_context.crl.inline_bytes == b"ONE\nTWO"  # type: ignore[attr-defined]


def test_what_could_not_be_read_makes_no_secret() -> None:
    keyring = Keyring(authorities=(("/ca.pem", b"AUTHORITY"),))
    assert not listener_trusts([facing(replace(VERIFY, revoked=("/one.crl",)))], keyring)
    assert not listener_trusts([facing(VERIFY)], Keyring())


def test_the_built_in_authority_is_believed_as_target_groups_believe_it() -> None:
    mutual = replace(VERIFY, authority=BUILT_IN)
    assert list(listener_trusts([facing(mutual)], Keyring(authority=b"OURS"))) == ["trust/gateline"]
