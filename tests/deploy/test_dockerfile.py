"""deploy/Dockerfile: what a linter, the repository and the command line say of it. No engine is needed."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

import pytest

from deploy.dockerfile import Instruction, instructions
from docs.markdown import ROOT
from docs.workshop import options_of
from gateline.model.gateway import AdminAddress, Edge
from gateline.model.origin import Origin
from gateline.runtime.health import Health

DOCKERFILE: Final = ROOT / "deploy" / "Dockerfile"
LOCKS: Final = (ROOT / "deploy" / "requirements.lock", ROOT / "deploy" / "build.lock")
SCRIPTS: Final = Path(sysconfig.get_path("scripts"))
ALL: Final = instructions(DOCKERFILE)
LAST: Final = max(each.stage for each in ALL)


def of(name: str, stage: int | None = None) -> list[Instruction]:
    return [each for each in ALL if each.name == name and stage in {None, each.stage}]


def test_the_linter_has_nothing_to_say() -> None:
    said = subprocess.run(
        [SCRIPTS / "hadolint", "--no-color", DOCKERFILE], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_every_stage_is_of_one_slim_python_of_a_full_version_and_of_no_named_registry() -> None:
    images = {each.arguments[0] for each in of("FROM")}
    [image] = images
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", image)
    assert len(of("FROM")) == 2


def test_the_last_stage_runs_as_a_user_of_a_number_who_is_not_root() -> None:
    users = of("USER", LAST)
    assert [re.fullmatch(r"[1-9]\d*:[1-9]\d*", each.arguments[0]) is not None for each in users] == [True]
    after = ALL[ALL.index(users[0]) :]
    assert {each.name for each in after}.isdisjoint({"RUN", "COPY", "ADD"})


def test_what_is_copied_is_there_and_is_let_into_the_context() -> None:
    let = [line[1:] for line in (ROOT / ".dockerignore").read_text().split("\n") if line.startswith("!")]
    copied = [
        source for each in of("COPY") if "--from=build" not in each.words for source in each.arguments[:-1]
    ]
    assert copied
    assert [each for each in copied if not (ROOT / each).exists()] == []
    assert sorted(copied) == sorted(let)


def test_packages_come_by_their_hashes_or_from_no_index() -> None:
    installs = [part for each in of("RUN") for part in " ".join(each.words).split("&&") if "/pip " in part]
    assert len(installs) == 4
    assert [each for each in installs if "--require-hashes" not in each and "--no-index" not in each] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_what_is_installed_is_what_the_tests_ran_with(lock: Path) -> None:
    pinned = re.compile(r"^(\S+==\S+)|--hash=(sha256:[0-9a-f]{64})", re.MULTILINE)
    tested = set(pinned.findall((ROOT / "requirements.lock").read_text()))
    shipped = set(pinned.findall(lock.read_text()))
    assert shipped
    assert sorted(shipped - tested) == []


def test_it_is_stopped_as_serve_drains() -> None:
    [signal] = of("STOPSIGNAL", LAST)
    assert signal.arguments == ("SIGTERM",)


def test_it_starts_serve_without_a_shell_between() -> None:
    [entry], [command] = of("ENTRYPOINT", LAST), of("CMD", LAST)
    assert entry.listed == ["gateline"]
    name, *arguments = command.listed
    assert name == "serve"
    assert {each for each in arguments if each.startswith("--")} <= options_of("serve")


def test_state_lies_where_its_user_may_write() -> None:
    [command], [volume] = of("CMD", LAST), of("VOLUME", LAST)
    folder = command.listed[command.listed.index("--state") + 1]
    assert volume.arguments == (folder,)
    made = " ".join(word for each in of("RUN", LAST) for word in each.words)
    assert f"--owner gateline --group gateline --mode 0700 {folder}" in made


def checked(port: int) -> int:
    """The exit code of the image's health check, asked at this port."""
    [check] = of("HEALTHCHECK", LAST)
    program, *arguments = check.listed
    assert program == "python"
    default = AdminAddress(origin=Origin("gateline.yaml", ()))
    place = f"'{default.address}', {default.port}"
    [code] = [each for each in arguments if place in each]
    told = [
        each.replace(place, f"'{default.address}', {port}") if each == code else each for each in arguments
    ]
    return subprocess.run([sys.executable, *told], capture_output=True, check=False).returncode


def test_its_health_check_says_what_readyz_says() -> None:
    here = Origin("gateline.yaml", ())

    async def play() -> list[int]:
        health, codes = Health(), []
        async with health.serving(Edge(admin=AdminAddress(port=0, origin=here), origin=here)):
            port = int(health.url.rpartition(":")[2])
            codes.append(await asyncio.to_thread(checked, port))
            health.ready()
            codes.append(await asyncio.to_thread(checked, port))
        codes.append(await asyncio.to_thread(checked, port))
        return codes

    assert asyncio.run(play()) == [1, 0, 1]
