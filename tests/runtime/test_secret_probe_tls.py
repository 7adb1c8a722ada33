"""Probes over TLS, against a server that asks for the gateway's certificate, or for none."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateline.authority.certificates import issue_client, issue_service, make_authority
from gateline.model.client_certificate import BUILT_IN
from gateline.model.gateway import Keyring
from gateline.model.secret import Certificate, SecretRef
from gateline.runtime.secret_probe import Says, Verdict, ask
from gateline.runtime.secret_probe_tls import server_name
from gateline.runtime.secret_use import Header, Place, Transport

NOW = datetime.now(UTC)
AUTHORITY = make_authority("shop", NOW)
FOREIGN = make_authority("shop", NOW)
ORDERS = issue_service(AUTHORITY, "shop", "orders", now=NOW, life=timedelta(days=1))
MINE = issue_client(AUTHORITY, "shop", "mine", now=NOW, life=timedelta(days=1))
KEYRING = Keyring(authority=AUTHORITY.chain, client_certificates=(MINE,))
VERIFIED = Place(
    label="it",
    host="127.0.0.1",
    transport=Transport.VERIFIED,
    authority=BUILT_IN,
    identity="spiffe://shop/service/orders",
    client_certificate="mine",
)


def serving(folder: Path, certificate: Certificate, *, asks: bool) -> ssl.SSLContext:
    path = folder / "server.pem"
    path.write_bytes(certificate.private_key.reveal() + b"\n" + certificate.chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=AUTHORITY.chain.decode())
    return context


def asked(folder: Path, place: Place, keyring: Keyring = KEYRING, *, asks: bool = True) -> Verdict:
    """What a guard behind TLS says."""

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 X\r\nx-gateline-guard: 1\r\n\r\n")
        await writer.drain()
        writer.close()

    async def story() -> Verdict:
        server = await asyncio.start_server(attend, "127.0.0.1", 0, ssl=serving(folder, ORDERS, asks=asks))
        async with server:
            port = server.sockets[0].getsockname()[1]
            header = Header("X-Pass", (SecretRef("Token"),))
            return await ask(replace(place, port=port), (header,), {"Token": b"v"}, keyring=keyring)

    return asyncio.run(story())


def change(**fields: str) -> Place:
    return replace(VERIFIED, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("identity", ["spiffe://shop/service/orders", "orders", "127.0.0.1", ""])
def test_who_is_who_he_should_be_is_asked_with_the_gateways_certificate(
    tmp_path: Path, identity: str
) -> None:
    assert asked(tmp_path, change(identity=identity)) == Verdict(Says.ACCEPTED)


@pytest.mark.parametrize("identity", ["spiffe://shop/service/basket", "basket", "127.0.0.2"])
def test_nobody_else_is_told_the_value(tmp_path: Path, identity: str) -> None:
    verdict = asked(tmp_path, change(identity=identity))
    assert verdict.says is Says.NOTHING
    assert "certificate" in verdict.reason


def test_whom_another_authority_vouches_for_is_not_believed(tmp_path: Path) -> None:
    verdict = asked(tmp_path, VERIFIED, Keyring(authority=FOREIGN.chain, client_certificates=(MINE,)))
    assert verdict.says is Says.NOTHING
    assert "certificate" in verdict.reason


def test_an_authority_of_a_file_and_the_machines_own_are_taken_where_they_are_named(tmp_path: Path) -> None:
    given = Keyring(authorities=(("/ca.pem", AUTHORITY.chain),), client_certificates=(MINE,))
    assert asked(tmp_path, change(authority="/ca.pem"), given).says is Says.ACCEPTED
    trusted = Keyring(trust=AUTHORITY.chain, client_certificates=(MINE,))
    assert asked(tmp_path, change(authority=""), trusted).says is Says.ACCEPTED
    assert asked(tmp_path, change(authority=""), given).says is Says.NOTHING


def test_without_the_gateways_certificate_such_a_server_says_nothing(tmp_path: Path) -> None:
    assert asked(tmp_path, change(client_certificate="")).says is Says.NOTHING


def test_where_nobody_is_verified_any_certificate_will_do(tmp_path: Path) -> None:
    place = Place(label="it", host="127.0.0.1", transport=Transport.TLS)
    assert asked(tmp_path, place, Keyring(), asks=False) == Verdict(Says.ACCEPTED)


def test_a_machine_without_files_in_memory_shows_the_certificate_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert asked(tmp_path, VERIFIED) == Verdict(Says.ACCEPTED)


def test_the_name_that_is_asked_for_is_the_identity_unless_that_is_a_uri() -> None:
    assert server_name(VERIFIED) == "127.0.0.1"
    assert server_name(change(identity="orders.internal")) == "orders.internal"
    assert server_name(Place(label="it", socket="/s")) == "localhost"
