"""A gateway with a tunnel, and the nodes that a test starts: real commands, real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from harness.free_port import free_port
from harness.gateway_process import Output, RunningGateway, running_gateway

PROJECT: Final = Path(__file__).parent / "project"
PATIENCE: Final = 30.0


def until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> float:
    """Wait until something holds; the seconds that it took."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, f"never: {what}"
        time.sleep(0.02)
    return time.monotonic() - start


def command(*words: str) -> list[str]:
    """A command of Gateline's."""
    return [sys.executable, "-m", "gateline", *words]


def environment() -> dict[str, str]:
    """What our commands find the source by."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the gateway listens."""

    links: int
    raw: int
    missing: int
    web: int


class Node:
    """A `gateline link` in a process of its own. `prefix`: what it is started by (`ip netns exec NAME`)."""

    def __init__(self, words: Sequence[str], prefix: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*prefix, *command("link", *words)],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.output = Output(self.process.stdout)

    @property
    def processes(self) -> list[int]:
        """The command's process and its Envoy's."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return [pid, *map(int, children)]

    def all_get(self, number: signal.Signals) -> None:
        """Send a signal to both at once."""
        for pid in self.processes:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.all_get(signal.SIGCONT)
        with self.process:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.output.whole()


class Linked:
    """The gateway, and its nodes by name."""

    def __init__(
        self, folder: Path, gateway: RunningGateway, ports: Ports, exports: dict[str, str], stack: ExitStack
    ) -> None:
        self.folder, self.gateway, self.ports, self.exports = folder, gateway, ports, exports
        self._stack = stack

    def links(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `gateline links`."""
        place = ["--project", str(PROJECT), "--state", str(self.gateway.state)]
        return subprocess.run(
            command("links", *words, *place),
            env=environment(), capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    def token(self, node: str, *words: str) -> Path:
        """A token for a node."""
        path = self.folder / f"{node}.token"
        path.unlink(missing_ok=True)
        done = self.links("enroll", node, "--out", str(path), *words)
        assert done.returncode == 0, done.stderr
        return path

    def node(
        self,
        name: str,
        *,
        token: Path | None = None,
        prefix: Sequence[str] = (),
        stack: ExitStack | None = None,
    ) -> Node:
        """Start a node, with a new token if it has none and knows of none; `stack`: if it outlives this gateway."""
        state, exports = self.folder / name, self.folder / "link.yaml"
        exports.write_text(json.dumps({"tunnel": "plant", "exports": self.exports}), encoding="utf-8")
        words = ["--exports", str(exports), "--state", str(state)]
        if not state.exists() or token is not None:
            words += ["--enroll", str(token or self.token(name))]
        return (stack or self._stack).enter_context(Node(words, prefix))

    def joined(self, name: str, *, prefix: Sequence[str] = (), stack: ExitStack | None = None) -> Node:
        """Start a node, and wait until the gateway has it."""
        node = self.node(name, prefix=prefix, stack=stack)
        until(lambda: self.connections(name) > 0, f"{name} is connected: {node.output.text}")
        return node

    def listed(self) -> dict[str, dict[str, Any]]:
        """What `gateline links list` says, by node."""
        done = self.links("list", "--output", "json")
        assert done.returncode == 0, done.stderr
        return {row["node"]: row for row in json.loads(done.stdout)["nodes"]}

    def connections(self, name: str) -> int:
        """How many connections the gateway has of a node."""
        row = self.listed().get(name)
        return int(row["connections"]) if row else 0


def free_ports() -> Ports:
    """Ports where nobody listens."""
    return Ports(links=free_port(), raw=free_port(), missing=free_port(), web=free_port())


@contextmanager
def linked_gateway(
    folder: Path, exports: dict[str, str], *, address: str = "127.0.0.1", ports: Ports | None = None
) -> Iterator[Linked]:
    """Run the project; nodes export these.

    Args:
        folder: keeps its state.
        exports: of nodes.
        address: where it listens for nodes.
        ports: where it listens.

    """
    ports = ports or free_ports()
    environ = {
        "LINKS": str(ports.links),
        "LINKS_ADDRESS": address,
        "RAW": str(ports.raw),
        "MISSING": str(ports.missing),
        "WEB": str(ports.web),
    }
    with running_gateway(PROJECT, folder, environ) as gateway, ExitStack() as stack:
        yield Linked(folder, gateway, ports, exports, stack)
