"""Keys of logins: nobody is logged out by a change of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.identity.claims_token import ClaimsSigner
from gateline.identity.seals import Seals
from gateline.model.gateway import Edge, Gateway
from gateline.model.load_balancer import (
    FixedResponse,
    Listener,
    ListenerProtocol,
    LoadBalancer,
    Rule,
)
from gateline.model.login import Authentication, JwtValidation
from gateline.model.origin import Origin
from gateline.runtime.login_keys import CHANGED_EVERY, SHOWN_AFTER, LoginKeys, due, login_keys
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.vault import Vault
from identity.logins import oidc

NOW = datetime(2030, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
HERE = Origin(file="gateline.yaml")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def gateway(*asked: Authentication | None) -> Gateway:
    rules = tuple(
        Rule(priority=number, action=FixedResponse(status_code=200), origin=HERE, authentication=each)
        for number, each in enumerate(asked)
    )
    listener = Listener(protocol=ListenerProtocol.HTTPS, port=443, rules=rules, origin=HERE)
    balancer = LoadBalancer(name="front", listeners=(listener,), origin=HERE)
    return Gateway(name="shop", edge=Edge(origin=HERE), load_balancers=(balancer,), origin=HERE)


LOGIN = gateway(None, oidc(session_timeout=timedelta(hours=1)), oidc(session_timeout=WEEK))


def test_a_gateway_without_logins_has_no_keys_and_makes_none(state: StateDir) -> None:
    jwt = JwtValidation(jwks_endpoint="https://a/", issuer="a", origin=HERE)
    for none in (gateway(), gateway(None, jwt)):
        assert login_keys(none, state, NOW) == LoginKeys()
        assert due(none, state, NOW) is None
    assert Vault(state).names() == ()


def test_the_first_keys_are_used_at_once_and_kept(state: StateDir) -> None:
    assert due(LOGIN, state, NOW) is None
    keys = login_keys(LOGIN, state, NOW)
    assert len(keys.session_keys) == len(keys.claims_keys) == 1
    assert login_keys(LOGIN, state, NOW + SECOND) == keys
    Seals([bytes.fromhex(key) for key in keys.session_keys])
    assert ClaimsSigner(keys.claims_keys).public_key(keys.claims_keys[0][0])


def test_who_asks_at_the_same_time_is_given_the_same_keys(state: StateDir) -> None:
    together = threading.Barrier(4)

    def asked(_: int) -> LoginKeys:
        together.wait(30)
        return login_keys(LOGIN, state, NOW)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(asked, range(4)))) == 1


def test_what_was_sealed_at_any_moment_opens_until_the_session_ends(state: StateDir) -> None:
    sealed: list[tuple[datetime, str]] = []
    now = NOW
    for _ in range(60):
        seals = Seals([bytes.fromhex(key) for key in login_keys(LOGIN, state, now).session_keys])
        sealed.append((now, seals.seal(b"x", purpose="p")))
        for made, text in sealed:
            if now < made + WEEK:
                assert seals.open(text, purpose="p") == b"x"
        now += DAY


def test_old_keys_go_when_no_session_of_theirs_can_be_left(state: StateDir) -> None:
    first = login_keys(LOGIN, state, NOW)
    second = login_keys(LOGIN, state, NOW + WEEK)
    assert second.session_keys == (second.session_keys[0], *first.session_keys)
    assert second.claims_keys == (second.claims_keys[0], *first.claims_keys)
    shown = login_keys(LOGIN, state, NOW + WEEK + SHOWN_AFTER)
    assert shown.claims_keys == second.claims_keys[:1]
    last = NOW + 2 * WEEK + DAY
    assert first.session_keys[0] in login_keys(LOGIN, state, last - SECOND).session_keys
    assert first.session_keys[0] not in login_keys(LOGIN, state, last).session_keys


def test_sessions_that_last_long_do_not_make_many_keys(state: StateDir) -> None:
    long = gateway(oidc(session_timeout=timedelta(days=365)))
    now, most = NOW, 0
    for _ in range(300):
        most = max(most, len(login_keys(long, state, now).session_keys))
        now += WEEK
    assert most <= 10


def test_it_is_due_whenever_it_would_say_something_else(state: StateDir) -> None:
    before, now = login_keys(LOGIN, state, NOW), NOW
    for _ in range(12):
        moment = due(LOGIN, state, now)
        assert moment is not None
        assert moment > now
        assert login_keys(LOGIN, state, moment - SECOND) == before
        changed = login_keys(LOGIN, state, moment)
        assert changed != before
        now, before = moment, changed
    assert now > NOW + 3 * CHANGED_EVERY


def test_no_file_and_no_value_shows_a_key(state: StateDir) -> None:
    keys = login_keys(LOGIN, state, NOW)
    assert repr(keys) == "LoginKeys()"
    for file in state.path.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert keys.session_keys[0].encode() not in content
        assert keys.claims_keys[0][1].encode()[40:80] not in content


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[1]",
        b"1",
        b'[{"since": "2030-01-01T00:00:00+00:00"}]',
        b'[{"since": "x", "session": "00", "kid": "k", "claims": "c"}]',
        b'[{"since": "2030-01-01T00:00:00+00:00", "session": "00", "kid": "k", "claims": "c"}]',
        b'[{"since": "2030-01-01T00:00:00", "session": "' + b"00" * 32 + b'", "kid": "k", "claims": "c"}]',
    ],
)
def test_something_else_in_the_vault_is_an_error_that_says_so(state: StateDir, content: bytes) -> None:
    Vault(state).write("login-keys", content)
    with pytest.raises(GatelineError, match="'login-keys' in the vault is not what"):
        login_keys(LOGIN, state, NOW)


def test_nothing_is_due_without_logins_or_before_keys_were_made(state: StateDir) -> None:
    assert due(LOGIN, state, NOW) is None
    login_keys(LOGIN, state, NOW)
    assert due(LOGIN, state, NOW) == NOW + CHANGED_EVERY
    assert due(replace(LOGIN, load_balancers=()), state, NOW) is None


def test_when_keys_are_due_that_cannot_be_opened_is_an_error(state: StateDir) -> None:
    login_keys(LOGIN, state, NOW)
    (kept,) = (state.path / "vault").glob("*.sealed")
    kept.write_bytes(b"something else")
    with pytest.raises(GatelineError):
        due(LOGIN, state, NOW)
