from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from cli.commands import PATIENCE, ended, rest, started
from cli.conftest import Gateline
from docs.markdown import ROOT
from gateline.cli import serve
from gateline.cli.serve import HealthTeller
from gateline.runtime.health import Health
from gateline.runtime.notice import EnvoyBack, EnvoyCrashed
from runtime.projects import MOCK, proxy, write_project

envoy = pytest.mark.envoy
Paths = Mapping[str, Mapping[str, Any]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def line(process: subprocess.Popen[str], event: str = "") -> dict[str, Any]:
    """The next line of the log, or the next one of this event; each one is one object."""
    assert process.stdout is not None
    others = []
    for text in process.stdout:
        told = json.loads(text)
        assert isinstance(told, dict)
        assert told["time"].endswith("Z")
        if event in {"", told.get("event")}:
            return told
        others.append(text)
    raise AssertionError(f"it ended without a line about {event!r}: {others}")


class Serving:
    """A project that is served, its probes, and a connection to it that is kept."""

    def __init__(self, process: subprocess.Popen[str], port: int, admin: int) -> None:
        self.process = process
        self.port = port
        self.admin = admin

    def connection(self, port: int = 0) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=PATIENCE)

    def ask(self, path: str, port: int = 0) -> tuple[int, bytes]:
        with closing(self.connection(port)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def probe(self, path: str) -> tuple[int, dict[str, Any]]:
        status, body = self.ask(path, self.admin)
        return status, json.loads(body)

    def stop(self) -> None:
        """Send SIGTERM, and wait until it has been heard."""
        self.process.send_signal(signal.SIGTERM)
        line(self.process, "stopping")

    def end(self) -> tuple[int, list[dict[str, Any]], str]:
        """The exit code, the further lines, and what was said beside them."""
        out, err = rest(self.process)
        return self.process.returncode, [json.loads(text) for text in out.splitlines()], err


@contextmanager
def serving(
    folder: Path, paths: Paths, *options: str | Path, drain: Mapping[str, int] | None = None
) -> Iterator[Serving]:
    admin = free_port()
    write_project(folder, paths, gateway={"admin": {"port": admin}, "drain": dict(drain or {})})
    with started("serve", folder, "--port", "0", *options) as process:
        told = line(process, "serving")
        assert told["admin"] == f"http://127.0.0.1:{admin}"
        yield Serving(process, int(told["url"].rpartition(":")[2]), admin)


@envoy
def test_it_logs_requests_as_json_and_nothing_else_and_ends_with_0(tmp_path: Path) -> None:
    with serving(tmp_path, {"/hello": MOCK}) as served:
        assert served.probe("/livez") == (200, {"status": "live"})
        assert served.probe("/readyz") == (200, {"status": "ready"})
        assert served.ask("/prod/hello")[0] == 200
        told = line(served.process)
        served.stop()
        code, lines, err = served.end()
    assert (told["method"], told["path"], told["status"]) == ("GET", "/prod/hello", 200)
    assert (code, lines, err) == (0, [], "")


@envoy
def test_requests_need_not_be_logged(tmp_path: Path) -> None:
    with serving(tmp_path, {"/hello": MOCK}, "--log-format", "none") as served:
        assert served.ask("/prod/hello")[0] == 200
        served.process.send_signal(signal.SIGTERM)
        code, lines, _ = served.end()
    assert code == 0
    assert [each["event"] for each in lines] == ["stopping"]


@envoy
def test_edits_are_not_taken_in(tmp_path: Path) -> None:
    with serving(tmp_path, {"/hello": MOCK}) as served:
        (tmp_path / "swagger.json").write_text("no longer one")
        assert served.ask("/prod/hello")[0] == 200
        served.stop()
        assert served.end()[0] == 0


@envoy
def test_it_lives_but_is_not_ready_before_the_first_configuration_is_taken(tmp_path: Path) -> None:
    admin = free_port()
    write_project(tmp_path, {"/hello": proxy("http://127.0.0.1:9/")}, gateway={"admin": {"port": admin}})
    project = yaml.safe_load((tmp_path / "gateline.yaml").read_text())
    project["secrets"] = {"PassthroughSecret": {"generate": True}}
    (tmp_path / "gateline.yaml").write_text(yaml.safe_dump(project))
    secret = tmp_path / ".gateline" / "secrets" / "secret-PassthroughSecret"
    secret.parent.mkdir(parents=True)
    os.mkfifo(secret, 0o600)  # whoever reads the secret waits for the other end
    with started("serve", tmp_path, "--port", "0") as process:
        served = Serving(process, 0, admin)
        with secret.open("wb") as other_end:  # opens when it has come to reading it
            assert served.probe("/livez") == (200, {"status": "live"})
            assert served.probe("/readyz") == (503, {"status": "not ready", "reason": "starting"})
            other_end.write(b"hunter2")
        line(process, "serving")
        assert served.probe("/readyz")[0] == 200


@envoy
def test_after_sigterm_it_is_not_ready_and_serves_on_for_the_delay(tmp_path: Path) -> None:
    with serving(tmp_path, {"/hello": MOCK}, drain={"delay_seconds": 3600}) as served:
        with closing(served.connection()) as kept:
            kept.request("GET", "/prod/hello")
            assert kept.getresponse().read() == b""
            served.stop()
            assert served.probe("/readyz") == (503, {"status": "not ready", "reason": "stopping"})
            assert served.probe("/livez")[0] == 200
            kept.request("GET", "/prod/hello")
            answer = kept.getresponse()
            assert answer.status == 200
        assert served.ask("/prod/hello")[0] == 200
        served.process.send_signal(signal.SIGTERM)  # hurries: without it this would take an hour
        code, _, err = served.end()
    assert (code, err) == (0, "")


@envoy
def test_during_the_delay_answers_send_clients_elsewhere(tmp_path: Path) -> None:
    with serving(tmp_path, {"/hello": MOCK}, drain={"delay_seconds": 3600}) as served:
        served.stop()
        closes = ""
        while closes != "close":  # until Envoy has been told
            with closing(served.connection()) as connection:
                connection.request("GET", "/prod/hello")
                closes = connection.getresponse().getheader("Connection", "")
        served.process.send_signal(signal.SIGTERM)
        assert served.end()[0] == 0


@contextmanager
def held_back() -> Iterator[tuple[int, threading.Event, threading.Event]]:
    """A backend that takes one request and answers when it is let: its port, `taken`, `let`."""
    taken, let = threading.Event(), threading.Event()

    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            taken.set()
            assert let.wait(PATIENCE)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        try:
            yield listening.getsockname()[1], taken, let
        finally:
            let.set()
            thread.join()


@envoy
def test_a_request_in_flight_is_answered_after_sigterm(tmp_path: Path) -> None:
    with held_back() as (port, taken, let):
        paths = {"/slow": proxy(f"http://127.0.0.1:{port}/")}
        with serving(tmp_path, paths, drain={"timeout_seconds": 3600}) as served:
            with closing(served.connection()) as connection:
                connection.request("GET", "/prod/slow")
                assert taken.wait(PATIENCE)
                served.stop()
                let.set()
                assert connection.getresponse().read() == b"late"
            assert served.end()[0] == 0


@envoy
def test_a_request_that_takes_longer_than_the_timeout_does_not_hold_the_end_up(tmp_path: Path) -> None:
    with held_back() as (port, taken, _):
        paths = {"/slow": proxy(f"http://127.0.0.1:{port}/")}
        with (
            serving(tmp_path, paths, drain={"timeout_seconds": 0}) as served,
            closing(served.connection()) as connection,
        ):
            connection.request("GET", "/prod/slow")
            assert taken.wait(PATIENCE)
            served.process.send_signal(signal.SIGTERM)
            assert served.end()[0] == 0
            with pytest.raises((http.client.HTTPException, ConnectionError)):
                connection.getresponse()


def test_a_bad_configuration_is_lines_of_json_and_exit_code_1(tmp_path: Path) -> None:
    write_project(tmp_path, {"/hello": MOCK})
    (tmp_path / "swagger.json").write_text('{"swagger": "2.0"')
    ready = tmp_path / "ready.json"
    code, out, err = ended("serve", tmp_path, "--port", "0", "--ready-file", ready)
    diagnostic, refused = map(json.loads, out.splitlines())
    assert (code, err) == (1, "")
    assert (diagnostic["event"], diagnostic["level"], diagnostic["code"]) == ("diagnostic", "error", "GL101")
    assert diagnostic["file"].endswith("swagger.json")
    assert (refused["event"], refused["message"]) == ("refused", "1 error, 0 warnings")
    assert not ready.exists()


@pytest.mark.parametrize("name", ["--port", "gateway.admin.port"])
def test_a_taken_port_is_a_line_that_says_what_chooses_another(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        admin = port if name == "gateway.admin.port" else free_port()
        write_project(tmp_path, {"/hello": MOCK}, gateway={"admin": {"port": admin}})
        code, out, err = ended("serve", tmp_path, "--port", "0" if admin == port else str(port))
    told = json.loads(out)
    assert (code, err) == (1, "")
    assert (told["event"], told["level"]) == ("failed", "error")
    assert told["message"].startswith(f"127.0.0.1:{port} is in use")
    assert name in told["message"]


def test_a_missing_project_is_a_line_and_exit_code_2(tmp_path: Path) -> None:
    code, out, err = ended("serve", tmp_path / "none.yaml")
    assert (code, err) == (2, "")
    assert json.loads(out)["message"] == f"{tmp_path / 'none.yaml'} does not exist"


def test_a_fault_of_ours_is_a_line_without_what_it_says(
    gateline: Gateline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("hunter2")

    lines: list[str] = []
    monkeypatch.setattr(serve, "run_session", broken)
    monkeypatch.setattr(serve, "_write", lines.append)
    write_project(tmp_path, {"/hello": MOCK})
    assert gateline("serve", tmp_path).exit_code == 1
    [text] = lines
    assert json.loads(text)["event"] == "failed"
    assert "ValueError at test_serve.py" in text
    assert "hunter2" not in text


def test_wrong_usage_is_told_to_the_person_who_wrote_it(tmp_path: Path) -> None:
    code, out, err = ended("serve", tmp_path, "--allow", "GL999")
    assert (code, out) == (2, "")
    assert "there is no diagnostic GL999" in err


def test_while_envoy_is_away_it_is_not_ready() -> None:
    health, lines = Health(), list[str]()
    teller = HealthTeller(health, lines.append)
    health.ready()
    teller(EnvoyCrashed(-9, 0.0))
    assert health.reason == "Envoy is started again"
    teller(EnvoyBack(7))
    assert health.reason == ""
    teller.close()
    assert [json.loads(text)["event"] for text in lines] == ["envoy_crashed", "envoy_back"]


@envoy
def test_an_envoy_that_is_killed_is_a_line_and_comes_back(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with serving(tmp_path, {"/hello": MOCK}, "--ready-file", ready) as served:
        os.kill(json.loads(ready.read_text())["pids"]["envoy"], signal.SIGKILL)
        assert line(served.process, "envoy_crashed")["level"] == "error"
        line(served.process, "envoy_back")
        assert served.probe("/readyz")[0] == 200
        assert served.ask("/prod/hello")[0] == 200


@envoy
def test_a_control_that_is_killed_is_a_line_and_comes_back_while_envoy_serves(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with serving(tmp_path, {"/hello": MOCK}, "--ready-file", ready) as served:
        os.kill(json.loads(ready.read_text())["pids"]["control"], signal.SIGKILL)
        assert line(served.process, "house")["message"].startswith("control ended (signal SIGKILL)")
        assert served.ask("/prod/hello")[0] == 200
        assert line(served.process, "serving")["url"] == f"http://127.0.0.1:{served.port}"
        assert served.probe("/readyz")[0] == 200
        served.process.send_signal(signal.SIGTERM)
        code, lines, err = served.end()
    assert (code, err) == (0, "")
    assert all("time" in each for each in lines)


IN_ITS_WORLD: Final = (
    "unshare",
    "--user",
    "--map-root-user",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
"""A program started so is process 1 of a world of its own, as in a container."""


def namespaces() -> str:
    """Why processes cannot have a world of their own here; "" when they can."""
    try:
        tried = subprocess.run([*IN_ITS_WORLD, "true"], capture_output=True, check=False)
    except OSError as error:
        return f"unshare cannot be run: {error.strerror}"
    return tried.stderr.decode()


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@envoy
@pytest.mark.skipif(bool(namespaces()), reason=f"no namespace of processes to be had: {namespaces()}")
def test_as_process_1_it_reaps_orphans_and_ends_with_0(tmp_path: Path) -> None:
    admin = free_port()
    write_project(tmp_path, {"/hello": MOCK}, gateway={"admin": {"port": admin}})
    with started("serve", tmp_path, "--port", "0", before=IN_ITS_WORLD) as process:
        line(process, "serving")
        [house] = children(process.pid)
        own = set(children(house))
        inside = ["nsenter", "--target", str(house), "--user", "--pid", "--mount"]
        subprocess.run([*inside, "sh", "-c", "sleep 3600 > /dev/null &"], check=True)
        while not (orphans := set(children(house)) - own):
            assert process.poll() is None
        [orphan] = orphans
        os.kill(orphan, signal.SIGKILL)
        while orphan in children(house):  # the dead stay there until they are reaped
            assert process.poll() is None
        os.kill(house, signal.SIGTERM)
        _, err = rest(process)
    assert (process.returncode, err) == (0, "")


@envoy
@pytest.mark.parametrize("option", ["--services", "--log-format=json"])
def test_services_are_started_only_when_one_asks_for_it(tmp_path: Path, option: str) -> None:
    ready, overlay = tmp_path / "ready.json", tmp_path / "overlay.yaml"
    overlay.write_text(f"gateway: {{admin: {{port: {free_port()}}}}}")
    options: list[str | Path] = [
        *("--port", "0", "--ready-file", ready, "--overlay", overlay),
        *("--state", tmp_path / "state", option),
    ]
    secrets = {"API_GATEWAY_SECRET": "of-the-test", "TOKEN_KEY": "of-the-test"}
    with started("serve", ROOT / "examples" / "storefront", *options, environ=secrets) as process:
        if option != "--services":
            idle = line(process, "services_not_started")
            assert (idle["level"], idle["services"]) == ("warning", ["catalog", "customers", "orders"])
        url = line(process, "serving")["url"]
        tasks = json.loads(ready.read_text())["pids"].get("tasks", {})
        status = Serving(process, int(url.rpartition(":")[2]), 0).ask("/prod/catalog/shoes")[0]
        process.send_signal(signal.SIGTERM)
        _, err = rest(process)
    # It is ready when each service has a task that is well: then nobody is told that there is none.
    expected = ({"orders", "customers", "catalog"}, 200) if option == "--services" else (set(), 503)
    assert ({name.partition("/")[0] for name in tasks}, status) == expected
    assert (process.returncode, err) == (0, "")
