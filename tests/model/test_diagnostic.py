"""Complaints are collected with the severity that their code and `--allow` give them."""

from __future__ import annotations

import pytest

from gateline.model.diagnostic import Code, Complaints, Severity
from gateline.model.origin import Origin

HERE = Origin("api.yaml", ("paths",))
ERROR = Code(name="GL999", title="a fault")
WARNING = Code(name="GL998", title="a doubt", severity=Severity.WARNING)
ALLOWABLE = Code(name="GL997", title="not yet", allowable=True)


def test_an_error_stops_and_a_warning_does_not() -> None:
    complaints = Complaints()
    assert complaints.add(ERROR, HERE, "wrong") is True
    assert complaints.add(WARNING, HERE, "odd") is False
    report = complaints.report()
    assert (report.error_count, report.warning_count) == (1, 1)


def test_what_is_allowed_by_name_becomes_a_warning() -> None:
    complaints = Complaints(frozenset({"GL997"}))
    assert complaints.add(ALLOWABLE, HERE, "not yet") is False
    [found] = complaints.report().diagnostics
    assert found.severity is Severity.WARNING


def test_what_is_not_allowed_by_name_stays_an_error() -> None:
    assert Complaints(frozenset({"GL996"})).add(ALLOWABLE, HERE, "not yet") is True


@pytest.mark.parametrize("code", [ERROR])
def test_what_is_not_allowable_stays_an_error_even_when_it_is_named(code: Code) -> None:
    complaints = Complaints(frozenset({code.name}))
    assert complaints.add(code, HERE, "wrong") is True
    assert complaints.report().error_count == 1


def test_a_severity_can_be_given_for_one_complaint() -> None:
    complaints = Complaints()
    assert complaints.add(ERROR, HERE, "only here", severity=Severity.WARNING) is False
    assert complaints.add(WARNING, HERE, "only here", severity=Severity.ERROR) is True


def test_complaints_keep_their_order_and_reports_add_up() -> None:
    first, second = Complaints(), Complaints()
    first.add(ERROR, HERE, "1")
    first.add(WARNING, HERE, "2", help="do this")
    second.add(ERROR, HERE, "3")
    both = first.report() + second.report()
    assert [d.message for d in both.diagnostics] == ["1", "2", "3"]
    assert both.diagnostics[1].help == "do this"
    assert both.error_count == 2


def test_a_report_does_not_change_after_it_was_made() -> None:
    complaints = Complaints()
    report = complaints.report()
    complaints.add(ERROR, HERE, "later")
    assert report.diagnostics == ()
