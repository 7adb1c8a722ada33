from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateline.authority.certificates import AUTHORITY_LIFE
from gateline.runtime.certificate_facts import given
from gateline.runtime.expiry import REMIND_EVERY, WARN_BEFORE, Expiry
from gateline.runtime.state_dir import StateDir, hold_state_dir
from runtime.issuing import NOW, SHOP, Serves

DAY = timedelta(days=1)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def told(serving: Serves, now: datetime) -> list[str]:
    said: list[str] = []
    expiry = Expiry(lambda: serving.served, said.append, lambda: now)
    asyncio.run(expiry.work())
    return said


def test_what_ends_within_thirty_days_is_told_and_nothing_before(state: StateDir, tmp_path: Path) -> None:
    serving = Serves(state, tmp_path)
    asyncio.run(serving.take_in())
    assert serving.served is not None
    [authority] = given(SHOP, serving.served.keyring)
    end = authority.expires
    assert told(serving, NOW) == []
    assert told(serving, end - WARN_BEFORE - DAY) == []
    [soon] = told(serving, end - WARN_BEFORE + DAY)
    assert soon == f"the authority certificate 'shop' expires on {end:%Y-%m-%d %H:%M} UTC"
    [over] = told(serving, end + DAY)
    assert "expired on" in over


def test_what_is_renewed_by_itself_is_not_told(state: StateDir, tmp_path: Path) -> None:
    serving = Serves(state, tmp_path)
    asyncio.run(serving.take_in())
    assert told(serving, NOW + DAY) == []  # both leaves end within thirty days of this, or do so soon


def test_people_are_reminded_once_a_day_and_not_at_the_start(state: StateDir, tmp_path: Path) -> None:
    serving = Serves(state, tmp_path)
    clock = [NOW]
    expiry = Expiry(lambda: serving.served, lambda _: None, lambda: clock[0])
    assert expiry.due() == NOW + REMIND_EVERY
    clock[0] = NOW + REMIND_EVERY
    asyncio.run(expiry.work())
    assert expiry.due() == NOW + 2 * REMIND_EVERY


def test_nothing_is_told_while_nothing_is_served(state: StateDir, tmp_path: Path) -> None:
    serving = Serves(state, tmp_path)
    assert told(serving, NOW + AUTHORITY_LIFE) == []
    asyncio.run(serving.take_in())
    assert serving.served is not None
    serving.served = replace(serving.served, gateway=None)
    assert told(serving, NOW + AUTHORITY_LIFE) == []
