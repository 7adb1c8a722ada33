"""Usage plans: when periods begin, and what is kept of a key."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateline.model.usage_plan import QuotaPeriod, key_digest


@pytest.mark.parametrize(
    ("period", "now", "start", "end"),
    [
        ("DAY", "2026-11-23T06:43:41", "2026-11-23", "2026-11-24"),
        ("DAY", "2026-12-31T23:59:59", "2026-12-31", "2027-01-01"),
        ("WEEK", "2026-11-22T00:00:00", "2026-11-22", "2026-11-29"),  # a Sunday
        ("WEEK", "2026-11-28T23:59:59", "2026-11-22", "2026-11-29"),
        ("WEEK", "2027-01-01T12:00:00", "2026-12-27", "2027-01-03"),
        ("MONTH", "2026-11-01T00:00:00", "2026-11-01", "2026-12-01"),
        ("MONTH", "2026-12-31T10:00:00", "2026-12-01", "2027-01-01"),
        ("MONTH", "2028-02-29T10:00:00", "2028-02-01", "2028-03-01"),
    ],
)
def test_a_quota_begins_anew_with_the_utc_day_the_sunday_or_the_month(
    period: str, now: str, start: str, end: str
) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert QuotaPeriod(period).start(moment) == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert QuotaPeriod(period).end(moment) == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_a_digest_depends_on_the_key_and_on_the_pepper_and_shows_neither() -> None:
    digest = key_digest("pepper", b"a-key-of-twenty-and-more")
    assert digest == key_digest("pepper", b"a-key-of-twenty-and-more")
    assert digest != key_digest("another", b"a-key-of-twenty-and-more")
    assert digest != key_digest("pepper", b"a-key-of-twenty-and-mere")
    assert len(digest) == 64
    assert "key" not in digest
