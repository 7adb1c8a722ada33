"""The way to providers."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateline.host.provider import (
    AnswerTooLarge,
    Provider,
    ProviderReply,
    ProviderTimeout,
    ProviderUnreachable,
)
from golden.self_signed import self_signed
from harness.nasty_provider import NastyProvider, _Server, a_nasty_provider


def asked(url: str, *, ca: str = "", patience: float = 8, largest: int = 100) -> ProviderReply:
    """What a GET is answered with."""

    async def run() -> ProviderReply:
        provider = Provider(ca, patience=patience)
        try:
            return await provider.ask("GET", url, headers=[("X-Said", "so")], largest=largest)
        finally:
            await provider.close()

    return asyncio.run(run())


def test_an_answer_is_read_whole() -> None:
    with a_nasty_provider(answers={"/a": lambda _: (203, {}, b"x" * 100)}) as fake:
        reply = asked(f"{fake.issuer}/a")
        assert (reply.status, len(reply.body)) == (203, 100)
        assert "xxx" not in repr(reply)
        said = fake.asked[0].headers
        assert said["x-said"] == "so"
        assert (said["accept-encoding"], said["accept"]) == ("identity", "application/json")


def test_more_than_is_allowed_is_not_read() -> None:
    with (
        a_nasty_provider(answers={"/a": lambda _: (200, {}, b"x" * 101)}) as fake,
        pytest.raises(AnswerTooLarge),
    ):
        asked(f"{fake.issuer}/a")


def test_redirects_are_not_followed() -> None:
    with a_nasty_provider(answers={"/a": lambda _: (302, {"Location": "/b"}, b"")}) as fake:
        assert asked(f"{fake.issuer}/a").status == 302
        assert fake.count("/b") == 0


def test_an_answer_that_does_not_come_in_time() -> None:
    with a_nasty_provider() as fake:
        fake.gate.clear()
        with pytest.raises(ProviderTimeout):
            asked(f"{fake.issuer}/a", patience=0.05)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",  # nobody listens
        "https://nobody.invalid/",
        "http://192.0.2.1/",
        "https://169.254.169.254/",
        "https://metadata.google.internal/",
        "ftp://127.0.0.1/",
        "",
    ],
)
def test_what_cannot_or_must_not_be_reached(url: str) -> None:
    with pytest.raises(ProviderUnreachable):
        asked(url)


def test_a_name_that_leads_to_metadata_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()

        async def lead_astray(*_: object, **__: object) -> list[tuple[object, ...]]:
            return [(2, 1, 6, "", ("169.254.169.254", 443)), (10, 1, 6, "", ("fe80::1", 443, 0, 0))]

        monkeypatch.setattr(loop, "getaddrinfo", lead_astray)
        provider = Provider()
        with pytest.raises(ProviderUnreachable, match="ConnectError"):
            await provider.ask("GET", "https://id.example.com/", headers=(), largest=1)
        await provider.close()

    asyncio.run(run())


def test_the_next_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(fake: NastyProvider) -> None:
        loop = asyncio.get_running_loop()

        async def two(*_: object, **__: object) -> list[tuple[object, ...]]:
            return [(2, 1, 6, "", ("127.0.0.2", 1)), (2, 1, 6, "", ("127.0.0.1", fake.port))]

        monkeypatch.setattr(loop, "getaddrinfo", two)
        provider = Provider()
        reply = await provider.ask("GET", f"http://localhost:{fake.port}/", headers=(), largest=100)
        assert reply.status == 404
        await provider.close()

    with a_nasty_provider() as fake:
        asyncio.run(run(fake))


@pytest.mark.parametrize(
    "ca",
    [
        "no certificate",
        "\ufffd",
        "# \u00e9\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
)
def test_authorities_that_are_none(ca: str) -> None:
    with pytest.raises(ValueError, match="no certificates"):
        Provider(ca)


def test_tls_is_verified_by_the_authorities_that_are_named(tmp_path: Path) -> None:
    with speaking_tls(tmp_path) as (url, ca):
        assert asked(url, ca=ca).status == 404
        assert asked(url, ca=f"# Certificação \ufffd\n{ca}").status == 404
        for believed in ("", self_signed("elsewhere").certificate.decode()):
            with pytest.raises(ProviderUnreachable, match="ConnectError"):
                asked(url, ca=believed)
        with pytest.raises(ProviderUnreachable, match="ConnectError"):
            asked(url.replace("localhost", "127.0.0.1"), ca=ca)  # the certificate names localhost only


@contextmanager
def speaking_tls(folder: Path) -> Iterator[tuple[str, str]]:
    """A provider at localhost that speaks TLS: its URL, and its authority (PEM)."""
    fake = NastyProvider()
    fake.gate.set()
    pair = self_signed("localhost")
    (folder / "server").write_bytes(pair.private_key + pair.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server")
    with _Server(fake) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}/x", pair.certificate.decode()
        finally:
            server.shutdown()
            thread.join()
