from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateline.authority.certificates import issue_client, make_authority
from gateline.model.client_certificate import ClientCertificate
from gateline.model.gateway import Keyring
from gateline.model.secret import Certificate, Secret
from gateline.runtime.certificate_facts import facts, given
from gateline.runtime.state_dir import StateDir, hold_state_dir
from golden.self_signed import self_signed
from runtime.issuing import HERE, NOW, SHOP, Serves

DAY = timedelta(days=1)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def test_what_was_issued_is_told_with_its_identity_its_end_and_when_it_is_renewed(
    state: StateDir, tmp_path: Path
) -> None:
    serving = Serves(state, tmp_path)
    asyncio.run(serving.take_in())
    assert serving.served is not None
    mine, orders, authority = facts(SHOP, serving.served.keyring, state)
    assert (mine.kind, mine.name, mine.identity) == ("client", "mine", "spiffe://shop/gateway/mine")
    assert (orders.kind, orders.identity) == ("service", "spiffe://shop/service/orders")
    assert (authority.kind, authority.name, authority.renewed) == ("authority", "shop", None)
    assert mine.renewed is not None
    assert timedelta() < mine.expires - mine.renewed <= DAY
    told = mine.told()
    assert told["expires"].endswith("Z")
    assert set(told) == {"kind", "name", "identity", "serial", "expires", "renewed", "source"}


def test_what_files_hold_and_nobody_renews_is_told_too() -> None:
    authority = make_authority("elsewhere", NOW)
    client = issue_client(authority, "elsewhere", "given", now=NOW, life=DAY)
    pair = self_signed("gw.example.com")
    edge = Certificate(name="edge", chain=pair.certificate, private_key=Secret("k", pair.private_key))
    gateway = replace(
        SHOP,
        client_certificates=(
            ClientCertificate(name="given", certificate="/a.pem", private_key="/a.key", origin=HERE),
        ),
    )
    keyring = Keyring(
        client_certificates=(client,),
        authorities=(("/ca.pem", authority.chain + make_authority("b", NOW).chain),),
        edge_certificate=edge,
        certificates=(replace(edge, name="api.example.com"),),
    )
    assert [each.source for each in given(gateway, keyring)][2:] == ["file", "self-signed", "self-signed"]
    found = [(each.kind, each.name, each.identity) for each in given(gateway, keyring)]
    assert found == [
        ("client", "given", "spiffe://elsewhere/gateway/given"),
        ("trusted", "/ca.pem", "CN=Gateline elsewhere"),
        ("trusted", "/ca.pem", "CN=Gateline b"),
        ("edge", "edge", "gw.example.com"),
        ("listener", "api.example.com", "gw.example.com"),
    ]
