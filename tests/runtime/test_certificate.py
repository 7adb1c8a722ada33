from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from gateline.model.diagnostic import Complaints
from gateline.model.gateway import CertificateSource, SelfSigned, TlsFiles
from gateline.model.origin import Origin
from gateline.model.secret import Certificate
from gateline.runtime.certificate import RENEW_BEFORE, SELF_SIGNED_LIFE, edge_certificate, named_certificate
from gateline.runtime.state_dir import StateDir, hold_state_dir

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = Origin("gateline.yaml", ("gateway", "tls"))
SELF_SIGNED = SelfSigned(origin=PLACE)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def self_signed(state: StateDir, *hosts: str, now: datetime = NOW) -> Certificate:
    made = edge_certificate(SELF_SIGNED, hosts, now, state, Complaints())
    assert made is not None
    return made


def from_files(state: StateDir, chain: bytes, key: bytes, now: datetime = NOW) -> tuple[bool, list[str]]:
    folder = state.path.parent
    (folder / "edge.pem").write_bytes(chain)
    (folder / "edge.key").write_bytes(key)
    files = TlsFiles(certificate=str(folder / "edge.pem"), private_key=str(folder / "edge.key"), origin=PLACE)
    complaints = Complaints()
    taken = edge_certificate(files, (), now, state, complaints)
    told = [
        f"{found.code.name} {found.origin.json_pointer} {found.message.replace(str(folder), '')}"
        for found in complaints.report().diagnostics
    ]
    return taken is not None, told


def test_a_self_signed_certificate_names_this_machine_and_the_hosts(state: StateDir) -> None:
    leaf = x509.load_pem_x509_certificate(self_signed(state, "gw.example.com", "bücher.example").chain)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == [
        "localhost",
        "*.localhost",
        "127.0.0.1",
        "::1",
        "gw.example.com",
        "xn--bcher-kva.example",
    ]


def test_a_self_signed_certificate_is_kept_for_this_user_only(state: StateDir) -> None:
    assert self_signed(state) == self_signed(state, now=NOW + timedelta(days=1))
    for kept in (state.path / "tls").iterdir():
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_self_signed_certificate_is_renewed_in_time(state: StateDir) -> None:
    first = self_signed(state)
    assert self_signed(state, now=NOW + SELF_SIGNED_LIFE - RENEW_BEFORE - timedelta(days=1)) == first
    assert self_signed(state, now=NOW + SELF_SIGNED_LIFE - RENEW_BEFORE + timedelta(days=1)) != first


def test_a_self_signed_certificate_is_made_anew_for_new_hosts_and_when_its_key_is_lost(
    state: StateDir,
) -> None:
    first = self_signed(state)
    second = self_signed(state, "gw.example.com")
    assert second != first
    (state.path / "tls" / "self-signed.key").write_bytes(b"")
    assert self_signed(state, "gw.example.com") != second


def test_a_pair_of_files_is_taken_as_it_is(state: StateDir) -> None:
    pair = self_signed(state)
    assert from_files(state, pair.chain, pair.private_key.reveal()) == (True, [])


def test_a_key_of_another_certificate_is_told(state: StateDir) -> None:
    chain = self_signed(state).chain
    other_key = self_signed(state, "other.example").private_key.reveal()
    assert from_files(state, chain, other_key) == (
        False,
        ["GL283 /gateway/tls/private_key /edge.key is not the key of /edge.pem"],
    )


@pytest.mark.parametrize(
    ("chain", "key", "told"),
    [
        (b"nonsense", None, "GL282 /gateway/tls/certificate /edge.pem holds no certificate in PEM form"),
        (None, b"hunter2", "GL282 /gateway/tls/private_key /edge.key holds no private key in PEM form"),
    ],
)
def test_what_is_no_pem_is_told_without_its_content(
    state: StateDir, chain: bytes | None, key: bytes | None, told: str
) -> None:
    pair = self_signed(state)
    assert from_files(state, chain or pair.chain, key or pair.private_key.reveal()) == (False, [told])


def test_an_encrypted_key_is_told(state: StateDir) -> None:
    pair = self_signed(state)
    key = serialization.load_pem_private_key(pair.private_key.reveal(), password=None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"phrase"),
    )
    _, (told,) = from_files(state, pair.chain, encrypted)
    assert told == "GL282 /gateway/tls/private_key /edge.key is encrypted with a passphrase"


def test_a_missing_file_is_told(state: StateDir) -> None:
    files = TlsFiles(certificate="/none.pem", private_key="/none.key", origin=PLACE)
    complaints = Complaints()
    assert edge_certificate(files, (), NOW, state, complaints) is None
    assert [found.message for found in complaints.report().diagnostics] == [
        "/none.pem cannot be read: No such file or directory",
        "/none.key cannot be read: No such file or directory",
    ]


@pytest.mark.parametrize(
    ("now", "taken", "code"),
    [
        (NOW - timedelta(days=1), False, "GL284"),
        (NOW + SELF_SIGNED_LIFE - timedelta(days=1), True, "GL285"),
        (NOW + SELF_SIGNED_LIFE, False, "GL284"),
    ],
    ids=["not valid yet", "expires soon", "expired"],
)
def test_a_certificate_out_of_its_time_is_told(
    state: StateDir, now: datetime, taken: bool, code: str
) -> None:
    pair = self_signed(state)
    found, (told,) = from_files(state, pair.chain, pair.private_key.reveal(), now)
    assert found is taken
    assert told.startswith(f"{code} /gateway/tls/certificate ")


def domain_certificate(
    state: StateDir, source: SelfSigned | TlsFiles, *domains: str
) -> tuple[bool, list[str]]:
    complaints = Complaints()
    named = CertificateSource(name="domain/api.example.com", source=source, hosts=domains)
    taken = named_certificate(named, domains, NOW, state, complaints)
    assert taken is None or taken.name == "domain/api.example.com"
    return taken is not None, [
        f"{found.code.name} {found.origin.json_pointer} {found.help}"
        for found in complaints.report().diagnostics
    ]


def files_for(state: StateDir, *names: str) -> TlsFiles:
    """A pair of files whose certificate names these hosts, with the edge's own."""
    pair = self_signed(state, *names)
    folder = state.path.parent
    (folder / "api.pem").write_bytes(pair.chain)
    (folder / "api.key").write_bytes(pair.private_key.reveal())
    place = Origin("gateline.yaml", ("domains", "api.example.com"))
    return TlsFiles(certificate=str(folder / "api.pem"), private_key=str(folder / "api.key"), origin=place)


def test_a_domain_has_a_self_signed_certificate_of_its_own(state: StateDir) -> None:
    edge = self_signed(state)
    assert domain_certificate(state, SELF_SIGNED, "api.example.com") == (True, [])
    kept = state.path / "tls" / "domain-api.example.com.pem"
    names = x509.load_pem_x509_certificate(kept.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert "api.example.com" in names.value.get_values_for_type(x509.DNSName)
    assert self_signed(state) == edge


def test_a_domain_with_a_very_long_name_has_one_too(state: StateDir) -> None:
    long = ".".join(["a" * 60] * 4)
    for name in (f"a.{long}", f"b.{long}", f"{long}.a", f"{long}.b"):
        source = CertificateSource(name=f"domain/{name}", source=SELF_SIGNED, hosts=(name,))
        assert named_certificate(source, (name,), NOW, state, Complaints())
    kept = list((state.path / "tls").glob("domain-*.pem"))
    assert len(kept) == 4
    assert all(len(file.name) < 200 for file in kept)


@pytest.mark.parametrize(
    ("named", "domain"),
    [
        ("api.example.com", "api.example.com"),
        ("API.example.com", "api.example.com"),
        ("*.example.com", "api.example.com"),
        ("*.example.com", "*.example.com"),
    ],
)
def test_a_certificate_that_names_its_domain_is_taken(state: StateDir, named: str, domain: str) -> None:
    assert domain_certificate(state, files_for(state, named), domain) == (True, [])


@pytest.mark.parametrize(
    ("named", "domain"),
    [
        ("www.example.com", "api.example.com"),
        ("*.example.com", "a.b.example.com"),
        ("*.example.com", "example.com"),
        ("api.example.com", "*.example.com"),
    ],
)
def test_a_certificate_that_does_not_name_its_domain_is_told(
    state: StateDir, named: str, domain: str
) -> None:
    taken, [told] = domain_certificate(state, files_for(state, named), domain)
    assert not taken
    assert told.startswith("GL288 /domains/api.example.com/certificate it names ")
    assert named in told
