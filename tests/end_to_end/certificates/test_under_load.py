"""Certificates change while clients send requests: none fails, and what was revoked opens nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateline.authority.certificates import issue_client
from gateline.runtime import control_client
from harness.busy_callers import BusyCallers

from .conftest import REFUSED, Shop, request

ROTATIONS = 20
PATIENCE = 300.0

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("certificates")]


def asked(shop: Shop, **what: Any) -> dict[str, Any]:
    """What the gateway answers to a command about certificates."""
    command = {"do": "certificates", **what}
    return asyncio.run(
        control_client.ask(shop.folder / "gateline.yaml", shop.gateway.state, command, PATIENCE)
    )


def serial_seen(shop: Shop, path: str) -> str:
    """The serial number of the client certificate that the server at this path has been shown."""
    return shop.get(path).body.decode().rpartition(" ")[2].lower().lstrip("0")


@pytest.mark.parametrize("path", ["/prod/uvicorn", "/prod/nginx", "/prod/node", "/prod/wired"])
def test_twenty_client_certificates_fail_no_request(shop: Shop, path: str) -> None:
    serials = set()
    with BusyCallers(shop.gateway.port, request(path)) as callers:
        for _ in range(ROTATIONS):
            [row] = asked(shop, action="rotate", name="gateway-identity")["certificates"]
            serials.add(row["serial"])
            callers.go_on_for(5)
    assert set(callers.answers) == {200}, callers.answers
    assert callers.refused == 0
    assert len(serials) == ROTATIONS


def test_a_new_certificate_is_shown_on_new_connections(shop: Shop) -> None:
    [row] = asked(shop, action="rotate", name="gateway-identity")["certificates"]
    with ThreadPoolExecutor(8) as pool:  # more at once than there are open connections to the server
        for _ in range(100):
            if row["serial"] in pool.map(lambda _: serial_seen(shop, "/prod/node"), range(16)):
                return
    raise AssertionError("the former certificate is shown for ever")


def test_a_control_that_is_killed_meanwhile_leaves_no_revocation_half_done(shop: Shop) -> None:
    former = shop.authority().believed
    with BusyCallers(shop.gateway.port, request("/prod/node")) as callers:
        assert asked(shop, action="revoke", overlap=1)["under_way"]
        os.kill(shop.control, signal.SIGKILL)
        both = shop.authority()
        assert (len(both.all), both.signer) == (2, 0)
        shop.until(lambda authority: authority.next_step is None and len(authority.all) == 1)
        callers.go_on_for(5)
    assert set(callers.answers) == {200}, callers.answers
    assert shop.authority().believed == both.all[1].chain != former


def test_what_was_revoked_opens_nothing_and_no_request_fails_meanwhile(shop: Shop) -> None:
    former, now = shop.authority(), datetime.now(UTC)
    stolen = issue_client(former.signs, "shop", "gateway-identity", now=now, life=timedelta(days=1))
    servers = ("uvicorn", "nginx", "node", "end-host")
    assert {shop.directly(server, stolen) for server in servers} == {200}
    with (
        BusyCallers(shop.gateway.port, request("/prod/uvicorn")) as one,
        BusyCallers(shop.gateway.port, request("/prod/wired")) as other,
    ):
        answer = asked(shop, action="revoke", overlap=0)
        one.go_on_for(5)
        other.go_on_for(5)
    assert not answer["under_way"]
    assert (set(one.answers), set(other.answers)) == ({200}, {200}), (one.answers, other.answers)
    assert (one.refused, other.refused) == (0, 0)
    [authority] = shop.authority().all
    assert authority.chain != former.believed
    assert {shop.directly(server, stolen) for server in servers} <= {REFUSED, 400}
    anew = issue_client(authority, "shop", "gateway-identity", now=now, life=timedelta(days=1))
    assert {shop.directly(server, anew) for server in servers} == {200}
