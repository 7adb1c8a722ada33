from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateline.authority.certificates import (
    AUTHORITY_LIFE,
    gateway_identity,
    issue_client,
    issue_service,
    make_authority,
    trust_domain,
)
from gateline.model.secret import Certificate

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def context(
    tmp_path: Path, side: ssl.Purpose, own: Certificate | None, trusted: Certificate
) -> ssl.SSLContext:
    made = ssl.create_default_context(side, cadata=trusted.chain.decode())
    made.verify_mode = ssl.CERT_REQUIRED
    if own is not None:
        (tmp_path / "own.pem").write_bytes(own.chain + own.private_key.reveal())
        made.load_cert_chain(tmp_path / "own.pem")
    return made


def shaken(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> dict[str, object]:
    """The peer's certificate as the server sees it, after a handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    open_ends = list(ends)
    while open_ends:
        for end in tuple(open_ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            open_ends.remove(end)
    return dict(ends[1].getpeercert() or {})


def connected(
    tmp_path: Path, client: Certificate | None, server: Certificate, trusted: Certificate, host: str
) -> dict[str, object]:
    return shaken(
        context(tmp_path, ssl.Purpose.SERVER_AUTH, client, trusted),
        context(tmp_path, ssl.Purpose.CLIENT_AUTH, server, trusted),
        host,
    )


@pytest.mark.parametrize("host", ["localhost", "orders", "127.0.0.1", "::1"])
def test_gateway_and_service_know_each_other(tmp_path: Path, host: str) -> None:
    authority = make_authority("shop", NOW)
    client = issue_client(authority, "shop", "mine", now=NOW, life=DAY)
    service = issue_service(authority, "shop", "orders", now=NOW, life=DAY)
    seen = connected(tmp_path, client, service, authority, host)
    assert seen["subjectAltName"] == (("URI", "spiffe://shop/gateway/mine"),)


def test_a_service_is_not_taken_for_another_host(tmp_path: Path) -> None:
    authority = make_authority("shop", NOW)
    client = issue_client(authority, "shop", "mine", now=NOW, life=DAY)
    service = issue_service(authority, "shop", "orders", now=NOW, life=DAY)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        connected(tmp_path, client, service, authority, "customers")


def test_a_certificate_of_another_authority_is_refused_though_it_has_the_same_names(tmp_path: Path) -> None:
    authority, other = make_authority("shop", NOW), make_authority("shop", NOW)
    service = issue_service(authority, "shop", "orders", now=NOW, life=DAY)
    foreign = issue_client(other, "shop", "mine", now=NOW, life=DAY)
    with pytest.raises(ssl.SSLCertVerificationError):
        connected(tmp_path, foreign, service, authority, "orders")


def test_who_shows_no_certificate_is_refused(tmp_path: Path) -> None:
    authority = make_authority("shop", NOW)
    service = issue_service(authority, "shop", "orders", now=NOW, life=DAY)
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        connected(tmp_path, None, service, authority, "orders")


def test_the_gateways_certificate_serves_nobody(tmp_path: Path) -> None:
    authority = make_authority("shop", NOW)
    client = issue_client(authority, "shop", "mine", now=NOW, life=DAY)
    with pytest.raises(ssl.SSLCertVerificationError, match="unsuitable certificate purpose"):
        connected(tmp_path, client, client, authority, "localhost")


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    authority = make_authority("shop", NOW - 3 * DAY)
    client = issue_client(authority, "shop", "mine", now=NOW - 2 * DAY, life=DAY)
    service = issue_service(authority, "shop", "orders", now=NOW, life=DAY)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        connected(tmp_path, client, service, authority, "orders")


def test_no_certificate_outlives_its_authority() -> None:
    authority = make_authority("shop", NOW)
    client = issue_client(authority, "shop", "mine", now=NOW, life=2 * AUTHORITY_LIFE)
    held = x509.load_pem_x509_certificate(client.chain)
    assert held.not_valid_after_utc == x509.load_pem_x509_certificate(authority.chain).not_valid_after_utc


def test_an_authority_with_the_key_of_another_issues_nothing() -> None:
    authority, other = make_authority("shop", NOW), make_authority("shop", NOW)
    mixed = Certificate(name="authority", chain=authority.chain, private_key=other.private_key)
    with pytest.raises(ValueError, match="not the one of its certificate"):
        issue_client(mixed, "shop", "mine", now=NOW, life=DAY)


def test_keys_are_not_printed() -> None:
    authority = make_authority("shop", NOW)
    assert "PRIVATE" not in repr(authority)


def test_long_names_fit_into_certificates() -> None:
    authority = make_authority("p" * 200, NOW)
    client = issue_client(authority, "p" * 200, "c" * 200, now=NOW, life=DAY)
    held = x509.load_pem_x509_certificate(client.chain).extensions
    names = held.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        gateway_identity("p" * 200, "c" * 200)
    ]


def test_a_projects_name_is_a_trust_domain_in_lower_case() -> None:
    assert trust_domain("Shop.2_a-b") == "shop.2_a-b"


def test_names_that_do_not_fit_stay_apart() -> None:
    made = {trust_domain(name) for name in ("my shop", "my/shop", "my-shop", "", "x" * 300, "x" * 301)}
    assert len(made) == 6
    assert all(
        len(name) <= 255 and set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-") for name in made
    )


def test_a_service_is_no_client_so_that_no_neighbour_passes_for_the_gateway(tmp_path: Path) -> None:
    authority = make_authority("shop", NOW)
    orders = issue_service(authority, "shop", "orders", now=NOW, life=DAY)
    neighbour = issue_service(authority, "shop", "neighbour", now=NOW, life=DAY)
    with pytest.raises(ssl.SSLError, match=r"(?i)unsupported.certificate|purpose"):
        connected(tmp_path, neighbour, orders, authority, "localhost")
