"""Who a node is: enrolled once, kept in its folder, renewed with its own key."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from gateline.errors import FileUnreadable, GatelineError
from gateline.link.identity import Identity, enrolled
from gateline.runtime.link_desk import NODE_LIFE
from link.tls_gateway import TlsGateway

T = TypeVar("T")


@pytest.fixture
def gateway(tmp_path: Path) -> TlsGateway:
    return TlsGateway(tmp_path / "gateway")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "node"
    folder.mkdir(mode=0o700)
    return folder


def while_it_serves(gateway: TlsGateway, work: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        async with gateway.serving():
            return await work()

    return asyncio.run(run())


def now() -> datetime:
    return datetime.now(UTC)


def enroll(gateway: TlsGateway, folder: Path, called: str = "token") -> Identity:
    async def work() -> Identity:
        path = folder.parent / called
        return await enrolled(folder, path if path.exists() else gateway.token(path), now())

    return while_it_serves(gateway, work)


def test_a_node_enrols_once_and_then_knows_who_it_is(gateway: TlsGateway, folder: Path) -> None:
    first = enroll(gateway, folder)
    assert (first.tunnel, first.node, first.connections) == ("plant", "n1", 4)
    assert first.gateway == ("127.0.0.1", gateway.port)
    again = asyncio.run(enrolled(folder, folder.parent / "token", now()))
    assert again == first
    assert asyncio.run(enrolled(folder, None, now())) == first
    assert len(gateway.asked) == 1


def test_the_private_key_never_leaves_and_nobody_else_may_read_it(gateway: TlsGateway, folder: Path) -> None:
    enroll(gateway, folder)
    kept = json.loads((folder / "certificate.json").read_bytes())["resources"][0]["tls_certificate"]
    key = kept["private_key"]["inline_string"]
    assert "PRIVATE KEY" in key
    assert key not in json.dumps(gateway.asked)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_used_token_is_refused(gateway: TlsGateway, folder: Path, tmp_path: Path) -> None:
    enroll(gateway, folder)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(GatelineError, match="the gateway refuses: the token is used, expired or none"):
        enroll(gateway, other)


def test_an_expired_token_is_not_even_shown_to_the_gateway(gateway: TlsGateway, folder: Path) -> None:
    token = gateway.token(folder.parent / "token")
    with pytest.raises(GatelineError, match="expired"):
        asyncio.run(enrolled(folder, token, now() + timedelta(days=8)))


def test_the_secret_is_told_to_no_other_gateway(gateway: TlsGateway, folder: Path, tmp_path: Path) -> None:
    impostor = TlsGateway(tmp_path / "impostor")

    async def work() -> None:
        async with impostor.serving():
            gateway.port = impostor.port
            await enrolled(folder, gateway.token(tmp_path / "token"), now())

    with pytest.raises(GatelineError, match="not the gateway of the token"):
        asyncio.run(work())
    assert impostor.asked == []


def test_a_gateway_that_is_away_is_told(gateway: TlsGateway, folder: Path) -> None:
    gateway.port = 1
    with pytest.raises(GatelineError, match="does not answer"):
        asyncio.run(enrolled(folder, gateway.token(folder.parent / "token"), now()))


def test_a_renewal_keeps_the_name_and_changes_key_and_certificate_at_once(
    gateway: TlsGateway, folder: Path
) -> None:
    first = enroll(gateway, folder)
    before = (folder / "certificate.json").read_bytes()
    renewed = while_it_serves(gateway, first.renew)
    after = (folder / "certificate.json").read_bytes()
    assert renewed.name == first.name
    assert renewed.expires() >= first.renewal_due() + NODE_LIFE / 3
    keys = [
        json.loads(each)["resources"][0]["tls_certificate"]["private_key"]["inline_string"]
        for each in (before, after)
    ]
    assert keys[0] != keys[1]
    assert keys[1] not in json.dumps(gateway.asked)


def test_a_revoked_node_is_not_renewed_and_enrols_anew_with_another_token(
    gateway: TlsGateway, folder: Path
) -> None:
    first = enroll(gateway, folder)
    gateway.desk.revoke("plant", "n1")
    with pytest.raises(GatelineError, match="not enrolled any more"):
        while_it_serves(gateway, first.renew)
    second = enroll(gateway, folder, "another")
    assert second.name != first.name


def test_without_token_and_identity_there_is_no_node(folder: Path) -> None:
    with pytest.raises(GatelineError, match="not enrolled"):
        asyncio.run(enrolled(folder, None, now()))
    with pytest.raises(FileUnreadable):
        asyncio.run(enrolled(folder, folder / "missing", now()))
    (folder / "token").write_text('{"secret": "s"}', encoding="utf-8")
    with pytest.raises(FileUnreadable, match="is no token"):
        asyncio.run(enrolled(folder, folder / "token", now()))


def test_a_node_whose_certificate_has_ended_says_so(gateway: TlsGateway, folder: Path) -> None:
    enroll(gateway, folder)
    with pytest.raises(GatelineError, match="has ended"):
        asyncio.run(enrolled(folder, None, now() + NODE_LIFE))
