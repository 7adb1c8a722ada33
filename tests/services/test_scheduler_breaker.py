"""Deployments that fail, with a circuit breaker: transcripts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateline.model.service import CircuitBreaker, ThresholdType
from gateline.services.action import Deregister, Launch, Register, Terminate
from gateline.services.deployment import Phase
from gateline.services.event import (
    Attach,
    Deploy,
    Drained,
    Elapsed,
    Existing,
    Exited,
    Launched,
    Probed,
    Remember,
    Scale,
    Seen,
)
from services.fleet import Fleet, of, steady, told

ON = CircuitBreaker(enable=True, rollback=True)
ALONE = replace(ON, rollback=False)


def guarded(desired: int, breaker: CircuitBreaker = ON, **changes: Any) -> Fleet:
    return steady(desired, circuit_breaker=breaker, **changes)


@pytest.mark.parametrize("broken", ["crashing", "ill", "fickle"])
@pytest.mark.parametrize("percents", [(100, 200), (50, 100), (0, 100), (100, 150)])
@pytest.mark.parametrize("desired", [1, 2, 4])
def test_a_broken_version_goes_and_the_one_before_is_whole_again(
    broken: str, percents: tuple[int, int], desired: int
) -> None:
    fleet = guarded(desired, minimum_healthy_percent=percents[0], maximum_percent=percents[1])
    fleet.want(broken)
    fleet.run(2000)
    assert fleet.scheduler.steady
    assert fleet.revisions() == ["a"] * desired
    assert "; back to revision a" in " ".join(told(fleet.actions))
    assert fleet.scheduler.service
    assert fleet.scheduler.service.command == ("a",)


def test_with_room_for_all_no_old_task_leaves_for_a_broken_version() -> None:
    for broken in ("crashing", "ill", "fickle"):
        fleet = guarded(3)
        fleet.want(broken)
        fleet.run(2000)
        assert [view.task for view in fleet.scheduler.tasks] == ["t1", "t2", "t3"]
        assert of(fleet.actions, Deregister) == [] or broken == "ill"


@pytest.mark.parametrize("percents", [(100, 200), (50, 200)])
def test_a_version_on_trial_that_another_one_displaces_has_replaced_nobody(percents: tuple[int, int]) -> None:
    fleet = guarded(3, minimum_healthy_percent=percents[0], maximum_percent=percents[1])
    fleet.want("b")
    while sum(view.phase is Phase.HEALTHY for view in fleet.scheduler.tasks) < 6:
        fleet.run(0.5)
    fleet.want("crashing")
    assert [view.task for view in fleet.scheduler.tasks if view.phase is Phase.HEALTHY] == ["t1", "t2", "t3"]
    fleet.run(2000)
    assert [view.task for view in fleet.scheduler.tasks] == ["t1", "t2", "t3"]


def test_three_failures_in_a_row_are_enough_for_a_small_service() -> None:
    fleet = guarded(1)
    fleet.want("b")
    for name in ("t2", "t3"):
        fleet.tell(Launched(name), Exited(name, 1))
        fleet.run(0 if name == "t2" else 1.5)
    said = fleet.tell(Exited("t4", 1))
    assert told(said) == [
        "deployment 2 failed (3 failed in a row, the last: task t4 exited with status 1); back to revision a",
        "all is well: 1 task of revision a",
    ]
    assert of(said, Launch) == []


def test_a_new_task_is_well_for_a_while_before_clients_meet_it_and_again_before_it_replaces_another() -> None:
    fleet = guarded(1)
    assert of(fleet.want("b"), Launch) == [Launch("t2", "b")]
    fleet.tell(Launched("t2"))
    for _ in range(4):
        assert of(fleet.tell(Probed("t2", well=True)), Register) == []
        serial = max(fleet.timers)
        fleet.tell(Elapsed(serial))
    assert of(fleet.tell(Probed("t2", well=True)), Register) == [Register("t2")]
    assert of(fleet.tell(Seen("t2", healthy=True)), Deregister) == []
    assert not fleet.scheduler.steady
    assert of(fleet.tell(Elapsed(max(fleet.timers))), Deregister) == [Deregister("t1")]
    assert fleet.scheduler.steady


def test_a_task_that_is_not_well_in_between_begins_its_trial_anew() -> None:
    fleet = guarded(1)
    fleet.want("b")
    fleet.tell(Launched("t2"))
    for well in (True, True, True, True, False, True, True, True, True):
        assert of(fleet.tell(Probed("t2", well=well)), Register) == []
        fleet.tell(Elapsed(max(fleet.timers)))
    assert of(fleet.tell(Probed("t2", well=True)), Register) == [Register("t2")]


def test_scaling_is_no_deployment_and_nobody_is_on_trial() -> None:
    fleet = guarded(1)
    fleet.tell(Scale(2), Launched("t2"))
    assert of(fleet.tell(Probed("t2", well=True)), Register) == [Register("t2")]
    fleet.tell(Seen("t2", healthy=True))
    assert fleet.scheduler.steady


def test_without_a_rollback_nothing_is_started_and_the_old_ones_serve_until_something_else_is_wanted() -> (
    None
):
    fleet = guarded(2, ALONE)
    fleet.want("crashing")
    fleet.run(100)
    assert fleet.revisions() == ["a", "a"]
    assert not fleet.timers or fleet.run(5000) == []
    assert not fleet.scheduler.steady
    count = len(fleet.launched)
    fleet.want("crashing")
    fleet.tell(Exited("t1", 1))
    fleet.run(5000)
    assert len(fleet.launched) == count
    assert fleet.tell(Scale(1)) == []
    fleet.want("b")
    fleet.run(100)
    assert fleet.revisions() == ["b"]
    assert fleet.scheduler.steady


def test_a_failed_deployment_can_be_tried_again() -> None:
    for breaker in (ON, ALONE):
        fleet = guarded(1, breaker)
        fleet.want("crashing")
        fleet.run(100)
        count = len(fleet.launched)
        fleet.tell(Deploy())
        assert fleet.scheduler.revision == "crashing+1"
        fleet.run(100)
        assert len(fleet.launched) == count + 3
        assert fleet.revisions() == ["a"]


def test_half_of_a_broken_deployment_is_taken_back() -> None:
    fleet = guarded(4, minimum_healthy_percent=50, maximum_percent=100)
    said = fleet.want("ill")
    assert len(of(said, Deregister)) == len(of(said, Launch)) == 2
    fleet.run(2000)
    assert fleet.revisions() == ["a"] * 4
    assert {"t1", "t2"} < {view.task for view in fleet.scheduler.tasks}


def test_a_rollback_that_does_not_get_well_goes_on_trying_and_what_is_left_serves() -> None:
    once = replace(ON, threshold_type=ThresholdType.COUNT, threshold=1)
    fleet = guarded(2, once, minimum_healthy_percent=50, maximum_percent=100)
    fleet.want("b")
    fleet.tell(Drained("t2"), Exited("t2", 0), Launched("t3"), Exited("t3", 1))
    for _ in range(10):
        assert fleet.scheduler.history.refused
        assert fleet.healthy() == ["t1"]
        fleet.tell(Exited(fleet.launched[-1], 1))
        fleet.tell(*map(Elapsed, fleet.timers))
    fleet.run(2000)
    assert fleet.revisions() == ["a", "a"]
    assert fleet.scheduler.steady


def test_a_circuit_breaker_that_is_taken_away_lets_those_on_trial_go_on() -> None:
    fleet = guarded(1)
    fleet.want("b")
    fleet.run(3)
    assert fleet.healthy() == ["t1", "t2"]
    fleet.want("b", circuit_breaker=CircuitBreaker())
    assert fleet.scheduler.steady
    assert fleet.revisions() == ["b"]


def test_a_deployment_goes_on_after_the_end_of_control_with_its_failures_and_its_way_back() -> None:
    former = guarded(1)
    former.want("crashing")
    former.run(0)
    assert former.kept.primary
    assert former.kept.primary.failed_tasks == 2
    fleet = Fleet()
    fleet.service = former.service
    fleet.alive["x1"] = "a"
    fleet.launched.append("x1")
    fleet.members.add("x1")
    fleet.tell(Attach((Existing("x1", "a", Phase.REGISTERED),)), Remember(former.kept))
    fleet.want("crashing")
    fleet.run(0)
    assert fleet.scheduler.steady
    assert fleet.healthy() == ["x1"]
    assert len(fleet.launched) == 2, "one more failure was enough"


def test_a_rollback_goes_on_after_the_end_of_control() -> None:
    former = guarded(1)
    former.want("crashing")
    former.run(1)
    fleet = Fleet()
    fleet.service = former.service
    fleet.tell(Remember(former.kept))
    fleet.want("crashing")
    assert fleet.launched == ["t1"]
    assert fleet.alive == {"t1": "a"}
    fleet.run(10)
    assert fleet.scheduler.steady


def test_who_is_superfluous_in_a_failed_deployment_goes_the_failed_ones_first() -> None:
    fleet = guarded(3, ALONE)
    fleet.want("b")
    fleet.tell(Launched("t4"), Launched("t5"), Launched("t6"))
    said = fleet.tell(Exited("t4", 1), Launched("t7"), Exited("t5", 1), Exited("t7", 1))
    assert "nothing more of it is started" in told(said)[-1]
    assert of(said, Terminate)[-1:] == [Terminate("t6")]
    assert fleet.revisions() == ["a", "a", "a"]


def test_a_threshold_that_is_a_number_is_that_number() -> None:
    fleet = guarded(1, replace(ON, threshold_type=ThresholdType.COUNT, threshold=1))
    fleet.want("b")
    assert "; back to revision a" in told(fleet.tell(Launched("t2"), Exited("t2", 1)))[0]


def test_a_deployment_of_no_tasks_is_completed_at_once() -> None:
    fleet = guarded(0)
    fleet.want("b")
    assert fleet.scheduler.history.completed
    assert fleet.scheduler.history.completed.revision == "b"
    assert fleet.launched == []
