"""Transcripts of one service's life."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateline.services.action import (
    Deregister,
    Finished,
    Forget,
    Kill,
    Launch,
    Probe,
    Register,
    SetTimer,
    Tell,
    Terminate,
)
from gateline.services.event import (
    Deploy,
    Drained,
    Elapsed,
    Exited,
    Launched,
    Probed,
    Scale,
    Seen,
    Stop,
)
from gateline.services.scheduler import Scheduler
from services.fleet import Fleet, of, steady, told


def delays(fleet: Fleet, *, failures: int) -> list[float]:
    """The pauses that a service makes whose only task exits as soon as it runs."""
    found = []
    for _ in range(failures):
        name = fleet.launched[-1]
        said = fleet.tell(Launched(name), Exited(name, 1))
        timers = [action for action in said if isinstance(action, SetTimer)][1:]  # the first one: the start
        found.append(timers[0].seconds if timers else 0.0)
        if timers:
            fleet.tell(Elapsed(timers[0].serial))
    return found


def test_a_scheduler_that_was_told_nothing_keeps_no_task() -> None:
    scheduler = Scheduler(lambda: "t")
    assert (scheduler.tasks, scheduler.desired, scheduler.handle(Deploy())) == ((), 0, [])


def test_the_life_of_a_task_from_its_launch_to_its_end() -> None:
    fleet = Fleet()
    assert fleet.want("a", desired_count=1) == [Launch("t1", "a")]
    assert fleet.tell(Launched("t1")) == [Probe("t1"), SetTimer(1, 30.0)]
    assert fleet.tell(Probed("t1", well=False)) == [SetTimer(2, 0.1)]
    assert fleet.tell(Elapsed(2)) == [Probe("t1")]
    assert fleet.tell(Probed("t1", well=True)) == [Register("t1")]
    assert not fleet.scheduler.steady
    assert fleet.tell(Seen("t1", healthy=True)) == [
        SetTimer(3, 5.0),
        Tell("all is well: 1 task of revision a"),
    ]
    assert fleet.scheduler.steady
    assert fleet.tell(Stop()) == [Deregister("t1"), SetTimer(4, 60.0)]
    assert fleet.tell(Drained("t1")) == [Forget("t1"), Terminate("t1"), SetTimer(5, 30.0)]
    assert fleet.tell(Elapsed(5)) == [Kill("t1")]
    assert fleet.tell(Exited("t1", -9)) == [Finished()]


def test_a_worker_is_well_when_it_stayed_up_and_is_never_registered() -> None:
    fleet = Fleet(worker=True)
    fleet.want("a", desired_count=1)
    assert fleet.tell(Launched("t1")) == [SetTimer(1, 1.0)]
    assert not fleet.scheduler.steady
    fleet.tell(Elapsed(1))
    assert fleet.scheduler.steady
    assert fleet.tell(Stop()) == [Terminate("t1"), SetTimer(3, 30.0)]
    assert fleet.tell(Exited("t1", 0)) == [Finished()]


# Rolling replacement.


def test_one_task_is_replaced_by_starting_the_new_one_first() -> None:
    fleet = steady(1)
    assert fleet.want("b") == [Launch("t2", "b")]
    assert of(fleet.tell(Launched("t2"), Probed("t2", well=True)), Register, Deregister) == [Register("t2")]
    assert of(fleet.tell(Seen("t2", healthy=True)), Deregister, Terminate) == [Deregister("t1")]
    assert of(fleet.tell(Drained("t1")), Forget, Terminate) == [Forget("t1"), Terminate("t1")]
    assert fleet.scheduler.steady


def test_with_room_for_none_more_half_is_stopped_first() -> None:
    fleet = steady(4, minimum_healthy_percent=50, maximum_percent=100)
    said = fleet.want("b")
    assert of(said, Deregister, Launch) == [
        Deregister("t4"),
        Deregister("t3"),
        Launch("t5", "b"),
        Launch("t6", "b"),
    ]
    said = fleet.run(10)
    assert of(said, Deregister, Launch) == [
        Deregister("t2"),
        Launch("t7", "b"),
        Deregister("t1"),
        Launch("t8", "b"),
    ]
    assert fleet.scheduler.steady


def test_a_full_service_starts_all_new_ones_and_stops_old_ones_as_new_ones_get_well() -> None:
    fleet = steady(3)
    assert [type(action) for action in fleet.want("b")] == [Launch, Launch, Launch]
    said = fleet.run(10)
    assert [action for action in said if isinstance(action, Deregister | Launch)] == [
        Deregister("t3"),
        Deregister("t2"),
        Deregister("t1"),
    ]
    assert fleet.revisions() == ["b", "b", "b"]


def test_the_newest_revision_wins_and_half_started_ones_go() -> None:
    fleet = steady(2)
    fleet.want("b")
    said = fleet.want("c")
    assert of(said, Terminate, Launch, Deregister) == [
        Terminate("t4"),
        Terminate("t3"),
        Launch("t5", "c"),
        Launch("t6", "c"),
    ]
    fleet.run(10)
    assert fleet.revisions() == ["c", "c"]


def test_a_way_back_keeps_the_tasks_that_still_serve() -> None:
    fleet = steady(2)
    fleet.want("b")
    assert of(fleet.want("a"), Terminate, Launch) == [Terminate("t4"), Terminate("t3")]
    fleet.run(10)
    assert [view.task for view in fleet.scheduler.tasks] == ["t1", "t2"]


def test_twenty_replacements_in_a_row() -> None:
    fleet = steady(3)
    for number in range(20):
        fleet.want(f"r{number}")
        fleet.run(20)
        assert fleet.scheduler.steady
        assert fleet.revisions() == [f"r{number}"] * 3
    assert len(fleet.launched) == 63
    assert len(fleet.alive) == 3


def test_twenty_replacements_that_nobody_waits_for() -> None:
    fleet = steady(3)
    for number in range(20):
        fleet.want(f"r{number}")
        fleet.run(0.05 * number)
    fleet.run(20)
    assert fleet.revisions() == ["r19"] * 3
    assert len(fleet.alive) == 3


def test_a_forced_deployment_replaces_all_and_the_same_definition_does_not() -> None:
    fleet = steady(2)
    assert fleet.want("a") == []
    assert of(fleet.tell(Deploy()), Launch) == [Launch("t3", "a+1"), Launch("t4", "a+1")]
    fleet.run(10)
    assert fleet.want("a") == []
    assert fleet.revisions() == ["a+1", "a+1"]
    fleet.tell(Deploy())
    fleet.run(10)
    assert fleet.revisions() == ["a+2", "a+2"]


def test_a_deployment_that_does_not_get_well_leaves_the_old_ones_serving_and_says_so() -> None:
    fleet = steady(2)
    fleet.want("ill")
    said = fleet.run(31)
    assert of(said, Deregister) == []
    assert fleet.healthy() == ["t1", "t2"]
    assert told(said)[0] == (
        "task t3 was not well within 30 s (Request timed out); 2 tasks of an earlier revision serve on"
    )
    assert len(told(said)) == 2, "once for each task"
    fleet.want("b")
    fleet.run(10)
    assert fleet.revisions() == ["b", "b"]


# How many.


def test_scaling_up_starts_and_scaling_down_stops_the_youngest() -> None:
    fleet = steady(2)
    assert fleet.tell(Scale(4)) == [Launch("t3", "a"), Launch("t4", "a")]
    fleet.run(10)
    assert of(fleet.tell(Scale(1)), Deregister) == [Deregister("t4"), Deregister("t3"), Deregister("t2")]
    fleet.run(10)
    assert fleet.tell(Scale(0))[0] == Deregister("t1")
    fleet.run(10)
    assert fleet.scheduler.tasks == ()
    assert fleet.finished == 0


def test_scaling_down_takes_unwell_tasks_first() -> None:
    fleet = steady(3)
    fleet.tell(Seen("t1", healthy=False))
    assert of(fleet.tell(Scale(2)), Deregister) == [Deregister("t1")]


def test_a_scaled_service_stays_so_until_the_definition_wants_another_number() -> None:
    fleet = steady(2)
    fleet.tell(Scale(3))
    fleet.run(10)
    fleet.want("b")
    assert fleet.scheduler.desired == 3
    fleet.want("b", desired_count=1)
    assert fleet.scheduler.desired == 1


@pytest.mark.parametrize("count", [1, 2, 6])
def test_scaling_during_a_deployment_ends_with_that_many_new_ones(count: int) -> None:
    fleet = steady(4, minimum_healthy_percent=50, maximum_percent=150)
    fleet.want("b")
    fleet.run(0.05)
    fleet.tell(Scale(count))
    fleet.run(30)
    assert fleet.scheduler.steady
    assert fleet.revisions() == ["b"] * count


# Failures.


def test_a_registered_task_that_exits_is_forgotten_and_replaced_at_once() -> None:
    fleet = steady(2)
    assert fleet.tell(Exited("t1", -9)) == [
        Forget("t1"),
        Tell("task t1 was ended by signal 9", "t1", trouble=True),
        Launch("t3", "a"),
    ]


def test_starts_of_a_service_that_keeps_failing_come_ever_later() -> None:
    fleet = Fleet()
    fleet.want("a", desired_count=1)
    assert delays(fleet, failures=12) == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]


def test_the_pause_is_told() -> None:
    fleet = Fleet()
    fleet.want("a", desired_count=1)
    fleet.tell(Exited("t1", 1))
    assert told(fleet.tell(Exited("t2", 127))) == ["task t2 exited with status 127; the next start is in 1 s"]


def test_tasks_that_fail_together_are_one_failure() -> None:
    fleet = Fleet()
    fleet.want("crashing", desired_count=4)
    fleet.run()
    assert len(fleet.launched) == 5, "one at once, the others after the first pause"
    fleet.run(1)
    assert len(fleet.launched) == 9


def test_failures_are_forgiven_when_a_task_was_well_for_a_while() -> None:
    fleet = Fleet()
    fleet.want("a", desired_count=1)
    delays(fleet, failures=6)
    fleet.run(4)
    fleet.tell(Exited(fleet.launched[-1], 1))
    assert len(fleet.launched) == 7, "not long enough"
    fleet.run(60)
    fleet.tell(Exited(fleet.launched[-1], 1))
    assert len(fleet.launched) == 9, "replaced at once"


def test_a_new_revision_does_not_wait_for_the_pause_of_the_one_before() -> None:
    fleet = Fleet()
    fleet.want("a", desired_count=1)
    delays(fleet, failures=5)
    fleet.tell(Exited(fleet.launched[-1], 1))
    assert of(fleet.want("b"), Launch) == [Launch("t7", "b")]
    fleet.run(1000)
    assert fleet.revisions() == ["b"]


def test_a_task_that_fails_its_health_checks_is_replaced_before_it_goes() -> None:
    fleet = steady(1)
    assert fleet.tell(Seen("t1", healthy=False)) == [Probe("t1")]
    said = fleet.tell(Probed("t1", well=False, reason="Request timed out"))
    assert told(said) == ["task t1 fails its health checks (Request timed out)"]
    assert of(said, Launch, Deregister) == [Launch("t2", "a")]
    said = fleet.tell(Launched("t2"), Probed("t2", well=True), Seen("t2", healthy=True))
    assert of(said, Deregister) == [Deregister("t1")]


def test_unwell_tasks_without_room_for_more_make_room_one_by_one() -> None:
    fleet = steady(2, minimum_healthy_percent=50, maximum_percent=100)
    fleet.tell(Seen("t1", healthy=False), Seen("t2", healthy=False))
    said = fleet.tell(Probed("t1", well=False), Probed("t2", well=False))
    assert of(said, Deregister, Launch) == [Deregister("t2"), Launch("t3", "a")]
    said = fleet.tell(Launched("t3"), Probed("t3", well=True), Seen("t3", healthy=True))
    assert of(said, Deregister, Launch) == [Deregister("t1"), Launch("t4", "a")]


def test_tasks_that_envoy_alone_sees_unhealthy_make_room_when_it_has_had_the_time_to_see_them() -> None:
    fleet = steady(2, minimum_healthy_percent=50, maximum_percent=100)
    fleet.tell(Seen("t1", healthy=False), Seen("t2", healthy=False))
    fleet.tell(Probed("t1", well=True), Probed("t2", well=True))
    assert of(fleet.want("b"), Deregister, Launch) == []
    for serial in sorted(fleet.timers)[-2:]:
        fleet.tell(Elapsed(serial))
    said = fleet.tell(Probed("t1", well=True), Probed("t2", well=True))
    assert of(said, Deregister, Launch) == [Deregister("t1"), Launch("t3", "b")]


def test_a_stop_drains_all_together_and_a_second_one_kills() -> None:
    fleet = steady(2)
    fleet.want("b")
    assert of(fleet.tell(Stop()), Deregister, Terminate) == [
        Deregister("t1"),
        Deregister("t2"),
        Terminate("t3"),
        Terminate("t4"),
    ]
    assert of(fleet.tell(Stop()), Forget, Kill) == [
        Forget("t1"),
        Kill("t1"),
        Forget("t2"),
        Kill("t2"),
        Kill("t3"),
        Kill("t4"),
    ]
    assert fleet.tell(Stop()) == []
    assert fleet.run() == [Finished()]
    assert fleet.tell(Stop()) == []


def test_nothing_is_started_after_a_stop_even_when_a_pause_runs_out() -> None:
    fleet = Fleet()
    fleet.want("crashing", desired_count=1)
    fleet.run()
    assert fleet.timers
    assert fleet.tell(Stop()) == [Finished()]
    assert fleet.run(1000) == []


def test_a_service_that_is_wanted_again_takes_its_stop_back() -> None:
    fleet = steady(1)
    fleet.tell(Stop())
    assert fleet.want("a") == [Launch("t2", "a")]
    fleet.run(10)
    assert fleet.healthy() == ["t2"]
    assert (fleet.finished, list(fleet.alive)) == (0, ["t2"])


def test_numbers_of_the_definition_hold_from_the_moment_they_are_told() -> None:
    fleet = steady(1)
    assert fleet.want("a", stop_timeout=timedelta(seconds=7)) == []
    fleet.tell(Stop())
    assert of(fleet.tell(Drained("t1")), SetTimer) == [SetTimer(4, 7.0)]
