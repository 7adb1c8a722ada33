from __future__ import annotations

import pytest

from gateline.host.bodies import PIECE, Bodies, NoRoom


def test_the_first_piece_of_a_body_takes_no_room() -> None:
    bodies = Bodies(0)
    for size in (0, 1, PIECE):
        with bodies.body("a") as body:
            body.grow(size)


def test_one_source_gets_half_of_the_room_and_another_still_has_some() -> None:
    bodies = Bodies(8)
    with bodies.body("slow") as slow, bodies.body("second") as second:
        slow.grow(5 * PIECE)  # four of the eight
        with pytest.raises(NoRoom):
            slow.grow(5 * PIECE + 1)
        second.grow(3 * PIECE)
        with pytest.raises(NoRoom):
            second.grow(4 * PIECE)


def test_a_source_has_one_share_for_all_its_bodies_and_gets_back_what_it_leaves() -> None:
    bodies = Bodies(2)
    with bodies.body("a") as first:
        first.grow(2 * PIECE)
        with bodies.body("a") as other, pytest.raises(NoRoom):
            other.grow(2 * PIECE)
    with bodies.body("a") as again:
        again.grow(2 * PIECE)


def test_a_body_that_shrinks_leaves_room_for_others() -> None:
    bodies = Bodies(2)
    with bodies.body("a") as first, bodies.body("b") as second:
        first.grow(2 * PIECE)
        first.shrink(3 * PIECE)  # it has less already
        second.grow(2 * PIECE)
        first.shrink(0)
        first.grow(PIECE)
        with pytest.raises(NoRoom):
            second.grow(3 * PIECE)


def test_bodies_on_their_way_have_half_of_the_room_until_they_are_there() -> None:
    bodies = Bodies(16)
    with bodies.body("slow") as slow, bodies.body("slow") as other:
        slow.arrive(5 * PIECE)  # four of the eight
        with pytest.raises(NoRoom):
            slow.arrive(5 * PIECE + 1)
        slow.arrived()
        other.arrive(5 * PIECE)
    with bodies.body("slow") as again:  # what was left on its way has given all back
        again.arrive(5 * PIECE)
