from __future__ import annotations

from gateline.host.store import OVERHEAD, Bounds, Decision, Store

ALLOWS = Decision(b"allow", expires=1000, grants=True)
ALLOWS_NOTHING = Decision(b"deny", expires=1000)


def test_a_decision_is_kept_until_it_expires() -> None:
    store = Store()
    store.put(b"key", ALLOWS, now=0)
    assert store.get(b"key", now=999) == ALLOWS
    assert store.get(b"key", now=1000) is None
    assert len(store) == 0


def test_what_is_not_to_be_kept_or_expired_on_the_way_is_not_kept() -> None:
    store = Store()
    store.put(b"key", Decision(b"failure"), now=0)
    store.put(b"late", ALLOWS, now=1000)
    assert len(store) == 0


def test_a_later_decision_takes_the_place_of_an_earlier_one_of_either_kind() -> None:
    store = Store()
    store.put(b"key", ALLOWS, now=0)
    store.put(b"key", ALLOWS_NOTHING, now=0)
    assert store.get(b"key", now=0) == ALLOWS_NOTHING
    assert len(store) == 1


def test_refusals_push_out_no_grant() -> None:
    store = Store(grants=Bounds(10, 10_000), refusals=Bounds(10, 10_000))
    store.put(b"good", ALLOWS, now=0)
    for number in range(1000):
        store.put(b"random %d" % number, ALLOWS_NOTHING, now=0)
    assert store.get(b"good", now=0) == ALLOWS
    assert len(store) == 11


def test_the_one_used_least_lately_goes_first() -> None:
    store = Store(grants=Bounds(2, 10_000))
    store.put(b"a", ALLOWS, now=0)
    store.put(b"b", ALLOWS, now=0)
    store.get(b"a", now=0)
    store.put(b"c", ALLOWS, now=0)
    assert [key for key in (b"a", b"b", b"c") if store.get(key, now=0)] == [b"a", b"c"]


def test_bytes_are_bounded_too() -> None:
    store = Store(grants=Bounds(1000, 3 * (OVERHEAD + 100)))
    for number in range(10):
        store.put(b"%02d" % number, Decision(b"x" * 98, expires=1, grants=True), now=0)
    assert len(store) == 3
    assert store.size == 3 * (OVERHEAD + 100)
    store.put(b"huge", Decision(b"x" * 10_000, expires=1, grants=True), now=0)
    assert store.size == 0


def test_a_flush_drops_what_begins_so_and_nothing_else() -> None:
    store = Store()
    for key, decision in ((b"1:a...", ALLOWS), (b"1:a,,,", ALLOWS_NOTHING), (b"1:b...", ALLOWS)):
        store.put(key, decision, now=0)
    store.flush((b"1:a", b"1:c"))
    assert store.get(b"1:b...", now=0) == ALLOWS
    assert len(store) == 1
    store.flush(None)
    assert (len(store), store.size) == (0, 0)
