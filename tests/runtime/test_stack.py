from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateline.runtime.notice import Complained, EnvoyBack, EnvoyCrashed, Published, Unchanged
from gateline.runtime.request_log import LogFormat
from harness.recording_backend import RecordingBackend
from runtime import projects
from runtime.projects import MOCK, proxy, write_project, write_swagger
from runtime.stacks import Running, fetch, left_in, names, serving

pytestmark = pytest.mark.envoy


def told_by_kernel(pid: int, place: str) -> str:
    return Path(f"/proc/{pid}/{place}").read_text(errors="replace")


@pytest.fixture
def backend() -> Iterator[RecordingBackend]:
    with RecordingBackend() as running:
        yield running


def test_a_request_reaches_the_backend_with_the_secret_and_the_secret_is_nowhere_else(
    tmp_path: Path, backend: RecordingBackend
) -> None:
    settings = write_project(tmp_path, {"/orders": proxy(f"http://127.0.0.1:{backend.port}/backend")})

    async def story(running: Running) -> None:
        assert await running.get("/prod/orders") == 200
        (request,) = backend.received()
        assert request.target == b"/backend"
        assert request.all(b"apigatewaypassthroughheader") == [projects.SECRET.encode()]
        assert projects.SECRET not in repr(running.stack.gateway)
        envoy = running.stack.pids["envoy"]
        for place in ("cmdline", "environ"):
            assert projects.SECRET not in told_by_kernel(envoy, place)
        kept = [file for file in left_in(tmp_path / ".gateline") if file.is_file()]
        assert projects.SECRET.encode() not in b"".join(file.read_bytes() for file in kept)

    assert serving(settings, story) == []


def test_names_of_hosts_are_resolved(tmp_path: Path, backend: RecordingBackend) -> None:
    settings = write_project(tmp_path, {"/orders": proxy(f"http://localhost:{backend.port}/")})

    async def story(running: Running) -> None:
        assert await running.get("/prod/orders") == 200

    serving(settings, story)


def test_a_secret_in_a_file_is_rotated_by_writing_the_file(tmp_path: Path, backend: RecordingBackend) -> None:
    settings = write_project(tmp_path, {"/orders": proxy(f"http://127.0.0.1:{backend.port}/")})
    project, secret = tmp_path / "gateline.yaml", tmp_path / "secret.txt"
    project.write_text(project.read_text().replace("env: PASSTHROUGH_SECRET", "file: secret.txt"))
    secret.write_text("first\n")

    async def story(running: Running) -> None:
        await running.get("/prod/orders")
        (tmp_path / "next").write_text("second\n")
        (tmp_path / "next").replace(secret)
        assert isinstance(await running.notices.get(), Published)
        await running.get("/prod/orders")

    serving(settings, story)
    seen = [request.all(b"apigatewaypassthroughheader") for request in backend.received()]
    assert seen == [[b"first"], [b"second"]]


def test_a_self_signed_gateway_speaks_tls_that_its_own_certificate_proves(tmp_path: Path) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK}, gateway={"tls": {"self_signed": True}})

    def ask(port: int, host: str) -> int:
        trust = ssl.create_default_context(cafile=tmp_path / ".gateline" / "tls" / "self-signed.pem")
        connection = http.client.HTTPSConnection(host, port, timeout=20, context=trust)
        try:
            connection.request("GET", "/prod/hello")
            return connection.getresponse().status
        finally:
            connection.close()

    async def story(running: Running) -> None:
        assert running.stack.url == f"https://127.0.0.1:{running.port}"
        for host in ("127.0.0.1", "localhost"):
            assert await asyncio.to_thread(ask, running.port, host) == 200

    serving(settings, story)


def test_the_ready_file_is_there_while_everything_serves_and_not_before_or_after(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text("of a former run")
    settings = replace(write_project(tmp_path, {"/hello": MOCK}), ready_file=ready)

    async def story(running: Running) -> None:
        told = json.loads(ready.read_text())
        assert told == {
            "url": f"http://127.0.0.1:{running.port}",
            "apis": {"orders": {"prod": f"http://127.0.0.1:{running.port}/prod"}},
            "balancers": {},
            "pids": running.stack.pids,
        }
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
        assert await running.get("/prod/hello") == 200

    serving(settings, story)
    assert not ready.exists()


def test_everything_is_gone_afterwards(tmp_path: Path) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})
    seen: dict[str, int] = {}

    async def story(running: Running) -> None:
        seen.update(running.stack.pids, port=running.port)
        told = json.loads((tmp_path / ".gateline" / "bootstrap.json").read_text())
        sockets = Path(told["admin"]["address"]["pipe"]["path"]).parent  # elsewhere when tmp_path is deep
        assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in left_in(sockets)} == {
            "admin.sock": 0o600,
            "control.sock": 0o600,
            "enroll.sock": 0o600,
            "xds.sock": 0o600,
        }

    serving(settings, story)
    with pytest.raises(ProcessLookupError):
        os.kill(seen["envoy"], 0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", seen["port"]))
    assert names(left_in(tmp_path / ".gateline")) == [".gitignore", "envoy.log", "lock"]


def test_a_deeply_nested_project_serves(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    settings = write_project(deep, {"/hello": MOCK})

    async def story(running: Running) -> None:
        assert await running.get("/prod/hello") == 200

    serving(settings, story)


def test_an_envoy_that_is_killed_serves_again(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    settings = replace(write_project(tmp_path, {"/hello": MOCK}), ready_file=ready)

    async def story(running: Running) -> None:
        first = running.stack.pids["envoy"]
        os.kill(first, signal.SIGKILL)
        crashed, back = await running.notices.get(), await running.notices.get()
        assert crashed == EnvoyCrashed(-9, 0.0)
        assert back == EnvoyBack(running.stack.pids["envoy"])
        assert running.stack.pids["envoy"] != first
        assert await running.get("/prod/hello") == 200
        assert json.loads(ready.read_text())["pids"] == running.stack.pids

    serving(settings, story)


def test_an_edit_serves_and_a_bad_one_does_not(tmp_path: Path) -> None:
    settings = write_project(tmp_path, {"/one": MOCK})

    async def story(running: Running) -> None:
        write_swagger(tmp_path, {"/two": MOCK})
        published = await running.notices.get()
        assert isinstance(published, Published)
        assert published.routes == 1
        assert (await running.get("/prod/one"), await running.get("/prod/two")) == (403, 200)
        (tmp_path / "swagger.json").write_text("{")
        assert isinstance(await running.notices.get(), Complained)
        assert await running.get("/prod/two") == 200
        write_swagger(tmp_path, {"/two": MOCK})
        assert isinstance(await running.notices.get(), Unchanged)
        assert [row.path for row in running.stack.routes] == ["/two"]

    serving(settings, story)


def test_an_api_that_is_added_serves(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    settings = replace(write_project(tmp_path, {"/one": MOCK}), ready_file=ready)

    async def story(running: Running) -> None:
        write_swagger(tmp_path, {"/two": MOCK}, name="users.json")
        project = tmp_path / "gateline.yaml"
        text = project.read_text().replace(
            "apis:\n", "apis:\n  users: {definition: users.json, stages: {dev: {}}}\n"
        )
        (tmp_path / "next").write_text(text)
        (tmp_path / "next").replace(project)
        warned = await running.notices.get()  # loopback names reach none of the two now
        assert isinstance(warned, Complained)
        assert [found.code.name for found in warned.report.diagnostics] == ["GL223"]
        assert isinstance(await running.notices.get(), Published)
        assert set(json.loads(ready.read_text())["apis"]) == {"orders", "users"}
        assert await running.get("/restapis/users/dev/_user_request_/two") == 200

    serving(settings, story)


def test_a_hundred_edits_under_load_fail_no_request(tmp_path: Path, backend: RecordingBackend) -> None:
    def paths(number: int) -> dict[str, dict[str, object]]:
        return {"/orders": proxy(f"http://127.0.0.1:{backend.port}/{number}"), f"/extra/{number}": MOCK}

    settings = write_project(tmp_path, paths(0))
    over = threading.Event()
    statuses: list[int] = []

    def load(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        while not over.is_set():
            connection.request("GET", "/prod/orders")
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()

    async def story(running: Running) -> None:
        loading = asyncio.ensure_future(asyncio.to_thread(load, running.port))
        for number in range(1, 101):
            write_swagger(tmp_path, paths(number))
            assert isinstance(await running.notices.get(), Published)
            assert await running.get(f"/prod/extra/{number}") == 200
        over.set()
        await loading

    serving(settings, story)
    assert set(statuses) == {200}
    assert backend.received()[-1].target == b"/100"


def test_requests_are_logged_without_their_query(tmp_path: Path) -> None:
    lines: list[str] = []
    settings = replace(
        write_project(tmp_path, {"/hello": MOCK}), log_format=LogFormat.JSON, write=lines.append
    )

    async def story(running: Running) -> None:
        await running.get("/prod/hello?token=hunter2")
        await running.get("/prod/none")

    serving(settings, story)
    first, second = (json.loads(line) for line in "".join(lines).splitlines())
    assert "hunter2" not in "".join(lines)
    assert first["path"].partition("?")[0] == "/prod/hello"
    assert (first["method"], first["status"], first["api"], first["stage"]) == ("GET", 200, "orders", "prod")
    assert (second["path"], second["status"]) == ("/prod/none", 403)
    assert second["why"]


def test_a_stop_lets_a_request_in_flight_finish(tmp_path: Path) -> None:
    arrived, answer = threading.Event(), threading.Event()

    def slow(server: socket.socket) -> None:
        accepted, _ = server.accept()
        with accepted:
            accepted.recv(65536)
            arrived.set()
            answer.wait(timeout=30)
            accepted.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=slow, args=(server,), daemon=True).start()
        settings = write_project(tmp_path, {"/slow": proxy(f"http://127.0.0.1:{server.getsockname()[1]}/")})
        answers: list[tuple[int, bytes]] = []

        async def story(running: Running) -> None:
            port = running.port
            threading.Thread(
                target=lambda: answers.append(fetch(port, "/prod/slow")), name="client", daemon=True
            ).start()
            await asyncio.to_thread(arrived.wait, 30)
            asyncio.get_running_loop().call_later(0.2, answer.set)  # while the stack is stopping

        serving(settings, story)
        for thread in threading.enumerate():
            if thread.name == "client":
                thread.join(timeout=20)
    assert answers == [(200, b"slow")]


def test_a_hurried_stop_waits_for_nobody(tmp_path: Path) -> None:
    arrived = threading.Event()

    def silent(server: socket.socket) -> None:
        accepted, _ = server.accept()
        with accepted:
            arrived.set()
            while accepted.recv(65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=silent, args=(server,), daemon=True).start()
        settings = write_project(tmp_path, {"/slow": proxy(f"http://127.0.0.1:{server.getsockname()[1]}/")})

        async def story(running: Running) -> None:
            client.connect(("127.0.0.1", running.port))
            client.sendall(b"GET /prod/slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await asyncio.to_thread(arrived.wait, 30)
            asyncio.get_running_loop().call_soon(running.stack.hurry)

        with socket.socket() as client:
            serving(settings, story)
            assert client.recv(100) == b""  # cut off, not answered
