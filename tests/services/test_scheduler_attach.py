"""Control comes back: what a scheduler makes of tasks that run already."""

from __future__ import annotations

from gateline.services.action import (
    Deregister,
    Finished,
    Forget,
    Launch,
    Probe,
    Register,
    SetTimer,
    Terminate,
)
from gateline.services.deployment import Phase
from gateline.services.event import Attach, Existing, Exited, Launched, Scale, Seen, Stop
from services.fleet import Fleet, of


def attached(*tasks: Existing) -> Fleet:
    """A fleet of tasks that a former control has launched."""
    fleet = Fleet()
    for task in tasks:
        fleet.alive[task.task] = task.revision
        fleet.launched.append(task.task)
        if task.phase in {Phase.REGISTERED, Phase.HEALTHY, Phase.DRAINING} and not task.worker:
            fleet.members.add(task.task)
        if task.phase is Phase.DRAINING:
            fleet.draining.add(task.task)
    assert fleet.tell(Attach(tasks)) == []
    return fleet


def test_what_a_former_control_left_is_taken_up_where_it_was() -> None:
    fleet = attached(
        Existing("x1", "a", Phase.TERMINATING),
        Existing("x2", "a", Phase.DRAINING),
        Existing("x3", "a", Phase.HEALTHY),
        Existing("x4", "a", Phase.STARTING),
    )
    assert fleet.want("a", desired_count=2) == [
        Terminate("x1"),
        SetTimer(1, 30.0),
        Deregister("x2"),
        SetTimer(2, 60.0),
        Register("x3"),
        Probe("x4"),
        SetTimer(3, 30.0),
    ]
    assert fleet.tell(Launched("x4")) == [], "it is no news"
    assert not fleet.scheduler.steady, "nobody has seen it healthy"
    fleet.run(10)
    assert fleet.healthy() == ["x3", "x4"]


def test_tasks_of_another_revision_are_replaced_when_control_comes_back_and_serve_meanwhile() -> None:
    fleet = attached(Existing("x1", "a", Phase.REGISTERED), Existing("x2", "a", Phase.REGISTERED))
    assert of(fleet.want("b", desired_count=2), Launch, Deregister) == [Launch("t1", "b"), Launch("t2", "b")]
    fleet.run(10)
    assert fleet.revisions() == ["b", "b"]


def test_a_forced_deployment_goes_on_when_control_comes_back() -> None:
    fleet = attached(Existing("x1", "a", Phase.REGISTERED), Existing("x2", "a+3", Phase.REGISTERED))
    assert of(fleet.want("a", desired_count=2), Launch) == [Launch("t1", "a+3")]
    fleet.run(10)
    assert fleet.revisions() == ["a+3", "a+3"]


def test_a_scale_that_is_remembered_is_told_before_the_definition() -> None:
    fleet = attached(*(Existing(f"x{n}", "a", Phase.REGISTERED) for n in range(4)))
    fleet.tell(Scale(4))
    assert of(fleet.want("a", desired_count=2), Launch, Deregister) == []


def test_a_task_that_ends_before_anything_is_wanted_is_not_taken_up() -> None:
    fleet = attached(Existing("x1", "a", Phase.REGISTERED))
    assert of(fleet.tell(Seen("x1", healthy=True), Exited("x1", 1)), Forget) == [Forget("x1")]
    assert fleet.want("a", desired_count=1) == [Launch("t1", "a")]


def test_tasks_of_a_service_that_is_gone_from_the_definition_are_stopped() -> None:
    fleet = attached(Existing("x1", "a", Phase.REGISTERED), Existing("x2", "a", Phase.STARTING, worker=True))
    assert of(fleet.tell(Stop()), Deregister, Terminate) == [Deregister("x1"), Terminate("x2")]
    assert fleet.run(400)[-1] == Finished()


def test_workers_that_ran_before_are_workers_still() -> None:
    fleet = Fleet(worker=True)
    fleet.alive["x1"] = "a"
    fleet.launched.append("x1")
    fleet.tell(Attach((Existing("x1", "a", Phase.HEALTHY, worker=True),)))
    assert fleet.want("a", desired_count=1) == [SetTimer(1, 1.0)]
    fleet.run(2)
    assert fleet.scheduler.steady


def test_time_that_a_former_control_has_given_is_not_given_again() -> None:
    fleet = attached(
        Existing("x1", "a", Phase.TERMINATING, since=29.0),
        Existing("x2", "a", Phase.TERMINATING, since=31.0),
        Existing("x3", "a", Phase.DRAINING, since=50.0),
    )
    timers = of(fleet.want("a", desired_count=0), SetTimer)
    assert timers == [SetTimer(1, 1.0), SetTimer(2, 0.0), SetTimer(3, 10.0)]


def test_nobody_is_sent_away_to_make_room_before_it_is_known_who_is_well() -> None:
    fleet = attached(Existing("x1", "a", Phase.REGISTERED), Existing("x2", "a", Phase.REGISTERED))
    fleet.want("b", desired_count=2, minimum_healthy_percent=50, maximum_percent=100)
    assert fleet.launched == ["x1", "x2"]
    fleet.tell(Seen("x1", healthy=True))
    assert fleet.draining == {"x2"}, "the other one, whatever it is like: the floor holds"
    fleet.tell(Exited("t1", 1))
    assert "x1" in fleet.members - fleet.draining
