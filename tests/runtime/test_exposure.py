from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gateline.model.gateway import Keyring
from gateline.model.secret import Secret
from gateline.runtime.exposure import exposed

VALUE = "a-value-that-nobody-else-has-7d1f"
KEYRING = Keyring(secrets=(Secret("S", VALUE.encode()), Secret("short", b"x")))
OURS = frozenset({os.geteuid()})


def sleeper(
    *words: str, environ: dict[str, str] | None = None, user: int | None = None
) -> subprocess.Popen[bytes]:
    """A process that has said that it runs, and waits for the end of its input."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        ["/bin/sh", "-c", "echo; read _", *words], stdin=pipe, stdout=pipe, env=environ, user=user, cwd="/"
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_secret_in_the_words_of_a_process_is_found() -> None:
    with sleeper(f"--token={VALUE}") as process:
        found = list(exposed(KEYRING, OURS))
        process.communicate()
    assert found == [{"secret": "S", "pid": process.pid, "uid": os.geteuid(), "where": "words"}]
    assert list(exposed(KEYRING, OURS)) == []


def test_an_environment_of_our_own_user_may_hold_it() -> None:
    with sleeper(environ={"TOKEN": VALUE}) as process:
        assert list(exposed(KEYRING, OURS)) == []
        process.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start another user's process")
def test_an_environment_of_another_user_must_not_hold_it() -> None:
    with sleeper(environ={"TOKEN": VALUE}, user=65534) as process:
        [found] = exposed(KEYRING, OURS)
        process.communicate()
    assert (found["uid"], found["where"]) == (65534, "environment")


def test_a_process_that_has_ended_meanwhile_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    assert list(exposed(KEYRING, OURS, tmp_path)) == []
