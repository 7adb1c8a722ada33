from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateline.rotation.machine import AGAIN, Work, advance, begin, due, fail, work
from gateline.rotation.stages import Stages, Step

THEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
DAY = timedelta(days=1)
IDLE = Stages(current=b"old", stale=b"older", begun=THEN, since=THEN)


def course() -> list[Stages]:
    """A rotation from its beginning to its end."""
    found = [begin(IDLE, b"new", NOW)]
    while found[-1].step is not Step.IDLE:
        found.append(advance(found[-1], NOW))
    return found


def test_a_rotation_goes_through_all_steps_and_ends_with_the_new_value_alone() -> None:
    steps = course()
    assert [each.step for each in steps] == [*list(Step)[1:], Step.IDLE]
    assert steps[-1] == Stages(current=b"new", stale=b"old", begun=NOW, since=NOW)


def test_at_every_step_services_accept_what_is_sent_and_what_was_sent_at_the_step_before() -> None:
    steps = course()
    for before, now in zip([IDLE, *steps], steps, strict=False):
        assert now.current in now.accepted
        if now.step is not Step.DROPPED:  # only once requests with the former value are over
            assert before.current in now.accepted
        assert now.current in before.accepted


def test_the_stale_value_is_accepted_at_no_step() -> None:
    for each in course():
        assert each.stale not in each.accepted


def test_there_is_something_to_do_before_services_and_the_gateway_are_left_to_the_new_value() -> None:
    assert {each.step: work(each) for each in course()} == {
        Step.PENDING: Work.OFFER,
        Step.ACCEPTED: Work.CONFIRM,
        Step.CURRENT: Work.SEND,
        Step.SETTLED: Work.NOTHING,
        Step.DROPPED: Work.WITHDRAW,
        Step.PROVEN: Work.NOTHING,
        Step.IDLE: Work.NOTHING,
    }


@pytest.mark.parametrize("value", [b"", b"old"])
def test_a_rotation_to_nothing_or_to_the_same_does_not_begin(value: bytes) -> None:
    with pytest.raises(ValueError, match="no rotation can begin"):
        begin(IDLE, value, NOW)


def test_a_second_rotation_does_not_begin_and_none_goes_on_that_is_over() -> None:
    for each in course()[:-1]:
        with pytest.raises(ValueError, match="no rotation can begin"):
            begin(each, b"newest", NOW)
    with pytest.raises(ValueError, match="no rotation is under way"):
        advance(IDLE, NOW)


def test_a_value_that_is_not_accepted_is_given_up_and_the_reason_kept() -> None:
    for each in course()[:2]:
        failed = fail(each, "task orders/3 refuses it", NOW)
        assert failed == Stages(
            current=b"old", stale=b"older", begun=NOW, since=NOW, problem="task orders/3 refuses it"
        )


def test_a_former_value_that_is_not_refused_changes_nothing_of_what_is_sent() -> None:
    dropped = next(each for each in course() if each.step is Step.DROPPED)
    failed = fail(dropped, "task orders/3 accepts it still", NOW)
    assert (failed.step, failed.current, failed.stale) == (Step.IDLE, b"new", b"old")


def test_nothing_fails_once_the_gateway_sends_the_new_value() -> None:
    sent = next(each for each in course() if each.step is Step.CURRENT)
    with pytest.raises(ValueError, match="cannot fail when it is current"):
        fail(sent, "whatever", NOW)


def test_the_next_rotation_is_due_from_the_beginning_of_the_last_one() -> None:
    assert due(course()[-1], DAY) == NOW + DAY
    assert due(course()[0], DAY) is None


def test_a_rotation_that_failed_is_tried_again_sooner_unless_it_is_due_before() -> None:
    failed = fail(course()[0], "why", NOW)
    assert due(failed, DAY) == NOW + AGAIN
    assert due(failed, timedelta(seconds=5)) == NOW + timedelta(seconds=5)
