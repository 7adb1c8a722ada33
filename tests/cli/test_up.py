from __future__ import annotations

import http.client
import json
import os
import re
import select
import signal
import socket
from pathlib import Path

import pytest

from cli.commands import PATIENCE, ended, first_line, rest, started
from runtime.projects import MOCK, proxy, write_project

pytestmark = pytest.mark.envoy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path, {"/hello": MOCK, "/pets/{id}": MOCK})
    return tmp_path


def status(url: str, path: str) -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_serves_until_it_is_told_to_stop(project: Path, number: signal.Signals) -> None:
    ready = project / "ready.json"
    with started("up", project, "--port", "0", "--ready-file", ready) as process:
        banner = first_line(process)
        url = banner.split()[-1]
        assert re.fullmatch(r"Gateline \S+ serves shop at http://127\.0\.0\.1:\d+\n", banner)
        assert json.loads(ready.read_text())["url"] == url
        assert status(url, "/prod/hello") == 200
        process.send_signal(number)
        out, err = rest(process)
    assert process.returncode == 0
    assert err == ""
    assert not ready.exists()
    assert f"curl {url}/prod/hello" in out
    assert f"curl {url}/prod/pets/1" in out
    assert re.search(r"prod +GET +/hello +NONE +mock", out)


@pytest.mark.parametrize(
    ("overlay", "kept"),
    [
        ("gateway: {tls: {self_signed: true}}", "self-signed.pem"),
        (
            "domains: {api.example.com: {self_signed: true, mappings: {v1: orders/prod}}}",
            "domain-api.example.com.pem",
        ),
    ],
)
def test_the_lines_to_try_trust_a_certificate_that_was_made_here(
    project: Path, overlay: str, kept: str
) -> None:
    over, ready = project / "tls.yaml", project / "ready.json"
    over.write_text(overlay)
    with started("up", project, "--port", "0", "--ready-file", ready, "--overlay", over) as process:
        first_line(process)
        process.terminate()
        out, err = rest(process)
    assert (process.returncode, err) == (0, "")
    [*_, line] = [each for each in out.splitlines() if "curl" in each]
    assert line.split()[:2] == ["curl", "--cacert"]
    assert Path(line.split()[2]).name == kept


def test_a_signal_during_the_start_ends_it_without_a_word(project: Path) -> None:
    with started("up", project, "--port", "0") as process:
        while not (project / ".gateline" / "lock").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, err = rest(process)
    assert process.returncode == 0
    assert err == ""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads Linux's table of processes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_anybody_is_there_to_hear_it_is_not_lost(
    project: Path, number: signal.Signals
) -> None:
    with started("up", project, "--port", "0") as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not children.read_text():
            assert process.poll() is None
        process.send_signal(number)
        out, err = rest(process)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for another's child, as Linux can")
def test_a_gateline_that_is_killed_leaves_no_envoy(project: Path) -> None:
    ready = project / "ready.json"
    with started("up", project, "--port", "0", "--ready-file", ready) as process:
        first_line(process)
        told = json.loads(ready.read_text())
        pid = told["pids"]["envoy"]
        os.kill(pid, 0)
        handle = os.pidfd_open(pid)  # one can wait for the end of what is not a child
        process.kill()
        assert select.select([handle], [], [], PATIENCE)[0] == [handle]
        os.close(handle)
    port = int(told["url"].rpartition(":")[2])
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
    with started("up", project, "--port", str(port)) as process:
        assert first_line(process).endswith(f":{port}\n")


def test_an_invalid_project_is_reported_and_nothing_serves(project: Path) -> None:
    (project / "swagger.json").write_text('{"swagger": "2.0"')
    ready = project / "ready.json"
    code, out, err = ended("up", project, "--port", "0", "--ready-file", ready)
    assert (code, out) == (1, "")
    assert "error[GL101]" in err
    assert re.search(r"swagger\.json:1:\d+", err)
    assert err.endswith("gateline: 1 error, 0 warnings\n")
    assert not ready.exists()


def test_a_missing_project_is_exit_code_2(tmp_path: Path) -> None:
    code, out, err = ended("up", tmp_path / "none.yaml")
    assert (code, out) == (2, "")
    assert err == f"gateline: {tmp_path / 'none.yaml'} does not exist\n"


def test_a_taken_port_is_one_clear_line(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = ended("up", project, "--port", str(port))
    assert code == 1
    assert re.fullmatch(rf"gateline: 127\.0\.0\.1:{port} is in use by .*--port N\n", err)


def test_no_envoy_is_one_clear_line(project: Path) -> None:
    code, _, err = ended("up", project, "--port", "0", environ={"GATELINE_ENVOY": "/none"})
    assert code == 1
    assert err.startswith("gateline: GATELINE_ENVOY=/none is no Envoy that runs here")
    assert err.count("\n") == 1


def test_a_missing_secret_is_reported_by_its_name(tmp_path: Path) -> None:
    write_project(tmp_path, {"/orders": proxy("http://127.0.0.1:9/")})
    code, _, err = ended("up", tmp_path, "--port", "0", environ={"PASSTHROUGH_SECRET": ""})
    assert code == 1
    assert "PassthroughSecret" in err
    assert "PASSTHROUGH_SECRET" in err


def test_requests_as_json_have_standard_output_to_themselves(project: Path) -> None:
    with started("up", project, "--port", "0", "--log-format", "json") as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]
        status(url, "/prod/hello")
        told = json.loads(first_line(process))
        process.send_signal(signal.SIGTERM)
        out, _ = rest(process)
    assert (told["method"], told["path"], told["status"]) == ("GET", "/prod/hello", 200)
    assert out == ""


def test_requests_are_not_shown_where_no_terminal_is(project: Path) -> None:
    with started("up", project, "--port", "0") as process:
        url = first_line(process).split()[-1]
        status(url, "/prod/hello")
        process.send_signal(signal.SIGTERM)
        out, _ = rest(process)
    assert "GET /prod/hello 200" not in out


def test_requests_are_shown_when_one_asks_for_it(project: Path) -> None:
    with started("up", project, "--port", "0", "--log-format", "pretty") as process:
        url = first_line(process).split()[-1]
        status(url, "/prod/hello")
        process.send_signal(signal.SIGTERM)
        out, _ = rest(process)
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3} GET /prod/hello 200 \d+ ms  orders GET /hello", out)


def test_a_bare_openapi_document_is_a_project(tmp_path: Path) -> None:
    write_project(tmp_path, {"/hello": MOCK})
    (tmp_path / "gateline.yaml").unlink()
    with started("up", tmp_path / "swagger.json", "--port", "0") as process:
        url = first_line(process).split()[-1]
        assert status(url, "/dev/hello") == 200
