"""Sidecars as processes: a real Envoy before a real backend."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateline.errors import FileUnreadable, GatelineError
from gateline.sidecar.session import certificate_proof, header_proof
from harness.free_port import free_port
from harness.http2_client import Http2Connection
from harness.raw_client import PATIENCE, exchange
from harness.recording_backend import RecordingBackend

pytestmark = pytest.mark.envoy
GATEWAY = "spiffe://storefront/gateway/identity"


@pytest.fixture
def backend() -> Iterator[RecordingBackend]:
    with RecordingBackend() as running:
        yield running


@contextmanager
def sidecar(folder: Path, to: str, *options: str) -> Iterator[int]:
    """A sidecar that listens."""
    port = free_port()
    words = ("sidecar", "--service", "orders", "--port", str(port), "--to", to, "--state", str(folder))
    log = folder / "sidecar.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateline", *words, *options],
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    try:
        deadline = time.monotonic() + PATIENCE * 3
        while not _listens(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0  # Envoy's own end: the signal reached it


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def get(port: int, *headers: str, path: str = "/orders//a/%2e;x?y=1") -> int:
    """The status of one request."""
    lines = "".join(f"{header}\r\n" for header in headers)
    [answer] = exchange(port, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n".encode())
    return answer.status


def until(fact: object, wanted: object) -> None:
    """Wait until asking yields this."""
    assert callable(fact)
    deadline = time.monotonic() + PATIENCE
    while fact() != wanted:
        assert time.monotonic() < deadline, f"still {fact()}"
        time.sleep(0.02)


def test_only_the_gateways_header_opens_the_way_and_the_application_never_sees_it(
    tmp_path: Path, backend: RecordingBackend
) -> None:
    secrets = tmp_path / "secret"
    secrets.write_text("the-new-one\r\nthe-old-one\n")
    options = ("--header", "X-GW-Secret", "--secret-file", str(secrets), "--health-path", "/healthz")
    with sidecar(tmp_path, f"127.0.0.1:{backend.port}", *options) as port:
        refused = [
            (),
            ("X-GW-Secret: wrong",),
            ("X-GW-Secret: ",),
            ("X-GW-Secret: the-new-on",),
            ("X-GW-Secret: the-new-one!",),
            ("X-GW-Secret: the-new-one", "X-GW-Secret: the-new-one"),
            ("X-GW-Secret: the-new-one,the-new-one",),
            ("X_GW_Secret: the-new-one",),
            ("X-GW-Secret: the-new-one\nthe-old-one",),
            ("Connection: x-gw-secret",),
        ]
        for headers in refused:
            assert get(port, *headers) in {400, 401}, headers
        assert get(port, "X-GW-Secret: wrong", path="/healthz/../orders") == 401
        assert get(port, path="/healthz?x") == 401
        assert backend.received() == []
        assert get(port, "x-gw-secret: the-new-one") == 200
        assert get(port, "X-GW-SECRET: the-old-one") == 200
        assert get(port, path="/healthz") == 200
        first, second, _ = backend.received()
        assert first.target == second.target == b"/orders//a/%2e;x?y=1"
        assert b"x-gw-secret" not in first.names | second.names


def test_who_asks_for_the_health_path_without_proof_can_say_nothing_else(
    tmp_path: Path, backend: RecordingBackend
) -> None:
    (tmp_path / "secret").write_text("s\n")
    options = ("--header", "x-gw", "--secret-file", str(tmp_path / "secret"), "--health-path", "/healthz")
    with sidecar(tmp_path, f"127.0.0.1:{backend.port}", *options) as port:
        more = ("Content-Length: 0", "Connection: upgrade\r\nUpgrade: websocket")
        assert [get(port, header, path="/healthz") for header in more] == [401, 401]
        head = b"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        [answer] = exchange(port, head + b"5\r\nhello\r\n0\r\n\r\n")
        assert answer.status == 401
        names = ((b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", b"/healthz"))
        with Http2Connection(port) as connection:
            assert connection.request(names, body=b"hello").status == 401
        assert backend.received() == []
        said = ("X-Original-URL: /admin", "X-User: root", "X-HTTP-Method-Override: DELETE", "Cookie: a=b")
        assert get(port, *said, path="/healthz") == 200
        assert get(port, "x-gw: s", "X-User: alice", path="/healthz") == 200
        unknown, known = backend.received()
        assert unknown.names <= {b"host", b"x-forwarded-proto", b"connection"}
        assert b"x-user" in known.names


def test_a_line_of_blanks_is_no_value_and_too_large_a_file_holds_none(
    tmp_path: Path, backend: RecordingBackend
) -> None:
    secrets = tmp_path / "secret"
    secrets.write_text("one\t\n  \n\t\n")
    options = ("--header", "x-gw", "--secret-file", str(secrets))
    with sidecar(tmp_path, f"127.0.0.1:{backend.port}", *options) as port:
        assert [over_http2(port, value) for value in (b"  ", b"\t", b"", b"one")] == [401, 401, 401, 200]
        (tmp_path / "next").write_text(f"two\n{'x' * 65530}\ny-that-is-cut-off\n")
        (tmp_path / "next").rename(secrets)
        until(lambda: get(port, "x-gw: one"), 401)
        assert [get(port, f"x-gw: {value}") for value in ("two", "y")] == [401, 401]


def over_http2(port: int, value: bytes) -> int:
    """The status of a request over HTTP/2, which carries blanks that HTTP/1 takes away."""
    names = ((b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", b"/x"))
    with Http2Connection(port) as connection:
        return connection.request([*names, (b"x-gw", value)]).status


def test_a_new_secret_counts_and_an_old_one_does_not_when_the_file_is_replaced(
    tmp_path: Path, backend: RecordingBackend
) -> None:
    secrets = tmp_path / "secret"
    secrets.write_text("one\n")
    options = ("--header", "x-gw-secret", "--secret-file", str(secrets))
    with sidecar(tmp_path, f"127.0.0.1:{backend.port}", *options) as port:
        assert get(port, "x-gw-secret: one") == 200
        (tmp_path / "next").write_text("two\n")
        (tmp_path / "next").rename(secrets)
        until(lambda: get(port, "x-gw-secret: two"), 200)
        assert get(port, "x-gw-secret: one") == 401
        secrets.unlink()
        until(lambda: get(port, "x-gw-secret: two"), 401)  # who cannot be judged is refused


def test_no_argument_and_no_file_of_a_sidecar_holds_the_secret(
    tmp_path: Path, backend: RecordingBackend
) -> None:
    (tmp_path / "mine").mkdir()
    secrets = tmp_path / "mine" / "secret"
    secrets.write_text("not-to-be-seen\n")
    state = tmp_path / "state"
    state.mkdir()
    options = ("--header", "x-gw-secret", "--secret-file", str(secrets))
    with sidecar(state, f"127.0.0.1:{backend.port}", *options) as port:
        assert get(port, "x-gw-secret: not-to-be-seen") == 200
        kept = [path for path in state.rglob("*") if path.is_file()]
        assert kept
        assert not [path for path in kept if b"not-to-be-seen" in path.read_bytes()]
        assert {oct(path.stat().st_mode & 0o777) for path in kept if path.suffix == ".json"} == {"0o600"}


def test_an_application_may_listen_at_a_unix_socket(tmp_path: Path) -> None:
    place = tmp_path / "app.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()
        (tmp_path / "secret").write_text("s\n")
        options = ("--header", "x-gw-secret", "--secret-file", str(tmp_path / "secret"))
        with sidecar(tmp_path, f"unix:{place}", *options) as port, socket.socket() as client:
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", port))
            client.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\nx-gw-secret: s\r\n\r\n")
            listening.settimeout(PATIENCE)
            connection, _ = listening.accept()
            with connection:
                assert connection.recv(4096).startswith(b"GET /x HTTP/1.1\r\n")


def test_a_websocket_passes_with_the_header_and_not_without(
    tmp_path: Path, backend: RecordingBackend
) -> None:
    (tmp_path / "secret").write_text("s\n")
    backend.answers[b"/chat"] = (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    options = ("--header", "x-gw-secret", "--secret-file", str(tmp_path / "secret"))
    with sidecar(tmp_path, f"127.0.0.1:{backend.port}", *options) as port:
        assert upgraded(port, "") == b"HTTP/1.1 401 Unauthorized"
        assert upgraded(port, "x-gw-secret: s\r\n") == b"HTTP/1.1 101 Switching Protocols"


def upgraded(port: int, headers: str) -> bytes:
    """The first line that a request for a WebSocket gets."""
    request = f"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{headers}\r\n"
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(request.encode())
        return client.recv(4096).split(b"\r\n")[0]


class Authority:
    """Issues certificates for one test."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        built = self._builder(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.pem = built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, *names: x509.GeneralName, days: int = 1) -> bytes:
        """A private key and a certificate, PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
        built = self._builder(subject, key.public_key(), days).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = built.sign(self._key, hashes.SHA256())
        return private + certificate.public_bytes(serialization.Encoding.PEM)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int = 1
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, now + timedelta(days=days)) - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=days))
        )


def shown(port: int, folder: Path, pem: bytes | None) -> str:
    """What a client with this certificate gets: the server's common name and the status, or "closed"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cafile=str(folder / "ca.pem"))
    if pem:
        held = folder.parent / "client.pem"
        held.write_bytes(pem)
        context.load_cert_chain(held)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
            context.wrap_socket(plain) as client,
        ):
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            status = client.recv(65536).split(b"\r\n")[0].decode()
            serial = (client.getpeercert() or {}).get("serialNumber", "")
            return f"{status} by {serial}" if status else "closed"
    except (ssl.SSLError, ConnectionError):
        return "closed"


def serial_of(pem: bytes) -> str:
    return f"{x509.load_pem_x509_certificate(pem).serial_number:X}"


def test_only_the_gateways_certificate_opens_the_way_and_a_new_one_of_ours_is_taken_up(
    tmp_path: Path, backend: RecordingBackend
) -> None:
    ours, foreign = Authority(), Authority()
    folder = tmp_path / "identity"
    folder.mkdir()
    mine = ours.issue(x509.DNSName("orders"))
    (folder / "ca.pem").write_bytes(ours.pem)
    (folder / "own.pem").write_bytes(mine)
    gateway = x509.UniformResourceIdentifier(GATEWAY)
    files = ("--certificate", f"{folder}/own.pem", "--private-key", f"{folder}/own.pem")
    options = ("--identity", GATEWAY, *files, "--ca", f"{folder}/ca.pem")
    with sidecar(tmp_path, f"127.0.0.1:{backend.port}", *options) as port:
        strangers = {
            "none": None,
            "foreign": foreign.issue(gateway),
            "expired": ours.issue(gateway, days=-1),
            "another gateway": ours.issue(x509.UniformResourceIdentifier(GATEWAY + "2")),
            "a service": ours.issue(x509.UniformResourceIdentifier("spiffe://storefront/service/orders")),
            "a name": ours.issue(x509.DNSName(GATEWAY.removeprefix("spiffe://"))),
        }
        assert {who: shown(port, folder, pem) for who, pem in strangers.items()} == dict.fromkeys(
            strangers, "closed"
        )
        assert backend.received() == []
        assert get_plain(port) != 200
        assert shown(port, folder, ours.issue(gateway)) == f"HTTP/1.1 200 OK by {_padded(serial_of(mine))}"
        fresh = ours.issue(x509.DNSName("orders"))
        (tmp_path / "next.pem").write_bytes(fresh)
        (tmp_path / "next.pem").rename(folder / "own.pem")
        until(
            lambda: shown(port, folder, ours.issue(gateway)),
            f"HTTP/1.1 200 OK by {_padded(serial_of(fresh))}",
        )


def test_a_wildcard_certificate_is_not_the_gateway_by_name(tmp_path: Path, backend: RecordingBackend) -> None:
    ours = Authority()
    folder = tmp_path / "identity"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(ours.pem)
    (folder / "own.pem").write_bytes(ours.issue(x509.DNSName("orders")))
    files = ("--certificate", f"{folder}/own.pem", "--private-key", f"{folder}/own.pem")
    options = ("--identity", "gw.shop.internal", *files, "--ca", f"{folder}/ca.pem")
    with sidecar(tmp_path, f"127.0.0.1:{backend.port}", *options) as port:
        for name in ("*.shop.internal", "g*.shop.internal", "gwxshop.internal", "a.gw.shop.internal"):
            assert shown(port, folder, ours.issue(x509.DNSName(name))) == "closed", name
        assert backend.received() == []
        for name in ("gw.shop.internal", "GW.shop.internal"):
            assert "200" in shown(port, folder, ours.issue(x509.DNSName(name))), name


def _padded(serial: str) -> str:
    return serial.zfill(len(serial) + len(serial) % 2)


def get_plain(port: int) -> int:
    """The status without TLS; 0 when the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try:
            line = client.recv(4096).split(b"\r\n")[0]
        except ConnectionError:
            return 0
    return int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0


def test_a_file_of_secrets_without_a_value_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n \n")
    with pytest.raises(FileUnreadable, match="holds no value"):
        header_proof("X-GW", tmp_path / "secret", "")
    with pytest.raises(FileUnreadable, match="cannot be read"):
        header_proof("X-GW", tmp_path / "missing", "")


def test_certificates_in_two_folders_cannot_be_watched(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("a/own.pem", "ca.pem"):
        (tmp_path / name).write_text("")
    with pytest.raises(GatelineError, match="in one folder"):
        certificate_proof(
            GATEWAY,
            certificate=tmp_path / "a/own.pem",
            private_key=tmp_path / "a/own.pem",
            authority=tmp_path / "ca.pem",
            folder=tmp_path / "state",
        )
