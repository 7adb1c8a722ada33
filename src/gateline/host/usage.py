"""Usage: how many requests each key has made under the quota of its plan (api-gateway.md section 15).

A quota must hold over restarts and for all workers of Envoy together, and must not cost a visit for each request.
So workers are handed leases: requests that are counted, and on disk, before anybody makes them. A quota is never
overshot. What a worker has leased and not made when it ends, or while its key rests, is lost to the key until the
period ends: at most a hundredth of the quota for each worker and stage, and nothing of a quota below 200.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from gateline.model.usage_plan import Quota, QuotaPeriod

LEASED_PART: Final = 100
"""One lease is at most this part of what is left, and one request at least."""

MOST_LEASED: Final = 1000
"""Requests that one lease may hold, however large the quota is."""

KEPT_DAYS: Final = 400
"""How long the counts of former periods are kept."""

_PATIENCE_SECONDS: Final = 5.0  # a host that ends may still write when the next one begins
_PRIVATE: Final = 0o077
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS usage (
        plan TEXT NOT NULL, key TEXT NOT NULL, period TEXT NOT NULL, starts INTEGER NOT NULL,
        used INTEGER NOT NULL, is_first INTEGER NOT NULL, PRIMARY KEY (plan, key, period)
    ) WITHOUT ROWID
"""
_FORGET: Final = """
    DELETE FROM usage WHERE starts < ? AND EXISTS (
        SELECT 1 FROM usage AS later
        WHERE later.plan = usage.plan AND later.key = usage.key AND later.starts > usage.starts
    )
"""
_FIND: Final = "SELECT used, is_first FROM usage WHERE plan = ? AND key = ? AND period = ?"
_FIND_ANY: Final = "SELECT 1 FROM usage WHERE plan = ? AND key = ? LIMIT 1"
_ADD: Final = "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?)"
_COUNT: Final = "UPDATE usage SET used = ? WHERE plan = ? AND key = ? AND period = ?"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Period:
    """One period of a quota: its name (`DAY 2026-11-23`), and its bounds in seconds since the epoch."""

    name: str
    starts: int
    ends: int


def period_at(kind: QuotaPeriod, moment: int) -> Period:
    """The period that a moment falls into, in seconds since the epoch; in UTC, a week from Sunday on."""
    day = datetime.fromtimestamp(moment, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match kind:
        case QuotaPeriod.DAY:
            begin, end = day, day + timedelta(days=1)
        case QuotaPeriod.WEEK:
            begin = day - timedelta(days=day.isoweekday() % 7)
            end = begin + timedelta(days=7)
        case QuotaPeriod.MONTH:
            begin = day.replace(day=1)
            end = (begin + timedelta(days=31)).replace(day=1)
    return Period(f"{kind} {begin:%Y-%m-%d}", int(begin.timestamp()), int(end.timestamp()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a worker asks for: requests of a key under a quota."""

    plan: str
    key: str  # the key's id
    quota: Quota
    period: Period
    wants_block: bool = True  # else one request alone
    unused: int = 0  # of a former lease of this period, handed back


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a key has used in one period, leases included."""

    plan: str
    key: str
    period: str
    used: int
    is_first: bool  # the quota's offset counts in this period


class Usage:
    """The counts, in a database that is opened when it is first needed. For one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="usage")
        self._database: sqlite3.Connection | None = None

    async def lease(self, claim: Claim) -> int:
        """How many requests the key may make now; 0: its quota is used up. They are counted, and on disk.

        Raises:
            sqlite3.Error: the database cannot be read or written; nothing may be granted.

        """
        return await self._done(lambda database: _lease(database, claim))

    def close(self) -> None:
        """Close the database."""
        self._thread.submit(self._close)
        self._thread.shutdown()

    async def _done(self, work: Callable[[sqlite3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(self._opened()))

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = _open(self._path)
        return self._database

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()


def read_usage(path: Path) -> tuple[Used, ...]:
    """All counts, also while a host writes them; none where there is no database yet.

    Raises:
        sqlite3.Error: it cannot be read.

    """
    if not path.exists():
        return ()
    with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS)) as database:
        rows = database.execute(
            "SELECT plan, key, period, used, is_first FROM usage ORDER BY starts, plan, key"
        )
        return tuple(
            Used(plan=plan, key=key, period=period, used=used, is_first=bool(is_first))
            for plan, key, period, used, is_first in rows
        )


def _open(path: Path) -> sqlite3.Connection:
    before = os.umask(_PRIVATE)
    try:
        database = sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")  # what is granted is on disk
            database.execute(_TABLE)
            oldest = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
            database.execute(_FORGET, (int(oldest.timestamp()),))
        except BaseException:
            database.close()
            raise
    finally:
        os.umask(before)
    return database


def _lease(database: sqlite3.Connection, claim: Claim) -> int:
    name = (claim.plan, claim.key, claim.period.name)
    if not claim.unused:  # a key that has no request left is refused without a transaction
        found = database.execute(_FIND, name).fetchone()
        if found and found[0] >= _limit(claim.quota, is_first=found[1]):
            return 0
    database.execute("BEGIN IMMEDIATE")
    try:
        found = database.execute(_FIND, name).fetchone()
        if found is None:
            is_first = database.execute(_FIND_ANY, name[:2]).fetchone() is None
            database.execute(_ADD, (*name, claim.period.starts, 0, is_first))
            found = (0, is_first)
        used: int = max(0, found[0] - claim.unused)
        left = max(0, _limit(claim.quota, is_first=found[1]) - used)
        granted = min(left, max(1, min(MOST_LEASED, left // LEASED_PART)) if claim.wants_block else 1)
        database.execute(_COUNT, (used + granted, *name))
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    return granted


def _limit(quota: Quota, *, is_first: bool) -> int:
    return quota.limit - (quota.offset if is_first else 0)
