"""Certificates of links: made from nodes' own requests, and renewed by who holds the key."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateline.authority.certificates import make_authority
from gateline.authority.link_certificates import (
    RequestRefused,
    issue_gateway,
    issue_node,
    make_key,
    make_request,
    node_identity,
    sign_renewal,
    valid_until,
    verify_renewal,
)
from gateline.model.secret import Certificate
from gateline.model.tunnel import EnrolledNode

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NODE = EnrolledNode(tunnel="plant", node="n1", id="4f2a9c01")


@pytest.fixture(scope="module")
def authority() -> Certificate:
    return make_authority("storefront", NOW)


def node(authority: Certificate, key: bytes) -> bytes:
    return issue_node(authority, "storefront", NODE, make_request(key), now=NOW, life=DAY)


def test_a_nodes_certificate_says_who_it_is_twice_and_nothing_that_it_asked_for(
    authority: Certificate,
) -> None:
    made = x509.load_pem_x509_certificate(node(authority, make_key()))
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["n1.4f2a9c01.plant.link.gateline"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://storefront/link/plant/n1"]
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]
    assert node_identity("Storefront", NODE) == "spiffe://storefront/link/plant/n1"


def test_names_in_a_request_count_for_nothing(authority: Certificate) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    wanted = x509.SubjectAlternativeName([x509.DNSName("n2.ffffffff.plant.link.gateline")])
    builder = x509.CertificateSigningRequestBuilder(x509.Name([])).add_extension(wanted, critical=False)
    request = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    made = issue_node(authority, "storefront", NODE, request, now=NOW, life=DAY)
    names = x509.load_pem_x509_certificate(made).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == [NODE.dns_name]


def test_what_is_no_request_or_of_another_kind_of_key_is_refused(authority: Certificate) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
    of_rsa = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    for request in (b"", b"-----BEGIN CERTIFICATE REQUEST-----\n", of_rsa):
        with pytest.raises(RequestRefused):
            issue_node(authority, "storefront", NODE, request, now=NOW, life=DAY)


def pem(kind: str, der: bytes, known: str, other: str) -> bytes:
    """Text of what it is with other bytes, given in hexadecimal, in the place of those."""
    changed = base64.encodebytes(der.replace(bytes.fromhex(known), bytes.fromhex(other), 1))
    return f"-----BEGIN {kind}-----\n".encode() + changed + f"-----END {kind}-----\n".encode()


@pytest.mark.parametrize(
    ("known", "other"),
    [
        ("2a8648ce3d030107", "2a8648ce3d030177"),  # the curve
        ("2a8648ce3d0201", "2a8648ce3d0277"),  # the kind of key
        ("2a8648ce3d040302", "2a8648ce3d040377"),  # of signature
        ("020100", "020107"),  # the version
    ],
)
def test_a_request_of_a_kind_that_nobody_knows_is_refused_like_any_other(
    authority: Certificate, known: str, other: str
) -> None:
    request = x509.load_pem_x509_csr(make_request(make_key())).public_bytes(serialization.Encoding.DER)
    text = pem("CERTIFICATE REQUEST", request, known, other)
    with pytest.raises(RequestRefused):
        issue_node(authority, "storefront", NODE, text, now=NOW, life=DAY)


@pytest.mark.parametrize(
    ("known", "other"), [("a003020102", "a003020107"), ("2a8648ce3d0201", "2a8648ce3d0277")]
)
def test_a_certificate_of_a_kind_that_nobody_knows_is_refused_like_any_other(
    authority: Certificate, known: str, other: str
) -> None:
    held = x509.load_pem_x509_certificate(node(authority, make_key())).public_bytes(
        serialization.Encoding.DER
    )
    with pytest.raises(RequestRefused):
        verify_renewal(authority, pem("CERTIFICATE", held, known, other), b"", b"", NOW)


def test_the_gateways_certificate_is_for_nodes_alone(authority: Certificate) -> None:
    made = x509.load_pem_x509_certificate(issue_gateway(authority, now=NOW, life=DAY).chain)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["link.gateline", "enroll.gateline"]
    assert valid_until(made.public_bytes(serialization.Encoding.PEM)) == NOW + DAY


def test_who_holds_a_nodes_key_may_ask_for_another_certificate(authority: Certificate) -> None:
    key = make_key()
    held, request = node(authority, key), make_request(make_key())
    assert verify_renewal(authority, held, request, sign_renewal(key, request), NOW) == NODE.dns_name


def test_nobody_else_may(authority: Certificate) -> None:
    key, other = make_key(), make_key()
    held, request = node(authority, key), make_request(other)
    foreign = node(make_authority("storefront", NOW), key)
    good = sign_renewal(key, request)
    cases = [
        (held, request, sign_renewal(other, request), NOW),  # another key
        (held, make_request(make_key()), good, NOW),  # another request
        (foreign, request, good, NOW),  # another authority
        (held, request, good, NOW + DAY),  # it has ended
        (held, request, b"", NOW),
        (b"nothing", request, good, NOW),
    ]
    for certificate, asked, signature, now in cases:
        with pytest.raises(RequestRefused):
            verify_renewal(authority, certificate, asked, signature, now)
