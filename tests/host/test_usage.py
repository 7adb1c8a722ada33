"""What keys have used: on disk before it is granted, never more than the quota, anew in each period."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateline.host.usage import KEPT_DAYS, Claim, Usage, Used, period_at, read_usage
from gateline.model.usage_plan import Quota, QuotaPeriod

NOW = int(datetime(2026, 11, 25, 13, 5, tzinfo=UTC).timestamp())  # a Wednesday


@pytest.fixture
def usage(tmp_path: Path) -> Iterator[Usage]:
    """Counts in a database of their own."""
    made = Usage(tmp_path / "usage.db")
    yield made
    made.close()


def claim(
    limit: int = 5, *, offset: int = 0, now: int = NOW, plan: str = "gold", key: str = "k1", **fields: object
) -> Claim:
    """What a worker asks for."""
    quota = Quota(limit=limit, period=QuotaPeriod.DAY, offset=offset)
    period = period_at(quota.period, now)
    return Claim(plan=plan, key=key, quota=quota, period=period, **fields)  # type: ignore[arg-type]


def leased(usage: Usage, *claims: Claim) -> list[int]:
    """What is granted for these, one after another."""

    async def ask() -> list[int]:
        return [await usage.lease(each) for each in claims]

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("kind", "moment", "name", "ends"),
    [
        (QuotaPeriod.DAY, "2026-11-25T00:00:00", "DAY 2026-11-25", "2026-11-26T00:00:00"),
        (QuotaPeriod.DAY, "2026-11-25T23:59:59", "DAY 2026-11-25", "2026-11-26T00:00:00"),
        (QuotaPeriod.WEEK, "2026-11-22T00:00:00", "WEEK 2026-11-22", "2026-11-29T00:00:00"),  # a Sunday
        (QuotaPeriod.WEEK, "2026-11-28T23:59:59", "WEEK 2026-11-22", "2026-11-29T00:00:00"),
        (QuotaPeriod.MONTH, "2026-11-30T12:00:00", "MONTH 2026-11-01", "2026-12-01T00:00:00"),
        (QuotaPeriod.MONTH, "2028-02-29T12:00:00", "MONTH 2028-02-01", "2028-03-01T00:00:00"),
        (QuotaPeriod.MONTH, "2026-12-31T23:59:59", "MONTH 2026-12-01", "2027-01-01T00:00:00"),
    ],
)
def test_periods_begin_at_midnight_in_utc(kind: QuotaPeriod, moment: str, name: str, ends: str) -> None:
    def at(text: str) -> int:
        return int(datetime.fromisoformat(text + "+00:00").timestamp())

    found = period_at(kind, at(moment))
    assert (found.name, found.ends) == (name, at(ends))
    assert found.starts <= at(moment) < found.ends


def test_a_small_quota_is_granted_one_by_one(usage: Usage) -> None:
    assert leased(usage, *[claim()] * 7) == [1, 1, 1, 1, 1, 0, 0]


def test_blocks_shrink_as_the_remainder_does_and_sum_up_to_the_quota(usage: Usage) -> None:
    granted = leased(usage, *[claim(100_000)] * 1_300)
    assert granted[0] == 1_000
    assert granted == sorted(granted, reverse=True)
    assert sum(granted) == 100_000


def test_no_block_is_larger_than_a_thousand(usage: Usage) -> None:
    assert leased(usage, claim(10_000_000)) == [1_000]


def test_who_wants_one_gets_one(usage: Usage) -> None:
    assert leased(usage, claim(100_000, wants_block=False)) == [1]


def test_what_is_handed_back_can_be_granted_again(usage: Usage) -> None:
    assert leased(usage, claim(1_000), claim(1_000, unused=10, wants_block=False)) == [10, 1]
    assert leased(usage, *[claim(3, key="k2")] * 4, claim(3, key="k2", unused=1)) == [1, 1, 1, 0, 1]


def test_more_than_was_used_is_never_handed_back(usage: Usage) -> None:
    assert leased(usage, claim(2), claim(2, unused=1_000), claim(2), claim(2)) == [1, 1, 1, 0]


def test_a_quota_of_nothing_grants_nothing(usage: Usage) -> None:
    assert leased(usage, claim(0), claim(3, offset=3, key="k2")) == [0, 0]


def test_the_offset_counts_in_the_first_period_alone(usage: Usage) -> None:
    assert leased(usage, *[claim(3, offset=2)] * 3) == [1, 0, 0]
    assert leased(usage, *[claim(3, offset=2, now=NOW + 86_400)] * 4) == [1, 1, 1, 0]


def test_keys_and_plans_count_for_themselves(usage: Usage) -> None:
    assert leased(usage, claim(1), claim(1, key="k2"), claim(1, plan="silver"), claim(1)) == [1, 1, 1, 0]


def test_what_was_granted_outlives_the_host(tmp_path: Path) -> None:
    for expected in ([1, 1], [1, 1], [1, 0]):
        usage = Usage(tmp_path / "usage.db")
        assert leased(usage, claim(), claim()) == expected
        usage.close()


def test_two_hosts_at_the_same_time_count_together(tmp_path: Path) -> None:
    both = [Usage(tmp_path / "usage.db") for _ in range(2)]

    async def ask() -> list[int]:
        return await asyncio.gather(*(both[number % 2].lease(claim(20)) for number in range(50)))

    assert sum(asyncio.run(ask())) == 20
    for each in both:
        each.close()


def test_a_host_that_is_killed_has_counted_what_it_granted(tmp_path: Path) -> None:
    usage = Usage(tmp_path / "usage.db")
    assert leased(usage, claim()) == [1]
    told = read_usage(tmp_path / "usage.db")  # while it is open, as another process would
    assert told == (Used(plan="gold", key="k1", period="DAY 2026-11-25", used=1, is_first=True),)
    usage.close()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    usage = Usage(tmp_path / "usage.db")
    leased(usage, claim())
    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o077 == 0
    usage.close()


def test_a_database_that_is_none_grants_nothing(tmp_path: Path) -> None:
    (tmp_path / "usage.db").write_bytes(b"no database, but long enough to be looked at " * 40)
    usage = Usage(tmp_path / "usage.db")
    with pytest.raises(sqlite3.Error):
        leased(usage, claim())
    usage.close()


def test_without_a_database_nothing_is_used(tmp_path: Path) -> None:
    assert read_usage(tmp_path / "usage.db") == ()
    assert not (tmp_path / "usage.db").exists()


def test_counts_of_long_ago_are_forgotten_but_a_keys_last_one(tmp_path: Path) -> None:
    long_ago = NOW - (KEPT_DAYS + 400) * 86_400
    usage = Usage(tmp_path / "usage.db")
    leased(usage, claim(now=long_ago), claim(now=NOW), claim(now=long_ago, key="k2"))
    usage.close()
    again = Usage(tmp_path / "usage.db")
    leased(again, claim(now=NOW, key="k3"))
    kept = {(each.key, each.period[:8]) for each in read_usage(tmp_path / "usage.db")}
    assert kept == {("k1", "DAY 2026"), ("k2", "DAY 2024"), ("k3", "DAY 2026")}
    again.close()
