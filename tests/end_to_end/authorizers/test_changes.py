"""What was decided counts no more when anything that decided it has changed, on every worker of Envoy."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from harness.busy_callers import BusyCallers
from harness.guarded_gateway import (
    Guarded,
    allow,
    authorization,
    deny,
    guarded_gateway,
    policy,
    request_bytes,
)
from harness.raw_client import RawConnection

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers that change")]

PROJECT: Final = Path(__file__).parent / "changing"
TOKEN: Final = b"Authorization: Bearer somebody"


class Callers:
    """Kept connections, enough of them for every worker of Envoy to have some."""

    def __init__(self, port: int, opened: ExitStack) -> None:
        self._connections = [opened.enter_context(RawConnection(port)) for _ in range(16)]

    def get(self, path: bytes, line: bytes) -> list[int]:
        """The statuses of one request on each connection."""
        statuses = []
        for connection in self._connections:
            connection.send(request_bytes(b"GET", path, [line]))
            answer = connection.receive()
            assert answer is not None
            statuses.append(answer.status)
        return statuses


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, to be edited."""
    return Path(shutil.copytree(PROJECT, tmp_path_factory.mktemp("changing") / "project"))


@pytest.fixture(scope="module")
def shared_changing(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded_gateway(project, tmp_path_factory.mktemp("changing"), "--watch") as guarded:
        yield guarded


@pytest.fixture
def changing(shared_changing: Guarded, project: Path) -> Iterator[Guarded]:
    """A gateway that watches its project."""
    shared_changing.clear()
    yield shared_changing
    before = {path: (PROJECT / path.relative_to(project)).read_bytes() for path in files(project)}
    changed = {path: content for path, content in before.items() if path.read_bytes() != content}
    for path, content in changed.items():
        edit(path, content.decode())
    if changed:
        assert eventually(lambda: shared_changing.status(b"/prod/edited", TOKEN) == 200)


@pytest.fixture
def callers(changing: Guarded) -> Iterator[Callers]:
    with ExitStack() as opened:
        yield Callers(changing.port, opened)


def files(project: Path) -> list[Path]:
    return [*project.glob("*.yaml"), *project.glob("functions/*.py")]


def edit(path: Path, text: str) -> None:
    """Write a file at once, as editors do."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def eventually(fact: Callable[[], bool]) -> bool:
    """Whether it becomes so; each look is a request, so that no time needs to be slept away."""
    return any(fact() for _ in range(5_000))


def flush(guarded: Guarded, project: Path, *names: str) -> Any:
    """`gateline authorizers flush`, as people run it."""
    command = [sys.executable, "-m", "gateline", "authorizers", "flush", *names, "--output", "json"]
    command += ["--project", str(project), "--state", str(guarded.gateway.state)]
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["flushed"]


@pytest.mark.parametrize("names", [[], ["told"], ["changing/prod/told"]])
def test_a_flush_lets_every_worker_ask_anew(
    changing: Guarded, callers: Callers, project: Path, names: list[str]
) -> None:
    answer = changing.folder / "answer"
    answer.write_text(json.dumps(policy(allow("*"))))
    line = authorization(say_file=str(answer))
    assert set(callers.get(b"/prod/told", line)) == {200}
    answer.write_text(json.dumps(policy(deny("*"))))
    assert set(callers.get(b"/prod/told", line)) == {200}
    assert len(changing.calls()) == 1
    assert flush(changing, project, *names) == (
        (names and ["changing/prod/told"]) or ["changing/prod/edited", "changing/prod/told"]
    )
    assert set(callers.get(b"/prod/told", line)) == {403}  # it is done when the command ends
    assert len(changing.calls()) == 2


def test_a_flush_of_one_authorizer_leaves_the_others_alone(
    changing: Guarded, callers: Callers, project: Path
) -> None:
    assert set(callers.get(b"/prod/edited", TOKEN)) == {200}
    before = len(changing.calls())
    flush(changing, project, "told")
    assert set(callers.get(b"/prod/edited", TOKEN)) == {200}
    assert len(changing.calls()) == before


def test_an_answer_that_is_on_its_way_during_a_flush_is_not_kept(changing: Guarded, project: Path) -> None:
    answer, release = changing.folder / "late-answer", changing.folder / "late-release"
    answer.write_text(json.dumps(policy(allow("*"))))
    line = authorization(say_file=str(answer), wait_for=str(release))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(changing.status, b"/prod/told", line)
        while not changing.calls():
            assert not waiting.done()
        flush(changing, project)
        release.touch()
        assert waiting.result() == 200
    answer.write_text(json.dumps(policy(deny("*"))))
    assert [changing.status(b"/prod/told", line) for _ in range(8)] == [403] * 8


def test_code_that_is_edited_decides_from_then_on(changing: Guarded, callers: Callers, project: Path) -> None:
    code = project / "functions" / "edited.py"
    allowing = code.read_text()
    denying = allowing.replace('"Allow"', '"Deny"')
    assert set(callers.get(b"/prod/edited", TOKEN)) == {200}
    for text, status in ((denying, 403), (allowing, 200), (denying, 403)):
        before = len(changing.calls())
        edit(code, text)
        assert eventually(lambda status=status: set(callers.get(b"/prod/edited", TOKEN)) == {status})  # type: ignore[misc]
        for _ in range(5):
            assert set(callers.get(b"/prod/edited", TOKEN)) == {status}
        assert len(changing.calls()) == before + 1  # nothing of before was revived


def test_edits_and_flushes_under_load_fail_no_request(changing: Guarded, project: Path) -> None:
    code = project / "functions" / "edited.py"
    text = code.read_text()
    with BusyCallers(changing.port, request_bytes(b"GET", b"/prod/edited", [TOKEN]), count=4) as busy:
        for number in range(3):
            before = len(changing.calls())
            edit(code, f"{text}# edit {number}\n")

            def is_asked(before: int = before) -> bool:
                return changing.status(b"/prod/edited", TOKEN) == 200 and len(changing.calls()) > before

            assert eventually(is_asked)
            flush(changing, project)
            busy.go_on_for(50)
    assert set(busy.answers) == {200}


def test_code_that_is_taken_away_closes_the_method_until_it_is_back(changing: Guarded, project: Path) -> None:
    assert changing.status(b"/prod/edited", TOKEN) == 200
    code = project / "functions" / "edited.py"
    aside = code.rename(project / "edited.aside")
    said = len(changing.gateway.output.text)
    try:
        # The project is not good any more: the last good one serves on, and says so.
        assert eventually(
            lambda: (
                "edited" in changing.gateway.output.text[said:] or changing.status(b"/prod/sentinel") != 200
            )
        )
        assert changing.status(b"/prod/edited", b"Authorization: nobody yet") in (200, 500)
    finally:
        aside.rename(code)
    assert eventually(lambda: changing.status(b"/prod/edited", TOKEN) == 200)


def test_another_environment_is_another_function(changing: Guarded, callers: Callers, project: Path) -> None:
    assert changing.reaches(b"GET", b"/prod/edited", TOKEN).all(b"x-word") == [b"first"]
    edit(
        project / "gateline.yaml",
        (project / "gateline.yaml").read_text().replace("WORD: first", "WORD: second"),
    )

    def says_second() -> bool:
        changing.clear()
        callers.get(b"/prod/edited", TOKEN)
        return {b"".join(each.all(b"x-word")) for each in changing.seen()} == {b"second"}

    assert eventually(says_second)


def test_code_that_is_broken_closes_the_method_until_it_is_whole(changing: Guarded, project: Path) -> None:
    code = project / "functions" / "edited.py"
    good = code.read_text()
    assert changing.status(b"/prod/edited", TOKEN) == 200
    edit(code, good + "\nthis is no Python\n")
    assert eventually(lambda: changing.status(b"/prod/edited", TOKEN) == 500)
    changing.clear()
    assert changing.get(b"/prod/edited", TOKEN).body == b'{"message":null}'
    assert changing.gateway.output.wait_for("Syntax error in module 'edited'")
    assert changing.calls() == []
    edit(code, good)
    assert eventually(lambda: changing.status(b"/prod/edited", TOKEN) == 200)


def test_an_edit_while_requests_wait_for_their_authorizer_fails_none(
    changing: Guarded, project: Path
) -> None:
    release = changing.folder / "release"
    lines = [authorization(wait_for=str(release), say=policy(allow("*"))) for _ in range(4)]
    definition = project / "api.yaml"
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(changing.status, b"/prod/told", line) for line in lines * 5]
        while len(changing.calls()) < len(lines):
            assert not any(each.done() for each in waiting)
        for number in range(3):
            sentinel = definition.read_text().replace("/sentinel:\n", f"/sentinel-{number}:\n", 1)
            edit(definition, sentinel)
            path = f"/prod/sentinel-{number}".encode()
            assert eventually(lambda path=path: changing.status(path) == 200)  # type: ignore[misc]
            edit(definition, (PROJECT / "api.yaml").read_text())
            assert eventually(lambda path=path: changing.status(path) == 403)  # type: ignore[misc]
        assert not any(each.done() for each in waiting)
        release.touch()
        assert [each.result() for each in waiting] == [200] * 20


def test_requests_that_wait_while_their_authorizer_is_edited_are_answered(
    changing: Guarded, project: Path
) -> None:
    release = changing.folder / "release-too"
    line = authorization(wait_for=str(release), say=policy(allow("*")))
    settings = project / "gateline.yaml"
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(changing.status, b"/prod/told", line) for _ in range(4)]
        while not changing.calls():
            assert not any(each.done() for each in waiting)
        edit(
            settings,
            settings.read_text().replace("timeout: 10", "timeout: 9").replace("WORD: first", "WORD: next"),
        )

        def is_edited() -> bool:
            changing.backend.clear()
            return changing.reaches(b"GET", b"/prod/edited", TOKEN).all(b"x-word") == [b"next"]

        assert eventually(is_edited)
        release.touch()
        assert [each.result() for each in waiting] == [200] * 4
