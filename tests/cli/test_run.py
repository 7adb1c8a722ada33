from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

import pytest

from cli.commands import PATIENCE, ended, first_line, rest, started
from gateline.cli.run import command_environment
from gateline.model.gateway import Edge, Gateway
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi, Stage
from gateline.model.secret import SecretSource, SecretSourceKind
from runtime.projects import MOCK, proxy, write_project

PLACE = Origin("gateline.yaml")

ASK = """
import http.client, os, sys
connection = http.client.HTTPConnection(os.environ["GATELINE_URL"].removeprefix("http://"), timeout=20)
connection.request("GET", "/prod/hello")
print(connection.getresponse().status, os.environ.get("PASSTHROUGH_SECRET"))
sys.exit(7)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path, {"/hello": MOCK, "/orders": proxy("http://127.0.0.1:9/")})
    return tmp_path


def run(project: Path, *command: str) -> tuple[str | Path, ...]:
    return ("run", "--project", project, "--port", "0", "--", *command)


@pytest.mark.envoy
def test_the_command_finds_the_gateway_but_no_secret_and_its_exit_code_is_the_answer(project: Path) -> None:
    assert ended(*run(project, sys.executable, "-c", ASK)) == (7, "200 None\n", "")


@pytest.mark.envoy
def test_a_command_that_a_signal_ended_is_answered_as_shells_do(project: Path) -> None:
    code, _, _ = ended(*run(project, sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"))
    assert code == 128 + 9


@pytest.mark.envoy
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_the_commands(project: Path, number: signal.Signals) -> None:
    script = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(5))\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    with started(*run(project, sys.executable, "-c", script)) as process:
        assert first_line(process) == "up\n"
        process.send_signal(number)
        rest(process)
    assert process.returncode == 5


@pytest.mark.envoy
def test_a_command_that_does_not_exist_is_127(project: Path) -> None:
    code, _, err = ended(*run(project, "no-such-command-anywhere"))
    assert code == 127
    assert err == "gateline: cannot run no-such-command-anywhere: No such file or directory\n"


@pytest.mark.envoy
def test_a_file_that_cannot_be_run_is_126(project: Path) -> None:
    code, _, err = ended(*run(project, str(project)))
    assert code == 126
    assert "Permission denied" in err


@pytest.mark.envoy
def test_an_invalid_project_runs_nothing(project: Path) -> None:
    (project / "swagger.json").write_text("{")
    code, out, err = ended(*run(project, sys.executable, "-c", "print('ran')"))
    assert (code, out) == (1, "")
    assert "GL101" in err


def test_the_commands_environment_has_addresses_and_no_secrets() -> None:
    stages = tuple(Stage(name=name, origin=PLACE) for name in ("prod", "next-one"))
    gateway = Gateway(
        name="shop",
        edge=Edge(port=8080, default_api="my-orders", origin=PLACE),
        apis=(RestApi(name="my-orders", api_id="x", stages=stages, origin=PLACE),),
        secrets=(SecretSource(name="Token", kind=SecretSourceKind.ENV, place="TOKEN", origin=PLACE),),
        origin=PLACE,
    )
    assert command_environment(gateway, {"TOKEN": "hunter2", "HOME": "/h"}) == {
        "HOME": "/h",
        "GATELINE_URL": "http://127.0.0.1:8080",
        "GATELINE_URL_MY_ORDERS_PROD": "http://127.0.0.1:8080/prod",
        "GATELINE_URL_MY_ORDERS_NEXT_ONE": "http://127.0.0.1:8080/next-one",
    }


@pytest.mark.envoy
def test_options_after_the_commands_name_are_the_commands(project: Path) -> None:
    code, out, _ = ended("run", "--project", project, "--port", "0", sys.executable, "-c", "print('ran')")
    assert (code, out) == (0, "ran\n")


def test_a_command_is_required() -> None:
    code, _, err = ended("run", "--")
    assert code == 2
    assert "Missing argument" in err


@pytest.mark.envoy
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for another's child, as Linux can")
def test_the_command_ends_with_a_gateline_that_is_killed(project: Path) -> None:
    script = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with started(*run(project, sys.executable, "-c", script)) as process:
        handle = os.pidfd_open(int(first_line(process)))
        process.kill()
        assert select.select([handle], [], [], PATIENCE)[0] == [handle]
        os.close(handle)
