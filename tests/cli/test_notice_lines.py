from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gateline.cli import line_writer
from gateline.cli.notice_lines import LineTeller, as_line
from gateline.model.codes import SECRET_UNREADABLE
from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin, Position
from gateline.runtime.notice import (
    Complained,
    EnvoyBack,
    EnvoyCrashed,
    FunctionSaid,
    FunctionTrouble,
    Notice,
    Remarked,
    ServiceTold,
    TargetsTold,
    TaskSaid,
)

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class OnePlace:
    def locate(self, _: Origin) -> Position:
        return Position(3, 7)

    def text(self, _: str) -> str | None:
        return None


def told(*notices: Notice, serving: bool = False) -> list[dict[str, Any]]:
    lines: list[str] = []
    teller = LineTeller(lines.append, now=lambda: NOON)
    if serving:
        teller.serving()
    for notice in notices:
        teller(notice)
    teller.close()
    assert all(line.isascii() and line.endswith("\n") and line.count("\n") == 1 for line in lines)
    found = [json.loads(line) for line in lines]
    assert [each.pop("time") for each in found] == ["2026-01-02T12:00:00.000Z"] * len(found)
    return found


def complained(*, refused: bool) -> Complained:
    complaints = Complaints()
    complaints.add(
        SECRET_UNREADABLE, Origin("gateline.yaml", ("secrets", "Token")), "no value", help="say one"
    )
    return Complained(complaints.report(), OnePlace(), refused=refused)


@pytest.mark.parametrize(
    ("notice", "fields"),
    [
        (
            EnvoyCrashed(-11, 0.5),
            {
                "event": "envoy_crashed",
                "level": "error",
                "message": "Envoy ended (signal SIGSEGV); it is started again in 0.5 s",
                "status": -11,
                "restart_in": 0.5,
                "hung": False,
            },
        ),
        (
            EnvoyBack(7),
            {"event": "envoy_back", "level": "info", "message": "Envoy serves again (process 7)", "pid": 7},
        ),
        (Remarked("odd\x1b[2J"), {"event": "remarked", "level": "warning", "message": "odd\x1b[2J"}),
        (
            FunctionSaid("auth", "r1", "stdout", "hel\nlo"),
            {"function": "auth", "request_id": "r1", "stream": "stdout", "text": "hel\nlo"},
        ),
        (
            TargetsTold("orders", "no answer", trouble=True),
            {
                "event": "targets_told",
                "level": "warning",
                "message": "target group orders: no answer",
                "target_group": "orders",
                "trouble": True,
            },
        ),
        (TaskSaid("orders", "3", "hello"), {"service": "orders", "task": "3", "text": "hello"}),
        (
            ServiceTold("orders", "task 3 ended", True, "no\nmore"),
            {
                "event": "service_told",
                "level": "warning",
                "message": "service orders: task 3 ended",
                "service": "orders",
                "trouble": True,
                "words": "no\nmore",
            },
        ),
        (
            FunctionTrouble("auth", "r1", "boom"),
            {"function": "auth", "request_id": "r1", "trouble": "boom"},
        ),
    ],
)
def test_a_notice_is_one_object(notice: Notice, fields: dict[str, object]) -> None:
    assert told(notice) == [fields]


def test_each_diagnostic_is_a_line_with_its_place_and_the_last_one_counts_them() -> None:
    diagnostic, refused = told(complained(refused=True))
    assert diagnostic == {
        "event": "diagnostic",
        "level": "error",
        "code": "GL280",
        "file": "gateline.yaml",
        "line": 3,
        "column": 7,
        "pointer": "/secrets/Token",
        "message": "no value",
        "help": "say one",
    }
    assert refused == {"event": "refused", "level": "error", "message": "1 error, 0 warnings"}


def test_a_refusal_while_something_serves_says_that_it_serves_on() -> None:
    *_, refused = told(complained(refused=True), serving=True)
    assert refused["message"].endswith("; the last good configuration serves on")


def test_complaints_that_refuse_nothing_are_told_alone() -> None:
    assert [each["event"] for each in told(complained(refused=False))] == ["diagnostic"]


def test_what_is_no_notice_is_told_in_the_same_form() -> None:
    lines: list[str] = []
    teller = LineTeller(lines.append, now=lambda: NOON)
    teller.tell("serving", "it serves", url="http://x")
    teller.close()
    [line] = lines
    assert json.loads(line) == {
        "time": "2026-01-02T12:00:00.000Z",
        "event": "serving",
        "level": "info",
        "message": "it serves",
        "url": "http://x",
    }


def test_lines_that_come_too_fast_are_counted_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_writer, "MOST_WAITING", 0)
    [dropped] = told(Remarked("lost"))
    assert (dropped["event"], dropped["count"]) == ("lines_dropped", 1)


def test_whatever_is_told_is_one_line_of_plain_characters() -> None:
    assert as_line(NOON, text="\n\x9b\udc80é").isascii()
