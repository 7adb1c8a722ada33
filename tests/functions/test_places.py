from __future__ import annotations

import pytest

from gateline.functions.places import Places, source_of


def taken(places: Places, source: str, tries: int = 1000) -> int:
    return sum(places.take(source) for _ in range(tries))


def test_one_source_gets_half_and_leaves_room_for_others() -> None:
    places = Places(100)
    assert taken(places, "flood") == 50
    assert taken(places, "second") == 25
    assert places.take("anybody else")


def test_many_sources_never_hold_more_than_there_are() -> None:
    places = Places(100)
    assert sum(taken(places, f"source {number}") for number in range(1000)) == 100
    assert not places.take("one more")


def test_a_place_that_is_left_can_be_taken_again() -> None:
    places = Places(2)
    assert places.take("a")
    assert not places.take("a")
    places.leave("a")
    assert places.take("a")


def test_sources_that_hold_nothing_are_forgotten() -> None:
    places = Places(1)
    places.take("a")
    for number in range(100):
        places.take(f"refused {number}")
    places.leave("a")
    assert places.sources == 0


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
        ("2001:db8:1:2::6", "2001:db8:1:2"),
        ("2001:db8::6", "2001:db8:0:0"),
        ("::1", "0:0:0:0"),
        ("", ""),
    ],
)
def test_an_ipv6_address_counts_for_its_network(address: str, source: str) -> None:
    assert source_of(address) == source
