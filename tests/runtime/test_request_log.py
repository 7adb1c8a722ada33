from __future__ import annotations

import re
import stat
import threading
from pathlib import Path

from gateline.runtime.request_log import MOST_WAITING, RequestLog


def shown(line: bytes) -> str:
    return line.decode()


def send(path: Path, data: bytes) -> None:
    """What Envoy does: open the pipe by its name and write."""
    with path.open("wb", buffering=0) as pipe:
        pipe.write(data)


def test_every_record_is_shown_in_order(tmp_path: Path) -> None:
    lines: list[str] = []
    with RequestLog(tmp_path / "pipe", shown, lines.append):
        send(tmp_path / "pipe", b"one\ntwo\n")
        send(tmp_path / "pipe", b"three\n")
    assert "".join(lines) == "one\ntwo\nthree\n"


def test_a_record_may_come_in_pieces_and_the_writer_may_go_and_come_back(tmp_path: Path) -> None:
    lines: list[str] = []
    with RequestLog(tmp_path / "pipe", shown, lines.append):
        send(tmp_path / "pipe", b"on")
        send(tmp_path / "pipe", b"e\ntwo\nunfinish")
    assert "".join(lines) == "one\ntwo\n"


def test_the_pipe_is_private_and_goes_with_the_log(tmp_path: Path) -> None:
    with RequestLog(tmp_path / "pipe", shown, lambda _: None):
        found = (tmp_path / "pipe").stat()
        assert stat.S_ISFIFO(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o600
    assert (tmp_path / "pipe").is_fifo()  # who comes after us finds it


def test_what_renders_to_nothing_is_not_shown(tmp_path: Path) -> None:
    lines: list[str] = []
    with RequestLog(tmp_path / "pipe", lambda line: None if line == b"two" else line.decode(), lines.append):
        send(tmp_path / "pipe", b"one\ntwo\nthree\n")
    assert "".join(lines) == "one\nthree\n"


def test_a_blocked_terminal_never_stops_envoy_and_what_was_dropped_is_counted(tmp_path: Path) -> None:
    blocked, released = threading.Event(), threading.Event()
    lines: list[str] = []

    def write(text: str) -> None:
        blocked.set()
        released.wait(timeout=30)
        lines.append(text)

    with RequestLog(tmp_path / "pipe", shown, write):
        send(tmp_path / "pipe", b"first\n")
        assert blocked.wait(timeout=30)
        batch = (b"x" * 99 + b"\n") * 10_000
        sent = 2 * MOST_WAITING // len(batch) * 10_000
        for _ in range(sent // 10_000):
            send(tmp_path / "pipe", batch)  # would block for ever if nobody read
        released.set()
    text = "".join(lines)
    dropped = sum(int(number) for number in re.findall(r"(\d+) more requests were not shown", text))
    assert text.startswith("first\n")
    assert dropped > 0
    assert text.count("x" * 99) + dropped == sent


def test_a_terminal_that_is_gone_does_not_stop_envoy(tmp_path: Path) -> None:
    gone = threading.Event()

    def write(text: str) -> None:
        gone.set()
        raise BrokenPipeError

    with RequestLog(tmp_path / "pipe", shown, write):
        send(tmp_path / "pipe", b"first\n")
        assert gone.wait(timeout=30)
        send(tmp_path / "pipe", b"x" * 4_000_000 + b"\n")


def test_a_record_without_an_end_is_forgotten(tmp_path: Path) -> None:
    lines: list[str] = []
    with RequestLog(tmp_path / "pipe", shown, lines.append):
        send(tmp_path / "pipe", b"x" * 1_000_000)
        send(tmp_path / "pipe", b"\nafter\n")
    assert "".join(lines).endswith("after\n")
    assert len("".join(lines)) < 600_000


def test_no_handle_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    with RequestLog(tmp_path / "pipe", shown, lambda _: None):
        pass
    assert len(list(Path("/dev/fd").iterdir())) == before
