from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateline.errors import GatelineError
from gateline.model.secret import SecretSource
from gateline.runtime import rotations as rotations_module
from gateline.runtime.rotations import Rotations
from gateline.runtime.secret import new_value
from gateline.runtime.secret_commands import SecretCommands
from gateline.runtime.state_dir import StateDir, hold_state_dir
from runtime.controls import World
from runtime.rotated import BALANCED, FILED, candidate
from runtime.test_rotations import GENERATED, STEPS


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


@pytest.fixture
def world(tmp_path: Path, state: StateDir, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("FILES_SECONDS", "WORKERS_SECONDS", "LOOK_EVERY", "AGAIN_SECONDS"):
        monkeypatch.setattr(rotations_module, name, 0.001)
    return World(candidate(tmp_path, state, BALANCED, secret=GENERATED, services={"a": FILED}), state)


def commands(rotations: Rotations) -> SecretCommands:
    async def begin(source: SecretSource) -> None:
        await rotations.begin(source, new_value())

    return SecretCommands(rotations, begin)


def test_a_rotation_is_begun_and_followed_to_its_end_without_any_value(world: World) -> None:
    old = world.stages.current
    answers: list[dict[str, Any]] = []

    async def story(rotations: Rotations) -> None:
        at_desk = commands(rotations)
        answers.append(await at_desk({"action": "rotate", "secret": "Token"}))
        assert answers[0]["secret"]["step"] == "pending"
        seen = 0
        while not answers[-1].get("over"):
            answers.append(await at_desk({"action": "follow", "secret": "Token", "seen": seen}))
            assert len(answers[-1]["steps"]) > seen or answers[-1]["over"]
            seen = len(answers[-1]["steps"])
        answers.append(await at_desk({"action": "list"}))

    asyncio.run(world.play(story))
    assert answers[-2]["steps"] == [step.value for step in STEPS]
    assert {each["name"] for each in answers[-1]["secrets"]} == {"Token", "Other"}
    shown = str(answers)
    assert old.decode() not in shown
    assert world.stages.current.decode() not in shown


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "show", "secret": "Token"},
        {"action": "rotate"},
        {"action": "rotate", "secret": 7},
        {"action": "follow", "secret": "Token", "seen": True},
        {"action": "follow", "secret": "Token"},
    ],
)
def test_what_is_not_understood_is_told(world: World, asked: dict[str, Any]) -> None:
    async def story(rotations: Rotations) -> None:
        with pytest.raises(GatelineError, match=r"^no such request$"):
            await commands(rotations)(asked)

    asyncio.run(world.play(story))
