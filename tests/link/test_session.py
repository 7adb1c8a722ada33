"""The link's process: what it refuses to start with, and how it renews."""

from __future__ import annotations

import asyncio
import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.link import identity as identities
from gateline.link.identity import enrolled
from gateline.link.session import LinkSettings, renewals, say_connected, serve
from link.tls_gateway import TlsGateway


def settings(folder: Path, exports: str) -> LinkSettings:
    path = folder / "link.yaml"
    path.write_text(exports, encoding="utf-8")
    return LinkSettings(exports=path, folder=folder / "state", token=folder / "token", environ=os.environ)


def test_a_link_that_exports_nothing_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(GatelineError, match="exports nothing"):
        asyncio.run(serve(settings(tmp_path, "exports: {}"), print))
    assert not (tmp_path / "state").exists()


def test_a_file_for_another_tunnel_does_not_start(tmp_path: Path) -> None:
    gateway = TlsGateway(tmp_path / "gateway")

    async def work() -> None:
        async with gateway.serving():
            gateway.token(tmp_path / "token")
            await serve(settings(tmp_path, "tunnel: lab\nexports: {a: http://127.0.0.1:1}"), print)

    with pytest.raises(GatelineError, match="for the tunnel lab; this node is one of plant"):
        asyncio.run(work())


def test_two_links_do_not_share_a_folder(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    lock = os.open(tmp_path / "state" / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(GatelineError, match="another `gateline link` holds"):
            asyncio.run(serve(settings(tmp_path, "exports: {a: http://127.0.0.1:1}"), print))
    finally:
        os.close(lock)


def test_a_certificate_that_is_due_is_renewed_and_a_failure_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = TlsGateway(tmp_path / "gateway")
    folder = tmp_path / "node"
    folder.mkdir(mode=0o700)

    async def work() -> list[str]:
        told: asyncio.Queue[str] = asyncio.Queue()
        async with gateway.serving():
            node = await enrolled(folder, gateway.token(tmp_path / "token"), datetime.now(UTC))
        monkeypatch.setattr(identities, "RENEWED_AFTER", 0.0)  # due as soon as it is there
        renewing = asyncio.ensure_future(renewals(node, told.put_nowait, again=0.01))
        failed = await told.get()
        async with gateway.serving():
            renewed = failed
            while "not renewed" in renewed:
                renewed = await told.get()
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        return [failed, renewed]

    failed, renewed = asyncio.run(work())
    assert failed.startswith("the certificate was not renewed: the gateway at ")
    assert renewed.startswith("the certificate is renewed until ")


def test_it_is_told_whether_the_gateway_is_reached_and_when_that_changes() -> None:
    seen = iter((*(0,) * 9, 4, 4, 0, 2))

    async def gauges(pattern: str) -> dict[str, int]:
        count = next(seen, None)
        if count is None:
            raise asyncio.CancelledError
        return {pattern.strip("^$"): count}

    async def work() -> list[str]:
        told: list[str] = []
        with pytest.raises(asyncio.CancelledError):
            await say_connected(gauges, Path("envoy.log"), told.append, every=0.0)
        return told

    away = "not connected: it is tried again and again, envoy.log says why"
    assert asyncio.run(work()) == [away, "connected", away, "connected"]
