"""How listeners of balancers speak TLS, and who clients are to them (load-balancers.md sections 6 and 12)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import pytest
from cryptography import x509

from golden.self_signed import self_signed
from harness.client_authority import ClientAuthority
from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.raw_client import PATIENCE, RawConnection
from harness.recording_backend import Received, RecordingBackend
from harness.tls_client import TlsConnection

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("listener_tls")]

PROJECT: Final = Path(__file__).parent / "tls"
LISTENERS: Final = (
    *("VERIFY", "REVOKED", "PASSTHROUGH", "NEWEST", "FORWARD_SECRET", "OLD", "POST_QUANTUM", "NAMED"),
    *("PREFERRED", "OPTIONAL", "NONE"),
)
PREFIX: Final = b"x-amzn-mtls-clientcert"


@dataclass(frozen=True, slots=True)
class Encrypted:
    folder: Path
    ports: dict[str, int]
    target: RecordingBackend
    clients: dict[str, x509.Certificate]

    def ask(
        self,
        listener: str,
        client: str = "",
        *lines: bytes,
        context: ssl.SSLContext | None = None,
    ) -> Received:
        """What the target sees of a request, at a listener, of a client by its certificate's name.

        Raises:
            OSError: the connection was refused or ended.

        """
        self.target.clear()
        chosen = context or unverifying()
        if client:
            chosen.load_cert_chain(self.folder / f"{client}.pem", self.folder / f"{client}.key")
        with Encryption(self.ports[listener], chosen) as connection:
            request = [b"GET /told HTTP/1.1", b"Host: shop.test", *lines]
            connection.send(b"\r\n".join(request) + b"\r\n\r\n")
            answer = connection.receive()
            if answer is None:
                raise ConnectionError("ended without an answer")
            assert answer.status == 200
        return next(each for each in self.target.received() if each.target == b"/told")

    def mtls(self, listener: str, client: str = "", *lines: bytes) -> dict[bytes, bytes]:
        """The headers about the client that the target sees, without what their names begin with."""
        seen = self.ask(listener, client, *lines)
        told = [(name.lower(), value) for name, value in seen.headers]
        return {name.removeprefix(PREFIX): value for name, value in told if name.startswith(PREFIX)}


class Encryption(RawConnection):
    """A connection that has shaken hands as the context says."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(port)
        plain = self._socket
        try:
            self._socket = context.wrap_socket(plain, server_hostname="shop.test")
        except OSError:
            plain.close()
            raise


def unverifying() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    folder = tmp_path_factory.mktemp("encrypted")
    authority, stranger = ClientAuthority(folder, "clients"), ClientAuthority(folder, "strangers")
    clients = {name: authority.client(name) for name in ("known", "other", "dropped")}
    clients["late"] = authority.client("late", expired=True)
    clients["stranger"] = stranger.client("stranger")
    authority.revoke(clients["dropped"])
    for name, host in {"default": "shop.test", "wild": "*.shop.test", "exact": "a.shop.test"}.items():
        pair = self_signed(host)
        (folder / f"{name}.pem").write_bytes(pair.certificate)
        (folder / f"{name}.key").write_bytes(pair.private_key)
    ports = {name: free_port() for name in LISTENERS}
    with RecordingBackend() as target:
        environ = {name: str(port) for name, port in ports.items()}
        environ |= {"FOLDER": str(folder), "TARGET": f"127.0.0.1:{target.port}"}
        with running_gateway(PROJECT, folder / "run", environ):
            yield Encrypted(folder, ports, target, clients)


# Mutual authentication: verify.


def test_a_target_is_told_who_the_verified_client_is(encrypted: Encrypted) -> None:
    told = encrypted.mtls("VERIFY", "known")
    known = encrypted.clients["known"]
    assert told.keys() == {b"-serial-number", b"-issuer", b"-subject", b"-validity", b"-leaf"}
    assert int(told[b"-serial-number"], 16) == known.serial_number
    assert told[b"-serial-number"] == told[b"-serial-number"].upper()
    assert told[b"-issuer"] == rb"CN=clients,O=mTLS\, Inc,C=US"
    assert told[b"-subject"] == b"CN=known"
    form = "%Y-%m-%dT%H:%M:%SZ"
    first, last = known.not_valid_before_utc.strftime(form), known.not_valid_after_utc.strftime(form)
    assert told[b"-validity"].decode() == f"NotBefore={first};NotAfter={last}"
    leaf = told[b"-leaf"].decode()
    assert not {"%2B", "%2F", "%3D"} & {leaf[at : at + 3] for at in range(len(leaf))}
    assert x509.load_pem_x509_certificate(unquote(leaf).encode()) == known


def test_another_client_is_not_taken_for_the_one_before(encrypted: Encrypted) -> None:
    for name in ("known", "other", "known"):
        assert encrypted.mtls("VERIFY", name)[b"-subject"] == f"CN={name}".encode()


@pytest.mark.parametrize("listener", ["VERIFY", "PASSTHROUGH"])
def test_what_a_client_says_of_itself_is_never_told(encrypted: Encrypted, listener: str) -> None:
    names = [b"X-Amzn-Mtls-Clientcert-Subject", b"x_amzn_mtls_clientcert_leaf", b"X-Amzn-Mtls-Clientcert"]
    lines = [name + b": CN=root" for name in names]
    seen = encrypted.ask(listener, "known", *lines)
    assert not [value for _, value in seen.headers if value == b"CN=root"]


def test_a_listener_may_tell_under_another_name_which_is_then_no_clients(encrypted: Encrypted) -> None:
    lies = [name + b": CN=root" for name in (b"X-Client-Validity", b"x_client_validity")]
    seen = encrypted.ask("REVOKED", "known", *lies)
    [validity] = [value for name, value in seen.headers if name.lower() == b"x-client-validity"]
    assert validity.startswith(b"NotBefore=")
    assert PREFIX + b"-validity" not in {name.lower() for name, _ in seen.headers}
    assert not [value for _, value in seen.headers if value == b"CN=root"]


@pytest.mark.parametrize("client", ["", "stranger", "late"])
def test_without_a_certificate_that_counts_there_is_no_connection(encrypted: Encrypted, client: str) -> None:
    with pytest.raises(OSError, match=r"."):
        encrypted.ask("VERIFY", client)
    assert not encrypted.target.received()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("listener", ["VERIFY", "PASSTHROUGH"])
def test_no_session_brings_a_certificate_back_that_is_not_shown_again(
    encrypted: Encrypted, listener: str, version: ssl.TLSVersion
) -> None:
    """It may be over by then, or taken back; sessions last for days."""
    context = unverifying()
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(encrypted.folder / "known.pem", encrypted.folder / "known.key")
    session = None
    for _ in range(2):
        with (
            socket.create_connection(("127.0.0.1", encrypted.ports[listener]), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="shop.test", session=session) as secure,
        ):
            secure.sendall(b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
            assert secure.recv(1 << 16).startswith(b"HTTP/1.1 200 ")  # tickets have come before it
            session = secure.session
            assert not secure.session_reused


def test_expired_certificates_count_where_the_listener_says_so(encrypted: Encrypted) -> None:
    assert encrypted.mtls("REVOKED", "late")[b"-subject"] == b"CN=late"


def test_revoked_certificates_count_only_where_no_list_is_read(encrypted: Encrypted) -> None:
    assert encrypted.mtls("VERIFY", "dropped")[b"-subject"] == b"CN=dropped"
    assert encrypted.mtls("REVOKED", "known")[b"-subject"] == b"CN=known"
    with pytest.raises(OSError, match=r"."):
        encrypted.ask("REVOKED", "dropped")


# Passthrough.


@pytest.mark.parametrize("client", ["known", "stranger", "late"])
def test_whatever_a_client_shows_is_passed_on_whole(encrypted: Encrypted, client: str) -> None:
    told = encrypted.mtls("PASSTHROUGH", client)
    assert told.keys() == {b""}
    chain = x509.load_pem_x509_certificates(unquote(told[b""].decode()).encode())
    assert len(chain) == 2
    assert chain[0] == encrypted.clients[client]


def test_a_client_that_shows_nothing_is_served_and_nothing_told_of_it(encrypted: Encrypted) -> None:
    assert encrypted.mtls("PASSTHROUGH") == {}


# Versions, ciphers, names, protocols.


def spoken(encrypted: Encrypted, listener: str, context: ssl.SSLContext) -> str:
    """The version and cipher that are agreed upon, or "refused"."""
    try:
        with Encryption(encrypted.ports[listener], context) as connection:
            tls = connection._socket
            assert isinstance(tls, ssl.SSLSocket)
            agreed = tls.cipher()
            assert agreed is not None
            return f"{tls.version()} {agreed[0]}"
    except OSError:
        return "refused"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("listener", "version", "ciphers", "expected"),
    [
        ("NEWEST", "TLSv1_3", "", "TLSv1.3"),
        ("NEWEST", "TLSv1_2", "", "refused"),
        (
            "FORWARD_SECRET",
            "TLSv1_2",
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256",
        ),
        ("FORWARD_SECRET", "TLSv1_2", "ECDHE-ECDSA-AES128-SHA", "refused"),
        ("FORWARD_SECRET", "TLSv1_3", "", "refused"),
        ("OLD", "TLSv1_2", "ECDHE-ECDSA-AES128-SHA", "TLSv1.2 ECDHE-ECDSA-AES128-SHA"),
        ("OLD", "TLSv1_1", "ALL:@SECLEVEL=0", "refused"),
        ("POST_QUANTUM", "TLSv1_3", "", "TLSv1.3"),
    ],
)
def test_a_policy_says_versions_and_ciphers(
    encrypted: Encrypted, listener: str, version: str, ciphers: str, expected: str
) -> None:
    context = unverifying()
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    if ciphers:
        context.set_ciphers(ciphers)
    assert spoken(encrypted, listener, context).startswith(expected)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("a.shop.test", "a.shop.test"),
        ("b.shop.test", "*.shop.test"),
        ("shop.test", "shop.test"),
        ("other.test", "shop.test"),
        (None, "shop.test"),
    ],
)
def test_the_most_specific_certificate_is_shown_else_the_first(
    encrypted: Encrypted, asked: str | None, shown: str
) -> None:
    with TlsConnection(encrypted.ports["NAMED"], asked) as connection:
        assert connection.names == [shown]


@pytest.mark.parametrize(
    ("listener", "offered", "chosen"),
    [
        ("PREFERRED", ["http/1.1", "h2"], "h2"),
        ("OPTIONAL", ["h2", "http/1.1"], "http/1.1"),
        ("OPTIONAL", ["h2"], "h2"),
        ("NONE", ["h2", "http/1.1"], None),
    ],
)
def test_a_tls_listener_chooses_the_protocol_as_its_policy_says(
    encrypted: Encrypted, listener: str, offered: list[str], chosen: str | None
) -> None:
    with TlsConnection(encrypted.ports[listener], "shop.test", protocols=offered) as connection:
        assert connection.protocol == chosen
