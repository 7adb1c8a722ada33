from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateline.errors import GatelineError
from gateline.model.client_certificate import BUILT_IN, ClientCertificate
from gateline.model.gateway import Edge, Gateway
from gateline.model.origin import Origin
from gateline.model.service import Service
from gateline.model.target_group import TargetGroup, TargetTls
from gateline.runtime.authority import OVERLAP, SERVICE_LIFE, Issued, due, issued
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.vault import Vault

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HERE = Origin(file="gateline.yaml")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def gateway(*, name: str = "shop", every: timedelta = DAY, words: tuple[str, ...] = ()) -> Gateway:
    client = ClientCertificate(name="mine", rotate_every=every, origin=HERE)
    service = Service(name="orders", command=("serve", *words), cwd="/", origin=HERE)
    return Gateway(
        name=name,
        edge=Edge(origin=HERE),
        apis=(),
        client_certificates=(client,),
        services=(service,),
        origin=HERE,
    )


def leaf(found: Issued) -> x509.Certificate:
    [shown] = found.client_certificates
    return x509.load_pem_x509_certificate(shown.chain)


def identity(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def test_a_project_that_wants_nothing_of_it_has_no_authority(state: StateDir) -> None:
    nothing = Gateway(name="shop", edge=Edge(origin=HERE), apis=(), origin=HERE)
    given = ClientCertificate(name="mine", certificate="/a.pem", private_key="/a.key", origin=HERE)
    only_given = Gateway(
        name="shop", edge=Edge(origin=HERE), apis=(), client_certificates=(given,), origin=HERE
    )
    for wanting in (nothing, only_given):
        assert issued(wanting, state, NOW) == Issued()
        assert due(wanting, state) is None
    assert Vault(state).names() == ()


def test_a_group_or_a_service_that_only_believes_it_gets_no_certificate(state: StateDir) -> None:
    tls = TargetTls(authority=BUILT_IN, identity="a", origin=HERE)
    group = TargetGroup(name="orders", tls=tls, origin=HERE)
    service = Service(name="orders", command=("serve", "{ca_file}"), cwd="/", origin=HERE)
    wanting = Gateway(
        name="shop",
        edge=Edge(origin=HERE),
        apis=(),
        target_groups=(group,),
        services=(service,),
        origin=HERE,
    )
    found = issued(wanting, state, NOW)
    assert b"BEGIN CERTIFICATE" in found.authority
    assert (found.client_certificates, found.services) == ((), ())


def test_what_was_issued_is_kept_until_its_time_is_over(state: StateDir) -> None:
    first = issued(gateway(), state, NOW)
    assert issued(gateway(), state, NOW + DAY - timedelta(seconds=1)) == first
    assert due(gateway(), state) == NOW + DAY
    second = issued(gateway(), state, NOW + DAY)
    assert second.authority == first.authority
    assert leaf(second).serial_number != leaf(first).serial_number
    assert due(gateway(), state) == NOW + 2 * DAY


@pytest.mark.parametrize("every", [timedelta(seconds=1), DAY, timedelta(days=365)])
def test_what_is_renewed_stays_valid_while_connections_are_made(state: StateDir, every: timedelta) -> None:
    first = leaf(issued(gateway(every=every), state, NOW))
    assert first.not_valid_after_utc >= NOW + every + OVERLAP
    assert first.not_valid_after_utc <= NOW + every * 2 + OVERLAP


def test_both_were_signed_by_the_same_authority(state: StateDir) -> None:
    first, second = issued(gateway(), state, NOW), issued(gateway(), state, NOW + DAY)
    authority = x509.load_pem_x509_certificate(first.authority)
    for each in (first, second):
        leaf(each).verify_directly_issued_by(authority)


def test_a_service_whose_words_ask_for_it_is_somebody_too_and_renewed_after_two_thirds(
    state: StateDir,
) -> None:
    wanting = gateway(every=365 * DAY, words=("{certificate_file}", "{private_key_file}"))
    [service] = issued(wanting, state, NOW).services
    assert service.name == "orders"
    assert identity(x509.load_pem_x509_certificate(service.chain)) == ["spiffe://shop/service/orders"]
    assert due(wanting, state) == NOW + SERVICE_LIFE * 2 / 3


def test_another_project_name_is_another_identity_and_counts_at_once(state: StateDir) -> None:
    assert identity(leaf(issued(gateway(), state, NOW))) == ["spiffe://shop/gateway/mine"]
    assert identity(leaf(issued(gateway(name="store"), state, NOW))) == ["spiffe://store/gateway/mine"]


def test_a_clock_that_was_put_back_shows_no_certificate_of_the_future(state: StateDir) -> None:
    issued(gateway(), state, NOW + 300 * DAY)
    assert leaf(issued(gateway(), state, NOW)).not_valid_before_utc <= NOW


def test_private_keys_lie_in_the_vault_alone(state: StateDir) -> None:
    found = issued(gateway(words=("{certificate_file}",)), state, NOW)
    keys = [each.private_key.reveal() for each in (*found.client_certificates, *found.services)]
    texts = [path.read_bytes() for path in state.path.rglob("*") if path.is_file()]
    assert texts
    assert not [text for text in texts if any(key in text for key in keys) or b"PRIVATE KEY" in text]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"authorities": [], "signer": "x"}'])
def test_what_another_version_kept_is_told_and_not_replaced(state: StateDir, content: bytes) -> None:
    Vault(state).write("authority", content)
    with pytest.raises(GatelineError, match="'authority' in the vault"):
        issued(gateway(), state, NOW)
    assert Vault(state).read("authority") == content
