from __future__ import annotations

from gateline.functions.in_turn import InTurn


def test_sources_come_in_turn_and_each_in_its_own_order() -> None:
    queue = InTurn[str]()
    for entry in ("a1", "a2", "a3", "b1", "c1", "b2"):
        queue.add(entry[0], entry)
    assert [queue.take() for _ in range(len(queue))] == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_leaves_is_passed_over() -> None:
    queue = InTurn[str]()
    for entry in ("a1", "a2", "b1"):
        queue.add(entry[0], entry)
    assert queue.remove("a", "a1")
    assert not queue.remove("a", "a1")
    assert queue.remove("b", "b1")
    assert (len(queue), queue.take(), len(queue)) == (1, "a2", 0)
