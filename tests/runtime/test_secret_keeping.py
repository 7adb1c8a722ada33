"""Secrets of a stack that serves, with a real Envoy: rotated on demand and by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateline.errors import GatelineError
from gateline.runtime import control_client, rotations
from gateline.runtime.notice import Notice, Remarked
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack
from harness.recording_backend import RecordingBackend
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
    assert "secret Ours is rotated: the former value is refused everywhere" in remarks


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
