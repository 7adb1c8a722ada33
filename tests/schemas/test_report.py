import pytest

from gateline.schemas.pattern import TooLong
from gateline.schemas.report import LONGEST_MESSAGE, MOST_MESSAGES, STEPS_OF_A_LOOK, Report


def test_steps_run_out() -> None:
    report = Report(steps=2, seconds=60)
    report.step()
    report.step()
    with pytest.raises(TooLong):
        report.step()


def test_time_runs_out() -> None:
    assert Report(steps=1, seconds=60).seconds() > 0
    with pytest.raises(TooLong):
        Report(steps=1, seconds=0).seconds()
    with pytest.raises(TooLong):
        Report(steps=STEPS_OF_A_LOOK + 1, seconds=0).step()


def test_messages_are_kept_up_to_a_number_and_a_length() -> None:
    report = Report(steps=1, seconds=60)
    for _ in range(MOST_MESSAGES + 1):
        report.fault("x" * (LONGEST_MESSAGE + 1))
    assert report.messages == ["x" * LONGEST_MESSAGE] * MOST_MESSAGES
    assert report.is_full


def test_what_is_found_apart_does_not_count() -> None:
    report = Report(steps=1, seconds=60)
    report.fault("a")
    with report.apart():
        assert report.is_good
        report.fault("b")
        assert not report.is_good
    assert report.messages == ["a"]
