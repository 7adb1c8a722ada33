"""Services that verify the gateway themselves let in nobody else, and the gateway speaks with nobody else."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from gateline.authority.certificates import issue_client, issue_service, make_authority
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault

from .conftest import REFUSED, Shop, admin

DAY: Final = timedelta(days=1)
SERVERS: Final = ("uvicorn", "nginx", "node", "end-host")

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("certificates")]


@pytest.mark.parametrize("path", ["/uvicorn", "/nginx", "/node"])
def test_the_gateway_is_let_in_by_servers_that_verify_it(shop: Shop, path: str) -> None:
    answer = shop.get(f"/prod{path}")
    assert answer.status == 200, answer.raw


def test_through_a_network_balancer_the_end_host_sees_the_gateways_certificate(shop: Shop) -> None:
    answer = shop.get("/prod/wired")
    assert answer.status == 200, answer.raw
    assert answer.body.startswith(b"URI:spiffe://shop/gateway/gateway-identity ")


@pytest.mark.parametrize("path", ["/node", "/wired"])
def test_each_stage_shows_its_own(shop: Shop, path: str) -> None:
    answer = shop.get(f"/wrong{path}")
    assert answer.status == 403, answer.raw
    assert answer.body.startswith(b"URI:spiffe://shop/gateway/other ")


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_refuses_whoever_is_not_the_gateway(shop: Shop, server: str) -> None:
    authority, now = shop.authority().signs, datetime.now(UTC)
    refused = (REFUSED, 400)  # nginx says why
    assert shop.directly(server, None) in refused, "no certificate"
    foreign = issue_client(make_authority("shop", now), "shop", "gateway-identity", now=now, life=DAY)
    assert shop.directly(server, foreign) in refused, "an authority of the same name"
    expired = issue_client(authority, "shop", "gateway-identity", now=now - 2 * DAY, life=DAY)
    assert shop.directly(server, expired) in refused, "expired"
    neighbour = issue_service(authority, "shop", "neighbour", now=now, life=DAY)
    assert shop.directly(server, neighbour) in refused, "another service"
    genuine = issue_client(authority, "shop", "gateway-identity", now=now, life=DAY)
    assert shop.directly(server, genuine) == 200, "else nothing above was refused for what it is"


@pytest.mark.parametrize("server", ["nginx", "node", "end-host"])
def test_a_server_that_names_whom_it_lets_in_refuses_the_gateway_by_another_name(
    shop: Shop, server: str
) -> None:
    other = issue_client(shop.authority().signs, "shop", "other", now=datetime.now(UTC), life=DAY)
    assert shop.directly(server, other) == 403


def test_a_sidecar_with_an_identity_of_the_authority_lets_in_the_gateway_alone(shop: Shop) -> None:
    shop.application.clear()
    answer = shop.get("/prod/sidecar")
    assert answer.status == 200, answer.raw
    assert len(shop.application.received()) == 1
    authority, now = shop.authority().signs, datetime.now(UTC)
    other = issue_client(authority, "shop", "other", now=now, life=DAY)
    assert shop.directly("sidecar", None) == REFUSED
    assert shop.directly("sidecar", other) == REFUSED
    assert len(shop.application.received()) == 1


@pytest.mark.parametrize("path", ["/prod/impostor", "/prod/foreign"])
def test_the_gateway_says_nothing_to_a_server_that_is_somebody_else(shop: Shop, path: str) -> None:
    answer = shop.get(path)  # load-balancers.md section 9: the handshake failed
    assert answer.status == 502, answer.raw
    assert b"spiffe" not in answer.raw


def test_no_dump_of_envoys_configuration_holds_a_private_key(shop: Shop) -> None:
    vault = Vault(StateDir(path=shop.gateway.state, sockets=shop.gateway.state), {})
    kept = [json.loads(vault.read(name) or b"{}") for name in vault.names("certificate/")]
    told = admin(shop.gateway.admin_socket, "/config_dump?include_eds")
    assert kept
    for each in kept:
        assert base64.b64encode(each["key"].encode()) not in told
        assert base64.b64encode(each["chain"].encode()) in told or each["identity"].find("/service/") > 0
    assert b"PRIVATE KEY" not in told


def test_no_private_key_is_printed_logged_or_lies_open(shop: Shop) -> None:
    texts = {path: path.read_bytes() for path in shop.gateway.state.rglob("*") if path.is_file()}
    assert not [path for path, text in texts.items() if b"PRIVATE KEY" in text]
    assert "PRIVATE KEY" not in shop.gateway.output.text
