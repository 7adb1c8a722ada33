"""Secrets of a stack that serves, with a real Envoy: rotated on demand and by the clock."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from gateline.errors import GatelineError
from gateline.rotation import machine
from gateline.runtime import control_client, rotations
from gateline.runtime.notice import Notice, Remarked
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.service_files import ServiceFiles
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack
from harness.fake_aws import fake_aws
from harness.raw_client import exchange
from harness.recording_backend import RecordingBackend
from runtime.clusters import PROGRAM
from runtime.projects import MOCK, proxy, write_project

pytestmark = pytest.mark.envoy


def played(folder: Path, secret: dict[str, Any], story: Callable[[Settings], Awaitable[None]]) -> list[str]:
    """What a stack with a secret remarks while a story is played."""
    settings = write_project(folder, {"/hello": MOCK, "/sent": proxy("http://127.0.0.9:9/")})
    project = yaml.safe_load(settings.project.read_text())
    project["secrets"] = {"PassthroughSecret": {"env": "PASSTHROUGH_SECRET"}, "Ours": secret}
    settings.project.write_text(yaml.safe_dump(project))
    remarks: list[str] = []

    def hear(notice: Notice) -> None:
        if isinstance(notice, Remarked):
            remarks.append(notice.text)

    async def play() -> None:
        async with asyncio.timeout(60), LocalProcesses() as processes, Stack(settings, hear, processes):
            await story(settings)

    asyncio.run(play())
    return remarks


async def ask(settings: Settings, **request: Any) -> dict[str, Any]:
    return await control_client.secrets(settings.project, None, request)


def test_a_secret_is_rotated_when_that_is_asked_for(tmp_path: Path) -> None:
    steps: list[str] = []

    async def story(settings: Settings) -> None:
        nonlocal steps
        await ask(settings, action="rotate", secret="Ours")
        answer: dict[str, Any] = {"over": False}
        while not answer["over"]:
            answer = await ask(settings, action="follow", secret="Ours", seen=len(steps))
            steps = answer["steps"]

    remarks = played(tmp_path, {"generate": True}, story)
    assert steps == ["pending", "accepted", "current", "settled", "dropped", "proven", "idle"]
    assert "secret Ours is rotated: whoever can be asked refuses the former value" in remarks


def test_a_secret_is_rotated_by_the_clock(tmp_path: Path) -> None:
    async def story(settings: Settings) -> None:
        first = (await ask(settings, action="list"))["secrets"]
        while (await ask(settings, action="list"))["secrets"] == first:
            await ask(settings, action="follow", secret="Ours", seen=0)

    played(tmp_path, {"generate": True, "rotate_every_seconds": 1}, story)


def test_a_secret_whose_backend_nobody_can_ask_is_not_rotated(tmp_path: Path) -> None:
    settings = write_project(tmp_path, {"/sent": proxy("http://127.0.0.9:9/")})
    project = yaml.safe_load(settings.project.read_text())
    project["secrets"] = {"PassthroughSecret": {"generate": True}}
    settings.project.write_text(yaml.safe_dump(project))

    async def play() -> None:
        async with asyncio.timeout(60), LocalProcesses() as processes, Stack(settings, _ignore, processes):
            before = await ask(settings, action="list")
            why = "^http://127.0.0.9:9 gets secret PassthroughSecret, and nobody could see"
            with pytest.raises(GatelineError, match=why):
                await ask(settings, action="rotate", secret="PassthroughSecret")
            assert await ask(settings, action="list") == before

    asyncio.run(play())


def test_a_target_that_refuses_the_new_value_is_named_and_the_value_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotations, "SEEN_SECONDS", 0.2)
    with RecordingBackend() as backend:
        place = f"127.0.0.1:{backend.port}"
        backend.answers[b"/.well-known/gateline-guard"] = b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n"
        settings = write_project(tmp_path, {"/sent": proxy(f"http://{place}/")})
        project = yaml.safe_load(settings.project.read_text())
        project["secrets"] = {"PassthroughSecret": {"generate": True, "accepted_by": "guard"}}
        settings.project.write_text(yaml.safe_dump(project))

        async def play() -> dict[str, Any]:
            async with (
                asyncio.timeout(60),
                LocalProcesses() as processes,
                Stack(settings, _ignore, processes),
            ):
                await ask(settings, action="rotate", secret="PassthroughSecret")
                answer: dict[str, Any] = {"over": False, "steps": []}
                while not answer["over"]:
                    seen = len(answer["steps"])
                    answer = await ask(settings, action="follow", secret="PassthroughSecret", seen=seen)
                return answer

        answer = asyncio.run(play())
    assert answer["steps"] == ["pending", "idle"]
    assert answer["secret"]["problem"] == f"http://{place} refuses it"
    assert answer["secret"]["stages"] == ["AWSCURRENT"]


def _ignore(notice: Notice) -> None:
    """Nobody listens."""


def test_a_rotation_at_secrets_manager_reaches_the_backend_when_that_accepts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ACCESS_KEY_ID": "AKIDEXAMPLE", "SECRET_ACCESS_KEY": "example"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    sent: list[bytes] = []

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A backend with a guard: it refuses the first value as soon as it has got the second one."""
        head = await reader.readuntil(b"\r\n\r\n")
        value = head.lower().partition(b"apigatewaypassthroughheader: ")[2].partition(b"\r\n")[0]
        accepted = {b"second"} if b"second" in sent else {b"first", b"second"}
        if head.startswith(b"GET /.well-known/"):
            well = value in accepted
            writer.write(
                b"HTTP/1.1 204 X\r\nx-gateline-guard: 1\r\n\r\n" if well else b"HTTP/1.1 401 X\r\n\r\n"
            )
        else:
            sent.append(value)
            writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def play(amazon: str) -> dict[str, Any]:
        boto3 = importlib.import_module("boto3")
        client = boto3.client("secretsmanager", region_name="eu-west-1", endpoint_url=amazon)
        arn = client.create_secret(Name="kept", SecretString="first")["ARN"]
        backend = await asyncio.start_server(attend, "127.0.0.1", 0)
        settings = write_project(
            tmp_path, {"/sent": proxy(f"http://127.0.0.1:{backend.sockets[0].getsockname()[1]}/")}
        )
        project = yaml.safe_load(settings.project.read_text())
        project["secrets"] = {"PassthroughSecret": {"value_from": arn, "accepted_by": "guard"}}
        settings.project.write_text(yaml.safe_dump(project))
        async with backend, LocalProcesses() as processes, Stack(settings, _ignore, processes) as stack:
            port = urlsplit(stack.url).port
            assert port is not None
            request = b"GET /prod/sent HTTP/1.1\r\nHost: localhost\r\n\r\n"
            await asyncio.to_thread(exchange, port, request)
            await asyncio.to_thread(client.put_secret_value, SecretId=arn, SecretString="second")
            await ask(settings, action="rotate", secret="PassthroughSecret")
            answer: dict[str, Any] = {"over": False, "steps": []}
            while not answer["over"]:
                seen = len(answer["steps"])
                answer = await ask(settings, action="follow", secret="PassthroughSecret", seen=seen)
                await asyncio.to_thread(exchange, port, request)
        client.close()
        return answer

    with fake_aws() as amazon:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", amazon)
        answer = asyncio.run(play(amazon))
    assert (answer["steps"][-1], answer["secret"]["problem"]) == ("idle", "")
    assert sent[0] == b"first"
    assert sent[-1] == b"second"
    assert sent == sorted(sent)


def test_an_edit_that_was_read_before_a_step_does_not_undo_it(tmp_path: Path) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})
    project = yaml.safe_load(settings.project.read_text())
    project["secrets"] = {"Ours": {"generate": True}}
    command = [sys.executable, "-S", str(PROGRAM)]
    project["services"] = {"mail": {"command": command, "secret_files": {"FILE": "Ours"}}}
    settings.project.write_text(yaml.safe_dump(project))

    async def play() -> None:
        async with (
            asyncio.timeout(60),
            LocalProcesses() as processes,
            Stack(settings, _ignore, processes) as stack,
        ):
            read_before = stack._serving.served
            assert read_before is not None
            assert read_before.gateway is not None
            [source] = read_before.gateway.secrets
            kept = SecretStages(stack._state)
            stages = kept.read(source)
            assert stages is not None
            kept.write(source, machine.begin(stages, b"new", datetime.now(UTC)))
            await stack._adopt(read_before, 0.0)
            given = ServiceFiles(stack._state).path("mail") / "secret-Ours"
            assert given.read_bytes() == stages.current + b"\nnew\n"

    asyncio.run(play())


NAIVE = """
import os, sys, http.server

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        well = self.path == "/health" or self.headers.get("X-Pass") == os.environ["TOKEN"]
        self.send_response(200 if well else 401)
        self.end_headers()

    def log_message(self, *words):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def test_a_service_that_knows_one_value_only_serves_on_and_the_new_value_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotations, "SEEN_SECONDS", 0.5)
    sent = {"integration.request.header.X-Pass": "${Ours}"}
    settings = write_project(
        tmp_path, {"/sent": {**proxy("http://internal.shop/"), "requestParameters": sent}}
    )
    project = yaml.safe_load(settings.project.read_text())
    project["secrets"] = {"Ours": {"generate": True}}
    forward = {"type": "forward", "target_groups": [{"name": "naive"}]}
    listener = {"protocol": "HTTP", "port": 80, "default_actions": [forward]}
    project["load_balancers"] = {"internal": {"dns_name": "internal.shop", "listeners": [listener]}}
    check = {"path": "/health", "interval_seconds": 5, "timeout_seconds": 2, "healthy_threshold_count": 2}
    project["target_groups"] = {"naive": {"health_check": check, "deregistration_delay_seconds": 1}}
    command = [sys.executable, "-S", "-c", NAIVE, "{port}"]
    project["services"] = {"naive": {"command": command, "secrets": {"TOKEN": "Ours"}}}
    settings.project.write_text(yaml.safe_dump(project))
    statuses: set[int] = set()

    async def play() -> dict[str, Any]:
        async with (
            asyncio.timeout(60),
            LocalProcesses() as processes,
            Stack(settings, _ignore, processes) as stack,
        ):
            port = urlsplit(stack.url).port
            assert port is not None
            await ask(settings, action="rotate", secret="Ours")
            answer: dict[str, Any] = {"over": False}
            while not answer["over"]:
                request = b"GET /prod/sent HTTP/1.1\r\nHost: localhost\r\n\r\n"
                [answered] = await asyncio.to_thread(exchange, port, request)
                statuses.add(answered.status)
                row = (await ask(settings, action="list"))["secrets"][0]
                answer = {"over": row["step"] == "idle", "secret": row}
            return answer

    told = asyncio.run(play())["secret"]
    assert statuses == {200}
    assert told["problem"].startswith("task naive/")
    assert told["stages"] == ["AWSCURRENT"]
