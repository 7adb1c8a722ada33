from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateline.model.assertion import Assertion
from gateline.model.gateway import Edge, Gateway
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi, Stage
from gateline.prove.token import Token, forged_tokens
from gateline.runtime.assertion_keys import kept_signer, signing
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.vault import Vault
from gateline_guard import Guard, Refused

STAGE = {"header": "x-gateline-assertion", "audience": "orders", "scope": "shop/prod", "binding": "request"}
INVENTORY: dict[str, Any] = {"project": "shop", "assertions": [STAGE]}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def keep_key(state: StateDir, folder: Path) -> str:
    """Have a key of the gateway's; the file of its key set."""
    here = Origin("gateline.yaml")
    stage = Stage(name="prod", assertion=Assertion(audience="orders", origin=here), origin=here)
    api = RestApi(name="shop", api_id="shop", stages=(stage,), origin=here)
    gateway = Gateway(name="shop", edge=Edge(origin=here), apis=(api,), origin=here)
    _, jwks = signing(gateway, state, datetime.now(UTC))
    (folder / "jwks.json").write_bytes(jwks)
    return str(folder / "jwks.json")


def test_the_guard_refuses_every_one_of_them(state: StateDir, tmp_path: Path) -> None:
    guard = Guard(jwks_file=keep_key(state, tmp_path), audience="orders", bind="request")
    found = forged_tokens(INVENTORY, Vault(state), datetime.now(UTC))
    assert len(found) == 7
    for token in found:
        with pytest.raises(Refused):
            guard.check("GET", "/", [(token.header, token.value)], b"")


def test_each_is_refused_for_its_own_fault_only(state: StateDir, tmp_path: Path) -> None:
    """A guard that looks at less takes the one whose fault it does not see."""
    jwks = keep_key(state, tmp_path)
    found = {token.means: token for token in forged_tokens(INVENTORY, Vault(state), datetime.now(UTC))}
    unbound = Guard(jwks_file=jwks, audience="orders")
    assert passes(unbound, found["assertion for orders of another request"])
    elsewhere = Guard(jwks_file=jwks, audience="gateline-prove")
    assert passes(elsewhere, found["assertion for another than orders"])


def passes(guard: Guard, token: Token) -> bool:
    return bool(guard.check("GET", "/", [(token.header, token.value)], b""))


def test_without_a_key_of_ours_only_foreign_ones_come(state: StateDir) -> None:
    means = [token.means for token in forged_tokens(INVENTORY, Vault(state), datetime.now(UTC))]
    assert means == ["assertion for orders of a foreign key", "unsigned assertion for orders"]
    assert kept_signer(Vault(state), datetime.now(UTC)) is None


def test_without_stages_that_sign_none_is_made(state: StateDir) -> None:
    assert forged_tokens({"project": "shop", "assertions": []}, Vault(state), datetime.now(UTC)) == ()


def test_no_token_prints_itself(state: StateDir) -> None:
    for token in forged_tokens(INVENTORY, Vault(state), datetime.now(UTC)):
        assert token.value not in repr(token)
