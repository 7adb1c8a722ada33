"""A project whose services want the gateway's secret, with a hole in it, and what `gateline prove` says of it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from gateline.model.origin import Origin
from gateline.model.secret import SecretSource, SecretSourceKind
from gateline.rotation.stages import Stages
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.state_dir import StateDir
from harness.gateway_process import RunningGateway, running_gateway

PROJECT: Final = Path(__file__).parent / "project"
SECRET: Final = (
    f"looked-for-by-prove-{secrets.token_hex(8)}"  # other runs of these tests show theirs meanwhile
)
STALE: Final = "hunter1-counts-no-more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What the command answered."""

    exit_code: int
    output: str
    errors: str

    @property
    def report(self) -> dict[str, Any]:
        """The report, of `--output json`."""
        found: dict[str, Any] = json.loads(self.output)
        return found

    def open(self) -> set[str]:
        """What is open, without the ids of tasks and methods' ways."""
        return {each["subject"] for each in self.report["findings"] if each["verdict"] == "open"}

    def verdicts(self, **wanted: str) -> set[str]:
        """The verdicts of the findings that have these values."""
        return {
            each["verdict"]
            for each in self.report["findings"]
            if all(each[name] == value for name, value in wanted.items())
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The gateway that runs, and its project."""

    gateway: RunningGateway
    folder: Path

    def prove(self, *arguments: str | Path, output: str = "json") -> Proved:
        """Run `gateline prove`."""
        where = ("--project", self.folder, "--state", self.gateway.state, "--output", output)
        return prove(*arguments, *where)


def prove(*arguments: str | Path) -> Proved:
    """Run `gateline prove` anywhere."""
    done = subprocess.run(
        [sys.executable, "-m", "gateline", "prove", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Proved(exit_code=done.returncode, output=done.stdout, errors=done.stderr)


@contextmanager
def shop(
    scratch: Path,
    *,
    holes: Sequence[str] = (),
    definition: str = "",
    edit: Callable[[dict[str, Any]], None] | None = None,
) -> Iterator[Shop]:
    """The project, running.

    Args:
        scratch: a folder of the test's own.
        holes: of `service.py`; each has a service of its own, named so.
        definition: further lines of the path /orders/{id}.
        edit: changes the project file's content.

    """
    folder = scratch / "project"
    shutil.copytree(PROJECT, folder)
    text = (folder / "shop.yaml").read_text()
    (folder / "shop.yaml").write_text(text.replace("    # more of /orders/{id}\n", definition))
    project = yaml.safe_load((folder / "gateline.yaml").read_text())
    for hole in holes:
        service = {**project["services"]["orders"], "target_group": hole.replace(" ", "-")}
        service["command"] = [*service["command"], "--hole", hole]
        project["services"][hole.replace(" ", "-")] = service
        project["target_groups"][hole.replace(" ", "-")] = project["target_groups"]["orders"]
    if edit is not None:
        edit(project)
    (folder / "gateline.yaml").write_text(yaml.safe_dump(project))
    (folder / "proof").write_text(SECRET)
    (folder / "proof").chmod(0o600)
    (folder / "stale").write_text(STALE)
    with running_gateway(folder, scratch, {}) as gateway:
        keep_stale(gateway.state)
        yield Shop(gateway=gateway, folder=folder)


@contextmanager
def other_shop(name: str, scratch: Path, environ: Mapping[str, str]) -> Iterator[Shop]:
    """A project beside this file, running as it is: `mutual` or `signed`."""
    folder = scratch / "project"
    shutil.copytree(Path(__file__).parent / name, folder)
    with running_gateway(folder, scratch, environ) as gateway:
        yield Shop(gateway=gateway, folder=folder)


def keep_stale(folder: Path) -> None:
    """Leave the vault as a rotation leaves it."""
    state, now = StateDir(path=folder, sockets=folder), datetime.now(UTC)
    source = SecretSource(name="Proof", kind=SecretSourceKind.FILE, place="", origin=Origin("gateline.yaml"))
    stages = Stages(current=SECRET.encode(), stale=STALE.encode(), begun=now, since=now)
    SecretStages(state, {}).write(source, stages)
