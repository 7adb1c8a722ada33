"""What a configuration is served with: read with the project, or taken in while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateline.authority.certificates import issue_client, make_authority
from gateline.model.client_certificate import ClientCertificate
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import FixedResponse, Listener, ListenerProtocol, LoadBalancer, Rule
from gateline.model.origin import Origin
from gateline.model.secret import SecretSource, SecretSourceKind
from gateline.runtime.candidate import Memory, read
from gateline.runtime.key_store import NO_KEYS, KeyStore
from gateline.runtime.material import declared_keys, live, read_keyring
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.vault import Vault
from identity.logins import oidc
from runtime.projects import MOCK, write_keyed_project, write_project


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def gateway_of(settings: Settings) -> Gateway:
    gateway = read(settings, Memory()).gateway
    assert gateway is not None
    return gateway


def test_a_secret_that_cannot_be_read_is_told_once_and_stands_for_itself(
    tmp_path: Path, state: StateDir
) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})
    origin = Origin("gateline.yaml", ("secrets", "Token"))
    source = SecretSource(name="Token", kind=SecretSourceKind.FILE, place="gone.txt", origin=origin)
    complaints = Complaints()
    keyring = read_keyring(replace(gateway_of(settings), secrets=(source,)), settings, state, complaints)
    assert [secret.name for secret in keyring.secrets] == ["Token"]
    assert complaints.report().error_count == 1


def test_what_the_state_directory_holds_is_taken_in_and_what_it_holds_no_more_is_not(
    tmp_path: Path, state: StateDir
) -> None:
    settings = write_keyed_project(tmp_path, {"/hello": MOCK})
    gateway = gateway_of(settings)
    declared = declared_keys(gateway, settings, state, str, Complaints())
    first = live(read_keyring(gateway, settings, state, Complaints()), gateway, declared, state, Complaints())
    assert first.pepper
    assert [key.name for key in first.api_keys] == [key.key.name for key in declared]
    made = replace(first.api_keys[0], name="made", key_id="made0000", digest="0" * 64)
    KeyStore(state).write(replace(NO_KEYS, keys=(made,)))
    second = live(first, gateway, declared, state, Complaints())
    assert [key.name for key in second.api_keys] == [*(key.name for key in first.api_keys), "made"]
    KeyStore(state).write(NO_KEYS)
    assert live(second, gateway, declared, state, Complaints()) == first


def test_issued_certificates_are_taken_in_beside_those_of_files(tmp_path: Path, state: StateDir) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})
    origin = Origin("gateline.yaml")
    now = datetime.now(UTC)
    mine = issue_client(make_authority("a", now), "a", "given", now=now, life=timedelta(days=90))
    (tmp_path / "given.pem").write_bytes(mine.chain)
    (tmp_path / "given.key").write_bytes(mine.private_key.reveal())
    given = ClientCertificate(
        name="given",
        certificate=str(tmp_path / "given.pem"),
        private_key=str(tmp_path / "given.key"),
        origin=origin,
    )
    issued = ClientCertificate(name="issued", origin=origin)
    gateway = replace(gateway_of(settings), client_certificates=(given, issued))
    read_once = read_keyring(gateway, settings, state, Complaints())
    assert read_once.client_certificates == (mine,)
    first = live(read_once, gateway, (), state, Complaints())
    assert [each.name for each in first.client_certificates] == ["given", "issued"]
    assert first.authority
    assert live(first, gateway, (), state, Complaints()) == first
    Vault(state).delete("certificate/client/issued")  # as `certificates rotate` does
    second = live(first, gateway, (), state, Complaints())
    assert second.client_certificates[0] == mine
    assert second.client_certificates[1] != first.client_certificates[1]
    assert second.authority == first.authority


def test_the_key_of_assertions_is_part_of_it_where_a_stage_has_them(tmp_path: Path, state: StateDir) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})
    gateway = gateway_of(settings)
    keyring = read_keyring(gateway, settings, state, Complaints())
    assert live(keyring, gateway, (), state, Complaints()).assertion_key is None
    shown = replace(gateway, jwks_path="/.well-known/jwks.json")
    first = live(keyring, shown, (), state, Complaints())
    assert first.assertion_key is not None
    assert first.assertion_key.kid.encode() in first.jwks
    assert live(first, shown, (), state, Complaints()) == first


def test_the_keys_of_logins_are_part_of_it_where_a_balancer_has_some(tmp_path: Path, state: StateDir) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})
    gateway = gateway_of(settings)
    keyring = read_keyring(gateway, settings, state, Complaints())
    assert live(keyring, gateway, (), state, Complaints()).session_keys == ()
    origin = Origin("gateline.yaml")
    rule = Rule(priority=None, action=FixedResponse(status_code=200), authentication=oidc(), origin=origin)
    listener = Listener(protocol=ListenerProtocol.HTTPS, port=443, rules=(rule,), origin=origin)
    balancer = LoadBalancer(name="front", listeners=(listener,), origin=origin)
    with_login = replace(gateway, load_balancers=(balancer,))
    first = live(keyring, with_login, (), state, Complaints())
    assert len(first.session_keys) == len(first.claims_keys) == 1
    assert live(first, with_login, (), state, Complaints()) == first
    assert first.session_keys[0] not in repr(first)
