"""The bootstrap of sidecars."""

from __future__ import annotations

import json
from typing import Any

from gateline.compile.sidecar import (
    NOWHERE,
    Application,
    CertificateProof,
    HeaderProof,
    certificate_secrets,
    sidecar_bootstrap,
)


def text(proof: HeaderProof | CertificateProof) -> str:
    made = sidecar_bootstrap(
        service="orders",
        address="127.0.0.1",
        port=9443,
        application=Application(socket="/run/a"),
        proof=proof,
    )
    return json.dumps(made)


def test_without_the_scripts_mark_a_request_leads_nowhere() -> None:
    made = sidecar_bootstrap(
        service="orders",
        address="127.0.0.1",
        port=9443,
        application=Application(address="127.0.0.1", port=9000),
        proof=HeaderProof(header="x-gw", secrets="/s"),
    )
    routes = json.dumps(made)
    marked, bare = routes.index("dynamic_metadata"), routes.index(f'"cluster": "{NOWHERE}"')
    assert marked < routes.index('"cluster": "application"') < bare


def test_what_a_user_names_becomes_no_code_of_the_script() -> None:
    made = text(HeaderProof(header="x-gw", secrets='/a"]] error() --\n', health_path="/é"))
    assert "error() --" not in made
    assert "\\\\034\\\\093\\\\093\\\\032\\\\101" in made


def test_a_certificate_proof_asks_for_a_certificate_and_for_the_identity() -> None:
    made = text(CertificateProof(identity="spiffe://shop/gateway/a", folder="/f"))
    assert '"require_client_certificate": true' in made
    assert '"san_type": "URI", "matcher": {"exact": "spiffe://shop/gateway/a"}' in made
    assert "dynamic_metadata" not in made


def test_an_identity_may_be_a_dns_name() -> None:
    made = text(CertificateProof(identity="gateway.internal", folder="/f"))
    assert '"matcher": {"safe_regex": {"regex": "(?i)gateway\\\\.internal"}}' in made


def test_whatever_is_begun_has_an_end() -> None:
    made = text(CertificateProof(identity="spiffe://shop/gateway/a", folder="/f"))
    assert '"transport_socket_connect_timeout": "15s"' in made
    assert '"max_connection_duration": "300s", "max_stream_duration": "3600s"' in made


def test_the_file_of_secrets_names_files_and_watches_their_folder() -> None:
    made = json.dumps(
        certificate_secrets(
            certificate="/f/own.pem", private_key="/f/own.key", authority="/f/ca.pem", folder="/f"
        )
    )
    assert '"private_key": {"filename": "/f/own.key"}, "watched_directory": {"path": "/f"}' in made
    assert '"trusted_ca": {"filename": "/f/ca.pem"}, "watched_directory": {"path": "/f"}' in made


def test_connections_are_bounded_and_requests_are_the_gateways_business() -> None:
    made = sidecar_bootstrap(
        service="orders",
        address="127.0.0.1",
        port=9443,
        application=Application(socket="/run/a"),
        proof=HeaderProof(header="x-gw", secrets="/s"),
    )
    shown: Any = made
    [monitor] = shown["overload_manager"]["resource_monitors"]
    assert int(monitor["typed_config"]["max_active_downstream_connections"]) == 50_000
    bounds = {
        cluster["name"]: set(cluster["circuit_breakers"]["thresholds"][0].values())
        for cluster in shown["static_resources"]["clusters"][:2]
    }
    assert bounds == {"application": {1_000_000}, "checks": {64}}
