from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateline.authority.certificates import issue_client, make_authority
from gateline.model.secret import Certificate
from gateline.model.target_group import HealthCheck, TargetProtocol
from gateline.services.port import LOOPBACK, free_port
from gateline.services.probe import LONGEST_LINE, MOST_LINES, Answer, probe

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

WELL: Final = Answer(well=True)
CHECK: Final = HealthCheck(path="/health?deep=1")
QUICK: Final = HealthCheck(timeout=timedelta(milliseconds=50))


def says(answer: bytes, heard: list[bytes] | None = None, *, stays: bool = False) -> Serve:
    """A server that reads a request's head, says this and ends the connection; or it stays."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(head)
        writer.write(answer)
        await writer.drain()
        if stays:
            await reader.read()

    return serve


@asynccontextmanager
async def served(serve: Serve, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server at a port of loopback; all its connections are over when it ends."""
    open_now: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            open_now.discard(task)

    server = await asyncio.start_server(connected, LOOPBACK, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*open_now)
        await server.wait_closed()


def asked(serve: Serve, check: HealthCheck = CHECK) -> Answer:
    """What a probe of such a server answers."""

    async def ask() -> Answer:
        async with served(serve) as port:
            return await probe(check, port=port)

    return asyncio.run(ask())


def test_it_asks_as_a_balancer_does() -> None:
    heard: list[bytes] = []

    async def ask() -> int:
        async with served(says(b"HTTP/1.1 200 OK\r\n\r\n", heard)) as port:
            assert await probe(CHECK, port=port) == WELL
            return port

    port = asyncio.run(ask())
    assert heard == [
        b"GET /health?deep=1 HTTP/1.1\r\n"
        b"Host: 127.0.0.1:%d\r\nUser-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n" % port
    ]


@pytest.mark.parametrize("line", [b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 200 "])
def test_an_answer_without_a_body_or_a_reason_is_an_answer(line: bytes) -> None:
    assert asked(says(line + b"\r\nA: b\r\n\r\n")) == WELL


def test_a_code_outside_the_matcher_is_told() -> None:
    answer = asked(says(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"))
    assert answer == Answer(well=False, reason="Health checks failed with these codes: [503]")


def test_a_redirect_is_its_code() -> None:
    answer = asked(says(b"HTTP/1.1 301 Away\r\nLocation: /health\r\n\r\n"))
    assert answer.reason == "Health checks failed with these codes: [301]"


def test_the_matcher_holds_ranges() -> None:
    check = HealthCheck(matcher=((200, 204), (404, 404)))
    statuses = (200, 204, 205, 404, 405)
    well = [asked(says(b"HTTP/1.1 %d X\r\n\r\n" % status), check).well for status in statuses]
    assert well == [True, True, False, True, False]


def test_the_final_answer_counts_not_the_informational_one() -> None:
    assert asked(says(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")) == WELL


def test_no_answer_in_time_is_a_timeout() -> None:
    assert asked(says(b"", stays=True), QUICK) == Answer(well=False, reason="Request timed out")


def test_an_answer_that_comes_too_slowly_is_a_timeout() -> None:
    assert asked(says(b"HTTP/1.1 200 OK\r\nA: ", stays=True), QUICK).reason == "Request timed out"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"x" * (LONGEST_LINE * 3),
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * (MOST_LINES + 1),
        b"HTTP/1.1 100 Go\r\n\r\n" * (MOST_LINES + 1),
    ],
    ids=["another protocol", "HTTP/2", "no code", "a long line", "many lines", "many answers"],
)
def test_what_is_not_http_is_not_well_and_is_not_read_forever(answer: bytes) -> None:
    assert asked(says(answer)).reason == "Health checks failed (the answer is not HTTP)"


def test_a_server_that_keeps_the_connection_open_is_well_nonetheless_whatever_the_timeout() -> None:
    assert asked(says(b"HTTP/1.1 200 OK\r\n\r\n", stays=True), QUICK) == WELL


def test_an_honest_server_may_say_all_it_has_to_say() -> None:
    said = []

    async def long_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(100):
            writer.write(b"x" * 10_000)
            await writer.drain()
        said.append("all")

    assert asked(long_answer) == WELL
    assert said == ["all"]


def test_a_connection_that_ends_before_the_answer_is_not_well() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    assert not asked(hang_up).well


@pytest.mark.parametrize("protocol", list(TargetProtocol))
def test_where_nobody_listens_nobody_is_well(protocol: TargetProtocol) -> None:
    answer = asyncio.run(probe(HealthCheck(protocol=protocol), port=free_port()))
    assert not answer.well
    assert answer.reason.startswith("Health checks failed (")


def test_a_missing_socket_is_not_well(tmp_path: Path) -> None:
    answer = asyncio.run(probe(CHECK, socket=str(tmp_path / "s")))
    assert answer == Answer(well=False, reason="Health checks failed (No such file or directory)")


def test_a_check_by_tcp_only_connects() -> None:
    assert asked(says(b"", stays=True), HealthCheck(protocol=TargetProtocol.TCP)) == WELL


def test_a_unix_socket_is_asked_as_localhost(tmp_path: Path) -> None:
    heard: list[bytes] = []
    place = str(tmp_path / "s")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()
        writer.close()

    async def ask() -> Answer:
        server = await asyncio.start_unix_server(connected, place)
        async with server:
            return await probe(CHECK, socket=place)

    assert asyncio.run(ask()) == WELL
    assert b"\r\nHost: localhost\r\n" in heard[0]


def test_a_check_with_a_port_of_its_own_asks_there(tmp_path: Path) -> None:
    async def ask() -> Answer:
        async with served(says(b"HTTP/1.1 200 OK\r\n\r\n")) as port:
            return await probe(HealthCheck(port=port), socket=str(tmp_path / "nobody"))

    assert asyncio.run(ask()) == WELL


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's context whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now - timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("10.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_certificates_of_targets_are_not_verified(tmp_path: Path) -> None:
    async def ask() -> Answer:
        async with served(says(b"HTTP/1.1 200 OK\r\n\r\n"), tls=self_signed(tmp_path)) as port:
            return await probe(HealthCheck(protocol=TargetProtocol.HTTPS), port=port)

    assert asyncio.run(ask()) == WELL


def test_a_target_that_lets_in_nobody_without_a_certificate_is_shown_one(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = make_authority("shop", now)
    shown = issue_client(authority, "shop", "mine", now=now, life=timedelta(hours=1))
    context = self_signed(tmp_path)
    context.load_verify_locations(cadata=authority.chain.decode())
    context.verify_mode = ssl.CERT_REQUIRED

    async def ask(certificate: Certificate | None) -> Answer:
        async with served(says(b"HTTP/1.1 200 OK\r\n\r\n"), tls=context) as port:
            return await probe(HealthCheck(protocol=TargetProtocol.HTTPS), port=port, shown=certificate)

    assert asyncio.run(ask(shown)) == WELL
    assert not asyncio.run(ask(None)).well


def test_a_target_that_does_not_speak_tls_is_not_well() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()

    answer = asked(plain, HealthCheck(protocol=TargetProtocol.HTTPS))
    assert not answer.well
    assert answer.reason.startswith("Health checks failed (")
