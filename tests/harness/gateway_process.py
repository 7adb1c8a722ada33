"""A whole gateway in a process of its own, as `gateline up` runs it.

    with running_gateway(project_folder, scratch_folder, {"BACKEND": "127.0.0.1:9000"}) as gateway:
        exchange(gateway.port, b"...")
        gateway.output.wait_for("GET /prod/orders")

Everything that it keeps stays in the scratch folder, to be searched for what must not be there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

START_SECONDS: Final = 30.0
LINE_SECONDS: Final = 10.0


class Output:
    """What a process prints, line by line as it comes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        """All of it up to now."""
        with self._changed:
            return "".join(self._lines)

    @property
    def count(self) -> int:
        """How many lines were printed so far."""
        with self._changed:
            return len(self._lines)

    def wait_for(self, fragment: str, seconds: float = LINE_SECONDS, *, after: int = 0) -> str:
        """The first line that holds the fragment, printed already or still to come; `after` so many lines."""
        with self._changed:
            if self._changed.wait_for(lambda: self._line_with(fragment, after), seconds):
                return self._line_with(fragment, after)
        raise AssertionError(f"{fragment!r} was never printed")

    def whole(self) -> str:
        """All of it, once the process has ended."""
        self._thread.join(LINE_SECONDS)
        return self.text

    def _line_with(self, fragment: str, after: int) -> str:
        return next((line for line in self._lines[after:] if fragment in line), "")

    def _read(self, stream: IO[bytes]) -> None:
        for line in stream:
            with self._changed:
                self._lines.append(line.decode(errors="backslashreplace"))
                self._changed.notify_all()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningGateway:
    """A gateway that serves. `state` is its state directory, `pids` its processes by role."""

    port: int
    output: Output
    state: Path
    pids: Mapping[str, int]

    @property
    def admin_socket(self) -> Path:
        """Envoy's admin interface."""
        bootstrap = json.loads((self.state / "bootstrap.json").read_text())
        return Path(bootstrap["admin"]["address"]["pipe"]["path"])


@contextmanager
def running_gateway(
    project: Path, scratch: Path, environ: Mapping[str, str], *options: str
) -> Iterator[RunningGateway]:
    """Start `gateline up` on a free port, wait until it serves, stop it in the end."""
    ready, state = scratch / "ready.json", scratch / "state"
    ready.unlink(missing_ok=True)  # of one that was killed
    command = [sys.executable, "-m", "gateline", "up", str(project), "--no-watch"]
    command += ["--port", "0", "--ready-file", str(ready), "--state", str(state), *options]
    path = os.pathsep.join(each for each in sys.path if each)
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": path, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        output = Output(process.stdout)
        try:
            told = _when_ready(process, ready, output)
            port = urlsplit(str(told["url"])).port
            assert port is not None
            yield RunningGateway(port=port, output=output, state=state, pids=told["pids"])
        finally:
            process.terminate()
            process.wait(START_SECONDS)
            output.whole()


def _when_ready(process: subprocess.Popen[bytes], ready: Path, output: Output) -> dict[str, dict[str, int]]:
    for _ in range(int(START_SECONDS / 0.02)):
        if ready.exists():
            told: dict[str, dict[str, int]] = json.loads(ready.read_text())
            return told
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError("the gateway did not start:\n" + output.text)
