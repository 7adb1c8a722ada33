from __future__ import annotations

from pathlib import Path

import pytest

from gateline.cli.service_logs import Said, ServiceLogs, follow
from gateline.errors import GatelineError


def say(folder: Path, task: int, text: str) -> None:
    with (folder / f"{task}.log").open("a") as file:
        file.write(text)


def test_the_last_lines_of_each_task_are_told_those_that_had_no_room_any_more_too(tmp_path: Path) -> None:
    (tmp_path / "2.log.old").write_text("a\nb\n")
    say(tmp_path, 2, "c\n")
    say(tmp_path, 10, "d\n")
    say(tmp_path, 3, "e\n")
    (tmp_path / "strange.log").write_text("f\n")
    logs = ServiceLogs(tmp_path, ["2", "10"])
    assert logs.last(2) == [("2", "b"), ("2", "c"), ("10", "d")]


def test_what_is_said_from_now_on_is_told_and_what_new_tasks_say(tmp_path: Path) -> None:
    say(tmp_path, 1, "old\n")
    say(tmp_path, 2, "a\n")
    logs = ServiceLogs(tmp_path, [])
    assert logs.last(10) == [("2", "a")]
    assert logs.more() == []
    say(tmp_path, 2, "b\nc")
    say(tmp_path, 3, "first words\n")
    say(tmp_path, 1, "of no interest\n")
    assert logs.more() == [("2", "b"), ("3", "first words")]
    say(tmp_path, 2, "\n")
    (tmp_path / "3.log").write_text("anew\n")
    assert logs.more() == [("2", "c"), ("3", "anew")]


def test_a_log_that_is_read_is_never_shortened_by_its_reader(tmp_path: Path) -> None:
    say(tmp_path, 1, "x" * 99 + "\n" + "y" * 2_000_000 + "\n")
    ServiceLogs(tmp_path, []).last(1)
    assert (tmp_path / "1.log").stat().st_size == 2_000_101


def test_a_service_without_a_log_is_told(tmp_path: Path) -> None:
    with pytest.raises(GatelineError, match="no task of it has a log"):
        ServiceLogs(tmp_path / "none", ["1"]).last(1)


def test_it_is_followed_until_somebody_interrupts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    say(tmp_path, 1, "a\n")
    logs = ServiceLogs(tmp_path, [])
    logs.last(0)
    looks = iter(("b\n", "c\n"))

    def sleep(_: float) -> None:
        text = next(looks, None)
        if text is None:
            raise KeyboardInterrupt
        say(tmp_path, 1, text)

    monkeypatch.setattr("gateline.cli.service_logs.time.sleep", sleep)
    told: list[Said] = []
    follow(logs, told.append)
    assert told == [("1", "b"), ("1", "c")]
