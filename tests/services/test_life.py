from __future__ import annotations

from datetime import timedelta

import pytest

from gateline.services.action import Deregister, Forget, Kill, Launch, Probe, Register, SetTimer, Terminate
from gateline.services.deployment import Phase
from gateline.services.event import Drained, Elapsed, Exited, Launched, Probed, Seen, Stop
from services.fleet import Fleet, of, steady, told


def phase(fleet: Fleet, task: str = "t1") -> Phase:
    return next(view.phase for view in fleet.scheduler.tasks if view.task == task)


def starting(**changes: int | timedelta) -> Fleet:
    fleet = Fleet()
    fleet.want("a", **{"desired_count": 1, **changes})
    return fleet


def test_a_task_that_starts_is_asked_ever_more_slowly() -> None:
    fleet = starting()
    fleet.tell(Launched("t1"))
    pauses = []
    for _ in range(5):
        (timer,) = fleet.tell(Probed("t1", well=False))
        assert isinstance(timer, SetTimer)
        pauses.append(timer.seconds)
        assert fleet.tell(Elapsed(timer.serial)) == [Probe("t1")]
    assert pauses == [0.1, 0.2, 0.4, 0.5, 0.5]


@pytest.mark.parametrize(("grace", "limit"), [(0, 30.0), (20, 30.0), (90, 90.0)])
def test_a_task_has_as_long_to_get_well_as_a_balancer_or_its_grace_period_gives_it(
    grace: int, limit: float
) -> None:
    fleet = starting(health_check_grace_period=timedelta(seconds=grace))
    timers = of(fleet.tell(Launched("t1")), SetTimer)
    assert timers[0] == SetTimer(1, limit)


def test_a_task_that_does_not_get_well_in_time_is_ended_without_having_been_registered() -> None:
    fleet = starting()
    fleet.tell(
        Launched("t1"), Probed("t1", well=False, reason="Health checks failed with these codes: [503]")
    )
    said = fleet.tell(Elapsed(1))
    assert told(said) == ["task t1 was not well within 30 s (Health checks failed with these codes: [503])"]
    assert of(said, Terminate, Launch, Deregister) == [Terminate("t1"), Launch("t2", "a")]


def test_an_answer_that_comes_after_the_end_was_decided_changes_nothing() -> None:
    fleet = starting()
    fleet.tell(Launched("t1"), Elapsed(1))
    assert fleet.tell(Probed("t1", well=True)) == []
    assert phase(fleet) is Phase.TERMINATING


def test_a_task_may_be_ended_before_its_process_was_reported() -> None:
    fleet = starting()
    assert of(fleet.tell(Stop()), Terminate) == [Terminate("t1")]
    assert fleet.tell(Launched("t1")) == []


def test_what_envoy_sees_unwell_but_we_do_not_is_asked_again_and_not_replaced() -> None:
    fleet = steady(1)
    assert fleet.tell(Seen("t1", healthy=False)) == [Probe("t1")]
    assert phase(fleet) is Phase.REGISTERED
    assert fleet.tell(Seen("t1", healthy=False)) == [], "it is being asked already"
    (timer,) = fleet.tell(Probed("t1", well=True))
    assert isinstance(timer, SetTimer)
    assert timer.seconds == 10.0
    assert fleet.tell(Elapsed(timer.serial)) == [Probe("t1")]
    fleet.tell(Seen("t1", healthy=True))
    assert fleet.tell(Probed("t1", well=False)) == [], "Envoy has the word"
    assert phase(fleet) is Phase.HEALTHY


def test_failing_health_checks_are_ignored_within_the_grace_period() -> None:
    fleet = starting(health_check_grace_period=timedelta(seconds=60))
    fleet.tell(Launched("t1"), Probed("t1", well=True), Seen("t1", healthy=True), Seen("t1", healthy=False))
    (again,) = fleet.tell(Probed("t1", well=False))
    assert isinstance(again, SetTimer)
    assert fleet.tell(Elapsed(2)) == [], "the grace period is over"
    assert fleet.tell(Elapsed(again.serial)) == [Probe("t1")]
    fleet.tell(Probed("t1", well=False))
    assert phase(fleet) is Phase.UNWELL


def test_a_task_that_recovers_before_it_was_replaced_stays_and_its_replacement_goes() -> None:
    fleet = steady(1)
    fleet.tell(Seen("t1", healthy=False), Probed("t1", well=False))
    assert phase(fleet) is Phase.UNWELL
    assert of(fleet.tell(Seen("t1", healthy=True)), Deregister, Terminate) == [Terminate("t2")]


def test_a_drain_that_takes_too_long_ends_with_the_deregistration_delay() -> None:
    fleet = steady(1)
    _, timer = fleet.tell(Stop())
    assert isinstance(timer, SetTimer)
    said = fleet.tell(Elapsed(timer.serial))
    assert of(said, Forget, Terminate) == [Forget("t1"), Terminate("t1")]
    assert fleet.tell(Drained("t1")) == []


def test_a_task_that_exits_while_it_drains_is_forgotten_and_no_failure() -> None:
    fleet = steady(2)
    fleet.want("a", desired_count=1)
    said = fleet.tell(Exited("t2", 1))
    assert said == [Forget("t2")]


def test_timers_of_a_task_that_is_gone_mean_nothing() -> None:
    fleet = starting()
    fleet.tell(Launched("t1"), Exited("t1", 1))
    assert fleet.tell(Elapsed(1)) == []


def test_a_task_that_ignores_sigterm_is_killed_after_its_stop_timeout() -> None:
    fleet = Fleet()
    fleet.want("stubborn", desired_count=1, stop_timeout=timedelta(seconds=2))
    fleet.run(10)
    began = fleet.now
    said = [*fleet.tell(Stop()), *fleet.run(10)]
    assert of(said, Terminate, Kill) == [Terminate("t1"), Kill("t1")]
    assert fleet.now == began + 10
    assert fleet.finished == 1


def test_a_busy_task_keeps_its_requests_for_the_whole_delay() -> None:
    fleet = Fleet()
    fleet.want("busy", desired_count=1)
    fleet.run(10)
    assert of([*fleet.tell(Stop()), *fleet.run(59)], Terminate) == []
    assert of(fleet.run(1), Terminate) == [Terminate("t1")]


def test_a_view_of_a_task_that_is_not_registered_means_nothing() -> None:
    fleet = starting()
    assert fleet.tell(Seen("t1", healthy=True)) == []
    fleet.tell(Launched("t1"))
    assert of(fleet.tell(Probed("t1", well=True)), Register) == [Register("t1")]
