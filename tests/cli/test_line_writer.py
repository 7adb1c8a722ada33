from __future__ import annotations

import errno
import threading

import pytest

from gateline.cli import line_writer
from gateline.cli.line_writer import LineWriter


def test_lines_are_written_in_order_and_before_the_end() -> None:
    written: list[int] = []
    writer = LineWriter[int](written.append, written.append)
    for number in range(1000):
        writer.put(number)
    writer.close()
    assert written == list(range(1000))


def test_a_reader_that_takes_nothing_blocks_nobody_and_loses_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line_writer, "MOST_WAITING", 10)
    blocked, may_go_on = threading.Event(), threading.Event()
    written: list[int] = []
    dropped: list[int] = []

    def write(number: int) -> None:
        blocked.set()
        may_go_on.wait(20)
        written.append(number)

    writer = LineWriter[int](write, dropped.append)
    writer.put(0)
    blocked.wait(20)
    for number in range(1, 100):
        writer.put(number)
    may_go_on.set()
    writer.close()
    assert written == list(range(11))
    assert dropped == [89]


def test_the_end_waits_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_writer, "CLOSE_SECONDS", 0.01)
    may_go_on = threading.Event()
    writer = LineWriter[int](lambda _: may_go_on.wait(20), print)
    writer.put(0)
    writer.close()
    may_go_on.set()


def test_what_cannot_be_written_is_lost_and_the_next_line_is_tried() -> None:
    written: list[int] = []

    def write(number: int) -> None:
        if number < 2:
            raise OSError(errno.ENOSPC, "the disk is full")
        written.append(number)

    writer = LineWriter[int](write, written.append)
    for number in range(4):
        writer.put(number)
    writer.close()
    assert written == [2, 3]


def test_without_lines_there_is_no_thread() -> None:
    before = threading.active_count()
    LineWriter[int](print, print).close()
    assert threading.active_count() == before
