from __future__ import annotations

import io
import json
import os
import threading
from datetime import UTC, datetime

import pytest
from rich.console import Console

from gateline.cli.notices import Narrator
from gateline.model.codes import SECRET_UNREADABLE
from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin, Position
from gateline.processes.isolation import NOT_ISOLATED
from gateline.runtime.notice import (
    Complained,
    EnvoyBack,
    EnvoyCrashed,
    FunctionSaid,
    FunctionTrouble,
    HostBack,
    HostCrashed,
    Notice,
    Published,
    Remarked,
    ServiceTold,
    TaskSaid,
    Unchanged,
)


class OnePlace:
    def locate(self, _: Origin) -> Position:
        return Position(3, 7)

    def text(self, _: str) -> str:
        return "name: shop\nsecrets:\n  Token: {env: TOKEN}\n"


def said(notice: Notice, *, serving: bool = True) -> str:
    out = io.StringIO()
    narrator = Narrator(Console(file=out, highlight=False, markup=False))
    if serving:
        narrator.serving()
    narrator(notice)
    narrator.close()
    return out.getvalue()


@pytest.mark.parametrize(
    ("notice", "text"),
    [
        (Published(0.0123, 7), "gateline: reloaded in 12 ms: 7 routes\n"),
        (Published(0.5, 1), "gateline: reloaded in 500 ms: 1 route\n"),
        (Unchanged(), ""),
        (EnvoyCrashed(-11, 0.0), "gateline: Envoy ended (signal SIGSEGV); it is started again at once\n"),
        (EnvoyCrashed(1, 0.5), "gateline: Envoy ended (status 1); it is started again in 0.5 s\n"),
        (
            HostCrashed(-9, 0.0),
            "gateline: the host of functions ended (signal SIGKILL); it is started again at once\n",
        ),
        (HostBack(42), "gateline: the host of functions serves again (process 42)\n"),
        (TaskSaid("orders", "3", "hello\tyou"), "orders/3 | hello   you\n"),
        (ServiceTold("orders", "task 3 ended", True, "no"), "gateline: service orders: task 3 ended\n"),
        (FunctionSaid("auth", "0123456789", "stdout", "hello"), "auth 01234567 | hello\n"),
        (FunctionSaid("auth", "", "stderr", "\x1b[2Jevil"), "auth | \\u001b[2Jevil\n"),
        (FunctionSaid("auth", "", "stdout", ""), "auth | \n"),
        (FunctionSaid("auth", "", "stderr", "[ERROR]\tboom"), "auth | [ERROR] boom\n"),
        (
            FunctionTrouble("auth", "0123456789", "Traceback\nKeyError"),
            "auth 01234567 ! Traceback\nauth 01234567 ! KeyError\n",
        ),
        (FunctionTrouble("", "", "3 more lines"), "host ! 3 more lines\n"),
        (EnvoyBack(42), "gateline: Envoy serves again (process 42)\n"),
        (Remarked("cannot resolve \x1b[2Jevil"), "gateline: cannot resolve \\u001b[2Jevil\n"),
    ],
)
def test_a_notice_is_a_line(notice: Notice, text: str) -> None:
    assert said(notice) == text


def complained(*, refused: bool) -> Complained:
    complaints = Complaints()
    complaints.add(
        SECRET_UNREADABLE, Origin("gateline.yaml", ("secrets", "Token")), "the secret has no value"
    )
    return Complained(complaints.report(), OnePlace(), refused=refused)


def test_a_refusal_while_something_serves_says_that_it_serves_on() -> None:
    text = said(complained(refused=True))
    assert "error[GL280]: the secret has no value" in text
    assert "gateline.yaml:3:7" in text
    assert text.endswith("gateline: 1 error, 0 warnings; the last good configuration serves on\n")


def test_a_refusal_at_the_start_does_not() -> None:
    assert said(complained(refused=True), serving=False).endswith("gateline: 1 error, 0 warnings\n")


def test_complaints_that_refuse_nothing_are_shown_alone() -> None:
    assert "serves on" not in said(complained(refused=False))


def test_going_back_to_what_is_served_is_said_only_after_a_refusal() -> None:
    out = io.StringIO()
    narrator = Narrator(Console(file=out, highlight=False, markup=False))
    for notice in (complained(refused=True), Unchanged(), Unchanged()):
        narrator(notice)
    narrator.close()
    assert out.getvalue().count("the definitions are good again") == 1


def test_one_line_tells_who_runs_as_root_and_others_follow() -> None:
    out = io.StringIO()
    narrator = Narrator(Console(file=out, highlight=False, markup=False))
    narrator(FunctionTrouble("auth", "", f"{NOT_ISOLATED}/shop/auth, /bin/python"))
    narrator(Remarked(f"service orders {NOT_ISOLATED}/shop, /bin/python"))
    assert out.getvalue() == ""
    narrator.serving()
    narrator(FunctionTrouble("late", "", f"{NOT_ISOLATED}/late"))
    narrator.close()
    assert out.getvalue().splitlines() == [
        (
            "gateline: function auth, service orders: not isolated, all run as root. "
            "Users of their own would have to be able to read /bin/python, /shop"
        ),
        (
            "gateline: function late: not isolated, all run as root. "
            "Users of their own would have to be able to read /late"
        ),
    ]


def test_at_the_start_services_that_get_well_say_nothing_unless_they_were_in_trouble() -> None:
    out = io.StringIO()
    narrator = Narrator(Console(file=out, highlight=False, markup=False))
    narrator(ServiceTold("orders", "all is well"))
    narrator(ServiceTold("mail", "task 1 ended", True))
    narrator(ServiceTold("mail", "all is well"))
    narrator.serving()
    narrator(ServiceTold("orders", "all is well again"))
    narrator.close()
    assert out.getvalue().splitlines() == [
        "gateline: service mail: task 1 ended",
        "gateline: service mail: all is well",
        "gateline: service orders: all is well again",
    ]


@pytest.mark.parametrize(
    ("notice", "told"),
    [
        (FunctionSaid("auth", "r1", "stdout", "hel\nlo\x9b"), {"stream": "stdout", "text": "hel\nlo\x9b"}),
        (FunctionTrouble("auth", "r1", "boom"), {"trouble": "boom"}),
    ],
)
def test_with_json_lines_functions_speak_json_too(notice: Notice, told: dict[str, str]) -> None:
    out, lines = io.StringIO(), list[str]()
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    narrator = Narrator(Console(file=out), lines.append, now=lambda: noon)
    narrator(notice)
    narrator.close()
    (line,) = lines
    assert line.isascii()
    assert line.count("\n") == 1
    expected = {"time": "2026-01-02T12:00:00.000Z", "function": "auth", "request_id": "r1", **told}
    assert json.loads(line) == expected
    assert out.getvalue() == ""


def test_a_reader_that_takes_nothing_or_is_gone_stops_nobody() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "w", encoding="utf-8") as pipe:
        narrator = Narrator(Console(file=pipe))
        for number in range(5000):  # a pipe holds 64 KiB
            narrator(Remarked(f"remark {number:4} of which nobody reads the end"))
        os.close(read_end)
        narrator(Remarked("told to nobody"))
        narrator.close()


def test_something_else_is_printed_in_its_turn() -> None:
    out, here = io.StringIO(), threading.get_ident()
    console, threads = Console(file=out), list[int]()

    def greeting() -> None:
        threads.append(threading.get_ident())
        console.print("welcome")

    narrator = Narrator(console)
    narrator(Remarked("first"))
    narrator.greet(console, greeting)
    narrator(Remarked("last"))
    narrator.close()
    assert out.getvalue() == "gateline: first\nwelcome\ngateline: last\n"
    assert here not in threads
