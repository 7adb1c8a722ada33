from __future__ import annotations

from gateline.runtime.supervisor import (
    Action,
    Crashed,
    Drain,
    Drained,
    Elapsed,
    Event,
    Exited,
    Finished,
    Kill,
    Leaving,
    Phase,
    Policy,
    Ready,
    SetTimer,
    Spawn,
    Start,
    Stop,
    Supervisor,
    Terminate,
    Unresponsive,
)

POLICY = Policy(
    first_delay=0.0,
    next_delay=0.5,
    longest_delay=2.0,
    forgiven_after=30.0,
    drain_timeout=10.0,
    terminate_timeout=3.0,
)


def running(*, at: float = 0.0) -> Supervisor:
    machine = Supervisor(POLICY)
    machine.handle(Start())
    machine.handle(Ready(at))
    return machine


def transcript(machine: Supervisor, *events: Event) -> list[Action]:
    return [action for event in events for action in machine.handle(event)]


def test_a_start_spawns_once() -> None:
    machine = Supervisor(POLICY)
    assert machine.handle(Start()) == [Spawn()]
    assert machine.handle(Start()) == []
    assert machine.phase is Phase.STARTING


def test_a_crash_is_answered_at_once() -> None:
    machine = running()
    assert machine.handle(Exited(5.0, -11)) == [Crashed(-11, 0.0), SetTimer(1, 0.0)]
    assert machine.handle(Elapsed(1)) == [Spawn()]


def test_crashes_that_follow_closely_are_answered_ever_later_up_to_a_bound() -> None:
    machine = running()
    delays = []
    for serial in range(1, 7):
        crashed, timer = machine.handle(Exited(float(serial), -6))
        assert isinstance(crashed, Crashed)
        delays.append(crashed.restart_in)
        assert timer == SetTimer(serial, crashed.restart_in)
        assert machine.handle(Elapsed(serial)) == [Spawn()]
    assert delays == [0.0, 0.5, 1.0, 2.0, 2.0, 2.0]


def test_crashing_again_before_being_ready_counts_as_closely() -> None:
    machine = running()
    transcript(machine, Exited(100.0, -6), Elapsed(1))
    assert machine.handle(Exited(500.0, 1)) == [Crashed(1, 0.5), SetTimer(2, 0.5)]


def test_a_long_quiet_time_forgives_earlier_crashes() -> None:
    machine = running()
    transcript(machine, Exited(1.0, -6), Elapsed(1), Ready(2.0))
    transcript(machine, Exited(3.0, -6), Elapsed(2), Ready(4.0))
    assert machine.handle(Exited(34.0, -6)) == [Crashed(-6, 0.0), SetTimer(3, 0.0)]


def test_what_is_wanted_at_once_is_not_waited_with() -> None:
    machine = running()
    transcript(machine, Exited(1.0, -6), Elapsed(1), Exited(2.0, -6))
    assert machine.phase is Phase.WAITING
    assert machine.handle(Start()) == [Spawn()]
    assert machine.handle(Elapsed(2)) == []


def test_what_never_came_up_is_not_started_again() -> None:
    machine = Supervisor(POLICY)
    machine.handle(Start())
    assert machine.handle(Exited(0.1, 1)) == [Finished(1, failed=True)]
    assert machine.phase is Phase.OVER


def test_a_stop_drains_then_terminates() -> None:
    machine = running()
    assert transcript(machine, Stop(), Drained(), Exited(9.0, 0)) == [
        Drain(),
        SetTimer(1, 10.0),
        Terminate(),
        SetTimer(2, 3.0),
        Finished(0),
    ]


def test_a_drain_that_takes_too_long_is_cut_short() -> None:
    machine = running()
    machine.handle(Stop())
    assert machine.handle(Elapsed(1)) == [Terminate(), SetTimer(2, 3.0)]
    assert machine.handle(Drained()) == []


def test_a_process_that_does_not_terminate_is_killed() -> None:
    machine = running()
    transcript(machine, Stop(), Drained())
    assert machine.handle(Elapsed(2)) == [Kill()]
    assert machine.handle(Exited(20.0, -9)) == [Finished(-9)]


def test_a_second_stop_kills_at_once() -> None:
    machine = running()
    machine.handle(Stop())
    assert machine.handle(Stop()) == [Kill()]
    assert machine.handle(Stop()) == []


def test_a_second_stop_kills_what_is_terminating() -> None:
    machine = running()
    transcript(machine, Stop(), Drained())
    assert machine.handle(Stop()) == [Kill()]


def test_a_process_that_serves_nobody_yet_is_not_drained() -> None:
    machine = Supervisor(POLICY)
    machine.handle(Start())
    assert machine.handle(Stop()) == [Terminate(), SetTimer(1, 3.0)]


def test_a_stop_while_waiting_to_restart_ends_there_and_the_late_timer_is_ignored() -> None:
    machine = running()
    machine.handle(Exited(1.0, -6))
    assert machine.handle(Stop()) == [Finished(0)]
    assert machine.handle(Elapsed(1)) == []


def test_a_crash_during_the_drain_ends_it() -> None:
    machine = running()
    machine.handle(Stop())
    assert machine.handle(Exited(3.0, -11)) == [Finished(-11)]
    assert machine.handle(Drained()) == []


def test_a_timer_that_was_replaced_is_ignored() -> None:
    machine = running()
    transcript(machine, Stop(), Drained())
    assert machine.handle(Elapsed(1)) == []
    assert machine.phase is Phase.TERMINATING


def test_a_ready_that_comes_after_the_crash_is_ignored() -> None:
    machine = running()
    machine.handle(Exited(1.0, -6))
    assert machine.handle(Ready(1.1)) == []
    assert machine.phase is Phase.WAITING


def test_a_stop_before_any_start_ends_at_once() -> None:
    machine = Supervisor(POLICY)
    assert machine.handle(Stop()) == [Finished(0)]
    assert machine.handle(Start()) == []


def test_a_process_that_does_not_answer_is_killed_and_started_again() -> None:
    machine = running()
    assert machine.handle(Unresponsive()) == [Kill()]
    assert machine.handle(Unresponsive()) == []  # it is dying already
    assert machine.handle(Exited(5.0, -9)) == [Crashed(-9, 0.0, hung=True), SetTimer(1, 0.0)]
    assert transcript(machine, Elapsed(1), Ready(5.5)) == [Spawn()]
    assert machine.handle(Exited(6.0, -11)) == [Crashed(-11, 0.5), SetTimer(2, 0.5)]


def test_what_was_ready_and_hangs_while_it_starts_again_is_killed_and_started_once_more() -> None:
    machine = running()
    transcript(machine, Exited(5.0, -9), Elapsed(1))
    assert machine.phase is Phase.STARTING
    assert machine.handle(Unresponsive()) == [Kill()]
    assert machine.handle(Unresponsive()) == []
    assert machine.handle(Exited(8.0, -9)) == [Crashed(-9, 0.5, hung=True), SetTimer(2, 0.5)]


def test_what_starts_for_the_first_time_or_stops_need_not_answer() -> None:
    machine = Supervisor(POLICY)
    machine.handle(Start())
    assert machine.handle(Unresponsive()) == []
    machine = running()
    machine.handle(Stop())
    assert machine.handle(Unresponsive()) == []


def test_what_is_not_to_be_restarted_is_over_when_it_ends() -> None:
    machine = Supervisor(Policy(restarts=False))
    transcript(machine, Start(), Ready(0.0))
    assert machine.handle(Exited(1.0, -9)) == [Finished(-9)]
    assert machine.handle(Start()) == []


def test_what_leaves_ends_by_itself_and_is_not_started_again() -> None:
    machine = running()
    assert machine.handle(Leaving()) == []
    assert machine.phase is Phase.LEAVING
    assert machine.handle(Exited(2.0, 3)) == [Finished(3)]


def test_what_leaves_before_it_ever_served_has_not_failed() -> None:
    machine = Supervisor(POLICY)
    assert transcript(machine, Start(), Leaving(), Exited(1.0, 0)) == [Spawn(), Finished(0)]


def test_what_is_about_to_be_started_again_does_not_come_back_after_it_said_farewell() -> None:
    machine = running()
    machine.handle(Exited(1.0, -6))
    assert machine.handle(Leaving()) == [Finished(0)]
    assert machine.handle(Elapsed(1)) == []


def test_what_leaves_too_slowly_may_be_stopped() -> None:
    machine = running()
    machine.handle(Leaving())
    assert machine.handle(Stop()) == [Terminate(), SetTimer(1, 3.0)]
