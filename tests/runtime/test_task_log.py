from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gateline.runtime.task_log import (
    LONGEST_LINE,
    LONGEST_LOG,
    MOST_LOGS,
    TaskLog,
    clear_logs,
    old_log,
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "1.log"


def say(log: Path, said: bytes) -> None:
    """Append, as a task does."""
    with log.open("ab") as file:
        file.write(said)


def test_each_line_is_read_once_when_it_is_whole(log: Path) -> None:
    followed = TaskLog(log)
    assert followed.read() == []
    say(log, b"one\r\ntwo\nth")
    assert followed.read() == ["one", "two"]
    assert followed.read() == []
    say(log, b"ree \xff\n")
    assert followed.read() == ["three \ufffd"]


def test_at_the_end_a_line_without_an_end_is_told_too(log: Path) -> None:
    followed = TaskLog(log)
    say(log, b"one\ntwo")
    assert followed.finish() == ["one", "two"]
    assert followed.finish() == []


def test_what_was_said_before_can_be_left_out(log: Path) -> None:
    say(log, b"before\n")
    followed = TaskLog(log, from_end=True)
    say(log, b"after\n")
    assert followed.read() == ["after"]


def test_a_line_that_never_ends_is_told_in_pieces(log: Path) -> None:
    followed = TaskLog(log)
    say(log, b"x" * (LONGEST_LINE + 1))
    assert followed.read() == ["x" * (LONGEST_LINE + 1)]


def test_a_log_that_was_cut_off_is_read_from_its_beginning(log: Path) -> None:
    followed = TaskLog(log)
    say(log, b"a long line\n")
    followed.read()
    os.truncate(log, 0)
    say(log, b"new\n")
    assert followed.read() == ["new"]


def test_a_long_log_begins_anew_and_its_end_is_kept_beside_it(log: Path) -> None:
    followed = TaskLog(log)
    say(log, b"first\n" + b"y" * LONGEST_LOG + b"\nlast\n")
    assert followed.read()[0] == "first"
    assert log.stat().st_size == 0
    assert old_log(log).stat().st_size == LONGEST_LOG
    assert old_log(log).read_bytes().endswith(b"\nlast\n")
    assert stat.S_IMODE(old_log(log).stat().st_mode) == 0o600
    say(log, b"more\n")
    assert followed.read() == ["more"]


def test_the_last_words_are_the_last_lines_that_say_something(log: Path) -> None:
    followed = TaskLog(log)
    assert followed.last_words() == ""
    say(log, b"".join(b"line %d\n\n" % number for number in range(9)) + b" \nend")
    assert followed.last_words() == "line 5\nline 6\nline 7\nline 8\nend"


def test_logs_of_the_tasks_before_last_are_removed(tmp_path: Path) -> None:
    for number in range(MOST_LOGS + 3):
        log = tmp_path / f"{number}.log"
        for each in (log, old_log(log)):
            say(each, b"x")
            os.utime(each, (number, number))
    clear_logs(tmp_path, frozenset({"1.log"}))
    left = {path.name for path in tmp_path.iterdir()}
    assert {"0.log", "0.log.old", "2.log", "2.log.old"} & left == set()
    assert {"1.log", "1.log.old", "3.log", f"{MOST_LOGS + 2}.log"} <= left
    clear_logs(tmp_path / "missing")
