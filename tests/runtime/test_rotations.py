"""Rotations with a real vault; a control that is killed at any moment is followed by one that goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from gateline.errors import GatelineError
from gateline.rotation.stages import Step
from gateline.runtime import rotations as rotations_module
from gateline.runtime.rotations import Rotations
from gateline.runtime.secret_commands import row
from gateline.runtime.secret_probe import Says
from gateline.runtime.state_dir import StateDir, hold_state_dir
from runtime.controls import Killed, World, ended, rotated
from runtime.rotated import BALANCED, DIRECT, FILED, candidate

GENERATED: Final = {"generate": True, "accepted_by": "guard"}
STEPS: Final = [*list(Step)[1:], Step.IDLE]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FILES_SECONDS", "WORKERS_SECONDS", "LOOK_EVERY", "AGAIN_SECONDS"):
        monkeypatch.setattr(rotations_module, name, 0.001)


@pytest.fixture
def world(tmp_path: Path, state: StateDir) -> World:
    return World(candidate(tmp_path, state, BALANCED, secret=GENERATED, services={"a": FILED}), state)


async def gone_on(rotations: Rotations) -> None:
    await rotations.work()
    await ended(rotations)


def test_a_rotation_goes_through_all_steps(world: World) -> None:
    old = world.stages.current
    made = asyncio.run(world.play(rotated))
    assert list(made.steps("Token")) == STEPS
    assert world.serving.taken == [(old, (old, b"new")), (b"new", (b"new", old)), (b"new", (b"new",))]
    assert world.witness.asked == [(Says.ACCEPTED, b"new"), (Says.REFUSED, old)]
    assert (world.stages.current, world.stages.stale, world.stages.problem) == (b"new", old, "")
    assert world.told == ["secret Token is rotated: whoever can be asked refuses the former value"]


@pytest.mark.parametrize("moment", range(21))
def test_a_control_that_is_killed_at_any_moment_is_followed_by_one_that_goes_on(
    world: World, moment: int
) -> None:
    old = world.stages.current

    async def story() -> None:
        killed = Killed(moment)
        await world.play(rotated, killed)
        assert killed.happened.is_set() == (moment < 20)
        await world.serving.take_in()  # as every start does
        await world.play(gone_on)

    asyncio.run(story())
    kept = world.stages
    assert kept.step is Step.IDLE
    assert (kept.current, kept.stale) == ((old, b"") if moment == 0 else (b"new", old))
    for (sent, accepted), (sent_next, accepted_next) in zip(
        world.serving.taken, world.serving.taken[1:], strict=False
    ):
        assert sent in accepted
        assert sent_next in accepted
        assert sent in accepted_next
    assert world.serving.taken[-1] == (kept.current, (kept.current,))


def test_a_value_that_is_not_accepted_is_given_up_and_taken_from_services(world: World) -> None:
    old = world.stages.current
    world.witness.doubts[Says.ACCEPTED] = "task a/2 refuses it"
    made = asyncio.run(world.play(rotated))
    assert list(made.steps("Token")) == [Step.PENDING, Step.IDLE]
    assert world.stages.problem == "task a/2 refuses it"
    assert world.serving.taken == [(old, (old, b"new")), (old, (old,))]
    assert world.told == ["secret Token is not rotated, the new value is given up: task a/2 refuses it"]


def test_a_value_that_whoever_made_it_takes_back_is_given_up(world: World) -> None:
    old = world.stages.current
    world.confirmed = "taken back"
    asyncio.run(world.play(rotated))
    assert (world.stages.current, world.stages.problem) == (old, "taken back")
    assert world.serving.taken[-1] == (old, (old,))


def test_a_former_value_that_is_not_refused_is_told_and_the_new_one_stays(world: World) -> None:
    old = world.stages.current
    world.witness.doubts[Says.REFUSED] = "task a/1 accepts it still"
    asyncio.run(world.play(rotated))
    assert (world.stages.current, world.stages.stale) == (b"new", old)
    assert world.told == [
        "secret Token is rotated, but the former value is not dead: task a/1 accepts it still"
    ]


def test_a_rotation_that_nobody_could_see_through_changes_nothing(world: World) -> None:
    before = world.stages
    world.witness.objection = "nobody could see it"

    async def story(rotations: Rotations) -> None:
        with pytest.raises(GatelineError, match=r"^nobody could see it$"):
            await rotations.begin(world.source, b"new")

    asyncio.run(world.play(story))
    assert world.stages == before
    assert world.serving.taken == []


def test_one_secret_is_rotated_once_at_a_time(world: World) -> None:
    async def story(rotations: Rotations) -> None:
        both = await asyncio.gather(
            *(rotations.begin(world.source, value) for value in (b"one", b"two")), return_exceptions=True
        )
        assert [str(each) for each in both if each] == ["secret Token is being rotated already"]
        await ended(rotations)

    asyncio.run(world.play(story))
    assert world.stages.current == b"one"


def test_services_are_given_the_new_value_alone_only_when_no_request_can_be_in_flight(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.in_flight = 1

    async def story(rotations: Rotations) -> None:
        await rotations.begin(world.source, b"new")
        await rotations.wait("Token", 2, 5)
        await rotations.wait("Token", 3, 0.2)
        assert rotations.steps("Token")[-1] is Step.CURRENT
        world.in_flight = 0
        await ended(rotations)

    asyncio.run(world.play(story))
    assert world.stages.step is Step.IDLE


def test_requests_in_flight_are_not_waited_for_longer_than_they_can_take(world: World) -> None:
    world.in_flight = 1  # for ever; the integration's timeout is a second
    asyncio.run(world.play(rotated))
    assert world.stages.current == b"new"


def test_what_cannot_be_taken_in_is_tried_again_and_told_once(world: World) -> None:
    left = 3
    take_in = world.serving.take_in

    async def fails_first() -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise GatelineError("Envoy did not take the change; ask again")
        await take_in()

    world.serving.take_in = fails_first  # type: ignore[method-assign]
    asyncio.run(world.play(rotated))
    assert world.told == [
        "the rotation of secret Token waits: Envoy did not take the change; ask again",
        "secret Token is rotated: whoever can be asked refuses the former value",
    ]


def test_a_new_value_does_not_wait_for_ever_to_be_given_to_services(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotations_module, "LONGEST_WAIT", timedelta(seconds=0.01))

    async def fails() -> None:
        raise GatelineError("Envoy is away")

    world.serving.take_in = fails  # type: ignore[method-assign]
    asyncio.run(world.play(rotated))
    assert (world.stages.step, world.stages.problem) == (Step.IDLE, "Envoy is away")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Other", "secret Other is read from environment variable OTHER, so whoever changes that rotates it"),
        ("None", "no secret is called None; there are: Other, Token"),
    ],
)
def test_what_cannot_be_rotated_here_is_told(world: World, name: str, why: str) -> None:
    async def story(rotations: Rotations) -> None:
        with pytest.raises(GatelineError, match=why):
            rotations.source(name)

    asyncio.run(world.play(story))


def test_a_rotation_that_is_due_begins_by_itself(tmp_path: Path, state: StateDir) -> None:
    served = candidate(tmp_path, state, BALANCED, secret={**GENERATED, "rotate_every_seconds": 60})
    world = World(served, state)
    before = world.stages

    async def story(rotations: Rotations) -> None:
        assert rotations.due() == before.begun + timedelta(seconds=60)
        await rotations.work()
        assert not rotations.is_running("Token")
        world.kept.write(world.source, replace(before, begun=before.begun - timedelta(seconds=60)))

    async def later(rotations: Rotations) -> None:
        due = rotations.due()
        assert due is not None
        assert due <= datetime.now(UTC)
        await gone_on(rotations)

    async def both() -> None:
        await world.play(story)
        await world.play(later)

    asyncio.run(both())
    assert world.stages.stale == before.current
    assert world.stages.current not in (before.current, b"")


def test_a_rotation_that_is_due_and_cannot_begin_is_told_and_tried_later(
    tmp_path: Path, state: StateDir
) -> None:
    served = candidate(tmp_path, state, DIRECT, secret={**GENERATED, "rotate_every_seconds": 86400})
    world = World(served, state)
    world.kept.write(world.source, replace(world.stages, begun=datetime(2026, 1, 1, tzinfo=UTC)))
    world.witness.objection = "nobody could see it"

    async def story(rotations: Rotations) -> None:
        await rotations.work()
        assert world.told == ["secret Token is not rotated: nobody could see it"]
        due = rotations.due()
        assert due is not None
        assert due > datetime.now(UTC) + timedelta(minutes=50)
        told = row(world.source, rotations)
        assert (told["problem"], told["step"]) == ("nobody could see it", "idle")

    asyncio.run(world.play(story))


def test_what_is_told_of_secrets_names_stages_and_no_value(world: World) -> None:
    old = world.stages.current

    async def story(rotations: Rotations) -> None:
        await rotations.begin(world.source, b"brand-new")
        told = [row(source, rotations) for source in rotations.declared()]
        assert {each["name"]: each["stages"] for each in told} == {
            "Token": ["AWSCURRENT", "AWSPENDING"],
            "Other": ["AWSCURRENT"],
        }
        shown = str(told)
        assert not any(value in shown for value in (old.decode(), "brand-new", "other value"))
        await ended(rotations)

    asyncio.run(world.play(story))
