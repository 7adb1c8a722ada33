"""TLS by server name: whose certificate is shown, and whom a connection may ask (`attacks.md` F6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from end_to_end.domains.conftest import HOSTS, Secure, put
from golden.self_signed import Pair, self_signed
from harness.raw_client import RawConnection, exchange
from harness.tls_client import TlsConnection, tls_http2

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("domains")]

HANDSHAKES = 5000  # more than fit into the time that a change of files takes
MISDIRECTED = b'{"message":"Misdirected Request"}'


@pytest.mark.parametrize(
    ("server_name", "shown"),
    [
        ("own.example.org", "own.example.org"),
        ("any.wild.example.org", "*.wild.example.org"),
        ("gw.example.net", "gw.example.net"),
        ("api.example.com", "gw.example.net"),  # a domain without a certificate shares the edge's
        ("unknown.example", "gw.example.net"),
        (None, "gw.example.net"),
    ],
)
def test_the_certificate_of_the_server_name_is_shown(
    secure: Secure, server_name: str | None, shown: str
) -> None:
    with TlsConnection(secure.port, server_name) as connection:
        assert connection.names == [shown]


@pytest.mark.parametrize("host", ["own.example.org", "any.wild.example.org"])
def test_a_client_that_verifies_reaches_a_domain(secure: Secure, host: str) -> None:
    trust = "".join(self_signed(each).certificate.decode() for each in HOSTS.values())
    assert secure.get(host, f"{host}:8443", trust=trust).status == 200
    [received] = secure.guarded.backend.received()
    assert received.all(b"x-reached") == [b"users"]
    assert received.all(b"x-domain") == [host.encode()]


@pytest.mark.parametrize(
    ("server_name", "host"),
    [
        ("own.example.org", "api.example.com"),
        ("own.example.org", "any.wild.example.org"),
        ("own.example.org", "localhost"),
        ("own.example.org", "orders.localhost"),
        ("own.example.org", "nobody.example"),
        ("one.wild.example.org", "two.wild.example.org"),
        ("gw.example.net", "own.example.org"),
        ("unknown.example", "own.example.org"),
        (None, "own.example.org"),
        ("localhost", "api.example.com"),
    ],
)
def test_f6_a_connection_for_one_name_may_not_ask_another(
    secure: Secure, server_name: str | None, host: str
) -> None:
    answer = secure.get(server_name, host)
    assert (answer.status, answer.body) == (421, MISDIRECTED)
    assert secure.guarded.backend.received() == []


@pytest.mark.parametrize(
    ("server_name", "host", "path"),
    [
        ("gw.example.net", "gw.example.net", "/prod/x"),
        (None, "127.0.0.1", "/prod/x"),
        ("localhost", "orders.localhost", "/prod/x"),
        ("api.example.com", "API.example.com.:1", "/x"),
        (None, "api.example.com", "/x"),
    ],
)
def test_names_that_are_no_domains_with_certificates_are_reached_as_before(
    secure: Secure, server_name: str | None, host: str, path: str
) -> None:
    assert secure.get(server_name, host, path).status == 200


def test_http2_requests_of_a_connection_are_judged_one_by_one(secure: Secure) -> None:
    def ask(authority: bytes) -> list[tuple[bytes, bytes]]:
        return [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", authority), (b":path", b"/x")]

    with tls_http2(secure.port, "own.example.org") as connection:
        assert connection.request(ask(b"own.example.org")).status == 200
        outcome = connection.request(ask(b"api.example.com"))
        assert (outcome.status, outcome.body) == (421, MISDIRECTED)
        assert connection.request(ask(b"own.example.org")).status == 200


def test_a_client_that_speaks_plain_http_is_hung_up_on(secure: Secure) -> None:
    assert exchange(secure.port, b"GET /x HTTP/1.1\r\nHost: own.example.org\r\n\r\n") == []


def answer_to_hello(port: int, version: bytes, server_name: bytes) -> bytes:
    """What the server says to a first message of TLS up to 1.2, written here byte by byte."""
    names = b"\x00" + len(server_name).to_bytes(2) + server_name
    extension = b"\x00\x00" + (len(names) + 2).to_bytes(2) + len(names).to_bytes(2) + names
    groups = b"\x00\x0a\x00\x04\x00\x02\x00\x17\x00\x0d\x00\x04\x00\x02\x04\x03"
    extensions = extension + groups
    hello = version + bytes(32) + b"\x00" + b"\x00\x04\xc0\x2b\xc0\x09" + b"\x01\x00"
    hello += len(extensions).to_bytes(2) + extensions
    handshake = b"\x01" + len(hello).to_bytes(3) + hello
    received = b""
    with RawConnection(port) as connection:
        connection.send(b"\x16\x03\x01" + len(handshake).to_bytes(2) + handshake)
        while received[:1] != b"\x16" and (data := connection.receive_bytes()):
            received += data
    return received


def test_f6_old_versions_of_tls_are_refused(secure: Secure) -> None:
    assert answer_to_hello(secure.port, b"\x03\x03", b"own.example.org")[:1] == b"\x16"  # a handshake
    for version in (b"\x03\x00", b"\x03\x01", b"\x03\x02"):
        refusal = answer_to_hello(secure.port, version, b"own.example.org")
        assert refusal[:1] in (b"", b"\x15"), refusal  # an alert at most


def test_f6_a_server_name_with_a_nul_gets_no_handshake(secure: Secure) -> None:
    for name in (b"own.example.org\x00", b"own.example.org\x00.evil.example", b"\x00"):
        assert answer_to_hello(secure.port, b"\x03\x03", name)[:1] in (b"", b"\x15")


def renewed(host: str) -> Pair:
    """Another certificate for the same host."""
    make: Callable[[str], Pair] = self_signed.__wrapped__
    return make(host)


def test_renewed_files_are_shown_without_a_restart_and_bad_ones_are_not(secure: Secure) -> None:
    def serial() -> int:
        with TlsConnection(secure.port, "own.example.org") as connection:
            return connection.certificate.serial_number

    before = serial()
    output = secure.guarded.gateway.output
    (secure.certificates / "own.pem").write_bytes(self_signed("other.example").certificate)
    output.wait_for("GL283")
    assert serial() == before
    pair = self_signed("other.example")
    put(secure.certificates, "own", pair)
    output.wait_for("GL288")
    assert serial() == before
    with TlsConnection(secure.port, "own.example.org") as open_before:
        put(secure.certificates, "own", renewed("own.example.org"))
        assert any(serial() != before for _ in range(HANDSHAKES))
        open_before.send(b"GET /x HTTP/1.1\r\nHost: own.example.org\r\n\r\n")
        answer = open_before.receive()
        assert answer is not None
        assert answer.status == 200


def test_a_certificate_that_expires_soon_is_told(secure: Secure) -> None:
    line = secure.guarded.gateway.output.wait_for("GL285")
    assert "expires on" in line
