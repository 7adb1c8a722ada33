from __future__ import annotations

import pytest

from gateline.services.deployment import Limits, Phase, Task, good, limits, missing, superfluous


def tasks(words: str) -> list[Task]:
    """Tasks from words like `a:healthy`: a revision and a phase, in the order of their launches."""
    made = []
    for number, word in enumerate(words.split(), 1):
        revision, _, phase = word.partition(":")
        made.append(Task(f"t{number}", revision, worker=False, phase=Phase(phase)))
    return made


def going(words: str, bounds: Limits, *, may_launch: bool = True) -> str:
    return " ".join(task.name for task in superfluous(tasks(words), "b", bounds, may_launch=may_launch))


FULL = Limits(desired=2, floor=2, cap=4)  # 100 %, 200 %
TIGHT = Limits(desired=2, floor=1, cap=2)  # 50 %, 100 %


@pytest.mark.parametrize(
    ("desired", "percents", "floor", "cap"),
    [
        (4, (50, 100), 2, 4),
        (4, (100, 200), 4, 8),
        (1, (100, 200), 1, 2),
        (1, (50, 100), 1, 2),  # rounded up, the floor would be the cap
        (3, (50, 150), 2, 4),  # 1.5 up, 4.5 down
        (1, (100, 150), 1, 2),  # 1.5 down to 1 would stand still forever
        (2, (100, 100), 2, 3),
        (2, (0, 100), 0, 2),
        (0, (100, 200), 0, 0),
    ],
)
def test_the_floor_rounds_up_and_the_cap_down_and_a_deployment_can_always_move(
    desired: int, percents: tuple[int, int], floor: int, cap: int
) -> None:
    minimum, maximum = percents
    found = limits(desired, minimum_percent=minimum, maximum_percent=maximum)
    assert found == Limits(desired=desired, floor=floor, cap=cap)


@pytest.mark.parametrize(
    ("words", "bounds", "count"),
    [
        ("", FULL, 2),
        ("b:starting", FULL, 1),
        ("a:healthy a:healthy", FULL, 2),
        ("a:healthy a:healthy a:healthy", FULL, 1),
        ("a:healthy a:healthy", TIGHT, 0),
        ("a:draining a:terminating a:killing", TIGHT, 2),  # who is leaving has no place
        ("b:healthy b:unwell", FULL, 1),
        ("b:healthy b:healthy b:healthy", FULL, 0),
    ],
)
def test_as_many_are_started_as_are_wanted_and_have_room(words: str, bounds: Limits, count: int) -> None:
    assert missing(tasks(words), "b", bounds) == count


@pytest.mark.parametrize(
    ("words", "bounds", "names"),
    [
        ("b:healthy b:healthy", FULL, ""),
        ("a:healthy a:healthy b:starting b:starting", FULL, ""),
        ("a:healthy a:healthy b:healthy b:starting", FULL, "t2"),
        ("a:healthy a:healthy b:healthy b:healthy", FULL, "t2 t1"),
        ("a:healthy a:healthy", TIGHT, "t2"),
        ("a:healthy b:starting", TIGHT, ""),
        ("a:healthy b:healthy", TIGHT, "t1"),
        ("b:healthy b:healthy b:healthy", FULL, "t3"),
        ("b:unwell b:healthy", FULL, ""),  # its replacement comes first
        ("b:unwell b:healthy b:healthy", FULL, "t1"),
        ("b:unwell b:healthy", TIGHT, "t1"),  # there is no room for its replacement
        ("b:unwell b:unwell", TIGHT, "t2"),  # one by one
        ("a:registered a:registered b:starting b:starting", FULL, ""),  # not seen since control came back
        ("a:registered a:registered", TIGHT, ""),  # who has just come back knows of nobody how he is
        ("a:starting b:starting b:starting", FULL, "t1"),
        ("A:healthy A:healthy a:registered a:registered", FULL, "t4 t3"),  # nobody needs those in between
        ("A:healthy a:healthy b:healthy b:starting", FULL, "t1"),  # the oldest revision first
    ],
)
def test_who_goes(words: str, bounds: Limits, names: str) -> None:
    assert going(words, bounds) == names


def test_nobody_makes_room_while_nothing_may_be_started() -> None:
    assert going("a:healthy a:healthy", TIGHT, may_launch=False) == ""


def test_good_are_those_of_the_wanted_revision_that_stay_and_are_not_unwell() -> None:
    found = good(tasks("a:healthy b:healthy b:starting b:unwell b:draining b:registered"), "b")
    assert [task.name for task in found] == ["t2", "t3", "t6"]
