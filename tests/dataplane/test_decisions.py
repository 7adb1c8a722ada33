"""What a worker remembers of authorizers: bounded in entries and bytes, and no flood drives the good ones out."""

from __future__ import annotations

from importlib import resources
from typing import Any

from lupa.luajit21 import LuaRuntime

NOW = 1_000


def store() -> Any:
    """decisions.lua by itself: `keep(key, grants, expires, size)`, `remembered(key, now)` and the two stores."""
    text = resources.files("gateline.dataplane").joinpath("lua", "decisions.lua").read_text(encoding="utf-8")
    return LuaRuntime().execute(
        text
        + """
        local function queued(store)
          local count, node = 0, store.first
          while node do
            count, node = count + 1, node.behind
          end
          return count
        end
        granted.queued, refused.queued = queued, queued
        return {
          keep = function(key, grants, expires, size)
            keep(key, { grants = grants, expires = expires }, size)
          end,
          fill = function(count, grants, size, padding)
            for number = 0, count - 1 do
              keep("k" .. number .. string.rep("x", padding or 0), { grants = grants, expires = 2000 }, size)
            end
          end,
          remembered = function(key, now) return remembered(key, now) ~= nil end,
          granted = granted, refused = refused,
        }
        """
    )


def queued(of: Any) -> int:
    """How many nodes stand in a store's queue."""
    return int(of.queued(of))


def test_what_is_kept_is_remembered_until_it_expires() -> None:
    kept = store()
    kept.keep("a", True, NOW + 1, 10)
    assert kept.remembered("a", NOW)
    assert not kept.remembered("a", NOW + 1)
    assert not kept.remembered("b", NOW)


def test_entries_are_bounded_and_the_oldest_goes_first() -> None:
    kept = store()
    kept.fill(20_000, True, 10)
    assert kept.granted.count == queued(kept.granted) == 12_288
    assert not kept.remembered("k0", NOW)
    assert kept.remembered("k19999", NOW)


def test_bytes_are_bounded() -> None:
    kept = store()
    kept.fill(10_000, True, 10, 10_000)
    assert kept.granted.bytes <= kept.granted.most_bytes
    assert 1_000 < kept.granted.count < 10_000
    assert kept.granted.count == queued(kept.granted)


def test_one_decision_never_fills_the_store() -> None:
    kept = store()
    kept.keep("small", True, NOW + 1, 10)
    kept.keep("large", True, NOW + 1, 30_000_000)
    assert kept.remembered("small", NOW)
    assert not kept.remembered("large", NOW)


def test_a_flood_of_refused_callers_drives_no_good_one_out() -> None:
    kept = store()
    kept.keep("good", True, NOW + 1, 10)
    kept.fill(50_000, False, 10)
    assert kept.remembered("good", NOW)
    assert kept.refused.count == queued(kept.refused) <= 1_536


def test_who_comes_again_outlives_who_does_not() -> None:
    kept = store()
    kept.keep("regular", True, NOW + 1, 10)
    for rounds in range(5):
        kept.fill(10_000, True, 10, rounds)
        assert kept.remembered("regular", NOW), rounds


def test_all_in_use_does_not_stop_the_next() -> None:
    kept = store()
    kept.fill(12_288, True, 10)
    for number in range(12_288):
        assert kept.remembered(f"k{number}", NOW)
    kept.keep("next", True, NOW + 1, 10)
    assert kept.remembered("next", NOW)
    assert kept.granted.count == queued(kept.granted) == 12_288


def test_a_newer_decision_takes_the_place_of_the_older() -> None:
    kept = store()
    kept.keep("a", True, NOW + 1, 10)
    kept.keep("a", False, NOW + 2, 10)
    assert kept.remembered("a", NOW + 1)
    assert kept.granted.map["a"] is None
    kept.keep("a", True, NOW + 3, 10)
    assert kept.remembered("a", NOW + 2)
    assert kept.refused.map["a"] is None
    assert kept.refused.bytes == 0


def test_a_key_that_is_kept_again_and_again_takes_no_more_room() -> None:
    kept = store()
    for expires in range(100):
        kept.keep("a", True, expires, 10)
    assert queued(kept.granted) == kept.granted.count == 1
    assert kept.granted.bytes == kept.granted.map["a"].size
