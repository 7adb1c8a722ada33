from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateline.authority.assertion import Claims, Signer
from gateline.errors import GatelineError
from gateline.model.assertion import Assertion
from gateline.model.gateway import Edge, Gateway
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi, Stage
from gateline.model.service import Service
from gateline.runtime.assertion_keys import (
    SHOWN_AFTER,
    SHOWN_BEFORE,
    due,
    is_wanted,
    kept_signer,
    signing,
)
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.vault import Vault
from gateline_guard import Guard

NOW = datetime(2030, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
HERE = Origin(file="gateline.yaml")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def gateway(every: timedelta = WEEK, assertion: Assertion | None = None, *, wanted: bool = True) -> Gateway:
    said = Assertion(audience="orders", origin=HERE) if wanted else None
    stage = Stage(name="prod", assertion=said, origin=HERE)
    api = RestApi(name="orders", api_id="orders", stages=(stage,), origin=HERE)
    return Gateway(name="shop", edge=Edge(origin=HERE), apis=(api,), assertion_keys_every=every, origin=HERE)


def signer_and_shown(state: StateDir, now: datetime, every: timedelta = WEEK) -> tuple[str, list[str]]:
    key, jwks = signing(gateway(every), state, now)
    assert key is not None
    return key.kid, [each["kid"] for each in json.loads(jwks)["keys"]]


def test_a_gateway_whose_stages_want_none_has_no_key_and_makes_none(state: StateDir) -> None:
    assert signing(gateway(wanted=False), state, NOW) == (None, b"")
    assert due(gateway(wanted=False), state, NOW) is None
    assert Vault(state).names() == ()


def test_the_first_key_signs_at_once_and_is_kept(state: StateDir) -> None:
    kid, shown = signer_and_shown(state, NOW)
    assert shown == [kid]
    assert signer_and_shown(state, NOW + SECOND) == (kid, [kid])


def test_who_asks_at_the_same_time_is_given_the_same_key(state: StateDir) -> None:
    together = threading.Barrier(4)

    def asked(_: int) -> str:
        together.wait(30)
        return signer_and_shown(state, NOW)[0]

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(asked, range(4)))) == 1


def test_a_key_is_shown_before_it_signs_and_after_another_does(state: StateDir) -> None:
    first, _ = signer_and_shown(state, NOW)
    made = NOW + WEEK - SHOWN_BEFORE
    assert signer_and_shown(state, made - SECOND) == (first, [first])
    signs, shown = signer_and_shown(state, made)
    assert signs == first
    second = shown[1]
    assert signer_and_shown(state, NOW + WEEK - SECOND) == (first, [first, second])
    assert signer_and_shown(state, NOW + WEEK) == (second, [first, second])
    assert signer_and_shown(state, NOW + WEEK + SHOWN_AFTER - SECOND) == (second, [first, second])
    assert signer_and_shown(state, NOW + WEEK + SHOWN_AFTER) == (second, [second])


def test_after_a_long_rest_the_new_key_is_shown_before_it_signs_all_the_same(state: StateDir) -> None:
    first, _ = signer_and_shown(state, NOW)
    late = NOW + 10 * WEEK
    signs, shown = signer_and_shown(state, late)
    assert (signs, len(shown)) == (first, 2)
    assert signer_and_shown(state, late + SHOWN_BEFORE) == (shown[1], shown)


def test_every_token_is_taken_by_whoever_saw_the_keys_at_any_moment_of_its_life(
    state: StateDir, tmp_path: Path
) -> None:
    """Keys change every 20 s here, and a service looks at its file between 8 s before a token and its end."""
    every, step, file = timedelta(seconds=20), 4 * SECOND, tmp_path / "jwks.json"
    moments = [NOW + number * step for number in range(40)]
    signed, shown = list[str](), list[bytes]()
    for now in moments:
        key, jwks = signing(gateway(every), state, now)
        assert key is not None
        claims = Claims(issuer="gateline:shop", audience="orders", principal="", scope="a/b", context={})
        signed.append(Signer(key).sign(claims, now.timestamp()))
        shown.append(jwks)
    assert len(set(shown)) > 7
    for number, token in enumerate(signed):
        for known in shown[max(0, number - 2) : number + 16]:
            file.write_bytes(known)
            guard = Guard(jwks_file=file, audience="orders", clock=moments[number].timestamp)
            guard.check("GET", "/", [("x-gateline-assertion", token)])


def test_it_is_due_whenever_it_would_say_something_else(state: StateDir) -> None:
    assert due(gateway(), state, NOW) is None
    before = signer_and_shown(state, NOW)
    now = NOW
    for _ in range(9):
        moment = due(gateway(), state, now)
        assert moment is not None
        assert moment > now
        assert signer_and_shown(state, moment - SECOND) == before
        now, before = moment, signer_and_shown(state, moment)
        assert due(gateway(), state, moment) != moment
    assert now > NOW + 2 * WEEK


def test_a_clock_that_is_put_back_leaves_a_key_that_signs(state: StateDir) -> None:
    kid, _ = signer_and_shown(state, NOW)
    assert signer_and_shown(state, NOW - 10 * WEEK) == (kid, [kid])


def test_no_file_and_no_value_shows_a_private_key(state: StateDir) -> None:
    key, jwks = signing(gateway(), state, NOW)
    assert key is not None
    pem = key.private_key.reveal()
    assert b"PRIVATE KEY" in pem
    assert "PRIVATE" not in repr(key) + jwks.decode()
    for file in state.path.rglob("*"):
        assert not file.is_file() or pem[40:80] not in file.read_bytes()


def test_something_else_in_the_vault_is_an_error_that_says_so(state: StateDir) -> None:
    for content in (b"{", b"[1]", b"1", b'[{"kid": "k"}]', b'[{"kid": "k", "since": "x", "key": "y"}]'):
        Vault(state).write("assertion-keys", content)
        with pytest.raises(GatelineError, match="the keys of assertions in the vault"):
            signing(gateway(), state, NOW)


def test_who_only_looks_finds_the_key_that_signs_and_makes_none(state: StateDir) -> None:
    assert kept_signer(Vault(state), NOW) is None
    assert Vault(state).names() == ()
    kid, _ = signer_and_shown(state, NOW)
    found = kept_signer(Vault(state), NOW)
    assert found is not None
    assert found.kid == kid


def test_whoever_shows_the_keys_or_gives_them_to_a_service_has_some() -> None:
    plain = gateway(wanted=False)
    service = Service(name="orders", command=("serve", "{jwks_file}"), cwd="/", origin=HERE)
    assert not is_wanted(plain)
    assert is_wanted(replace(plain, jwks_path="/.well-known/jwks.json"))
    assert is_wanted(replace(plain, services=(service,)))


def test_nothing_is_due_before_keys_were_made(state: StateDir) -> None:
    quick = gateway(timedelta(seconds=8))
    assert due(quick, state, NOW) is None
    signing(quick, state, NOW)
    assert due(quick, state, NOW) == NOW + timedelta(seconds=4)


def test_when_keys_are_due_that_cannot_be_opened_is_an_error(state: StateDir) -> None:
    signing(gateway(), state, NOW)
    (kept,) = (state.path / "vault").glob("*.sealed")
    kept.write_bytes(b"something else")
    with pytest.raises(GatelineError):
        due(gateway(), state, NOW)
