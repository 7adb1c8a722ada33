"""A rotation that Secrets Manager makes is followed; moto stands for Amazon."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateline.errors import GatelineError
from gateline.rotation.stages import Step
from gateline.runtime import following as following_module
from gateline.runtime import rotations as rotations_module
from gateline.runtime.following import Following, forget_followed
from gateline.runtime.rotations import Rotations
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.state_dir import StateDir, hold_state_dir
from harness.fake_aws import fake_aws
from runtime.controls import World, ended
from runtime.rotated import BALANCED, candidate, token

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def amazon() -> Iterator[str]:
    with fake_aws() as url:
        yield url


@pytest.fixture
def manager(amazon: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", amazon)
    for name in ("FILES_SECONDS", "WORKERS_SECONDS", "LOOK_EVERY", "AGAIN_SECONDS"):
        monkeypatch.setattr(rotations_module, name, 0.001)
    monkeypatch.setattr(following_module, "CONFIRM_EVERY", 0.001)
    client = importlib.import_module("boto3").client("secretsmanager", region_name=REGION)
    yield client
    client.close()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


class Followed(World):
    """A world whose secret Secrets Manager keeps."""

    def __init__(self, folder: Path, state: StateDir, manager: Any, name: str) -> None:
        self.manager = manager
        self.arn = manager.create_secret(Name=name, SecretString="first")["ARN"]
        self.following: Following
        super().__init__(candidate(folder, state, BALANCED, secret={"value_from": self.arn}), state)

    def put(self, value: str, stage: str) -> str:
        told = self.manager.put_secret_value(SecretId=self.arn, SecretString=value, VersionStages=[stage])
        return str(told["VersionId"])

    def follow(self, story: Callable[[Rotations, Following], Awaitable[None]]) -> None:
        """Play a story with a control that follows."""

        async def told(rotations: Rotations) -> None:
            self.following = Following(self.serving)
            self.following.have(rotations)
            await story(rotations, self.following)

        asyncio.run(self.play(told))

    async def confirm(self, *asked: Any) -> str:
        return await self.following.confirm(*asked)


@pytest.fixture
def followed(tmp_path: Path, state: StateDir, manager: Any, request: pytest.FixtureRequest) -> Followed:
    return Followed(tmp_path, state, manager, request.node.name)


def test_what_is_sent_at_first_is_kept(followed: Followed) -> None:
    async def story(rotations: Rotations, following: Following) -> None:
        due = following.due()
        assert due is not None
        assert due <= datetime.now(UTC)
        await following.look()
        later = following.due()
        assert later is not None
        assert later > datetime.now(UTC)
        assert not rotations.is_running("Token")

    followed.follow(story)
    assert (followed.stages.step, followed.stages.current) == (Step.IDLE, b"first")


def test_a_value_that_became_current_is_accepted_everywhere_before_it_is_sent(followed: Followed) -> None:
    async def story(rotations: Rotations, following: Following) -> None:
        await following.look()
        followed.put("second", "AWSCURRENT")
        await following.look()
        await ended(rotations)

    followed.follow(story)
    assert followed.serving.taken == [
        (b"first", (b"first", b"second")),
        (b"second", (b"second", b"first")),
        (b"second", (b"second",)),
    ]
    assert followed.stages.stale == b"first"


def test_a_pending_value_is_accepted_and_not_sent_before_it_is_the_current_one(followed: Followed) -> None:
    async def story(rotations: Rotations, following: Following) -> None:
        await following.look()
        version = followed.put("second", "AWSPENDING")
        await following.look()
        await rotations.wait("Token", 1, 5)
        await rotations.wait("Token", 2, 0.1)
        assert rotations.steps("Token")[-1] is Step.ACCEPTED
        assert followed.serving.taken == [(b"first", (b"first", b"second"))]
        former = followed.manager.describe_secret(SecretId=followed.arn)["VersionIdsToStages"]
        await asyncio.to_thread(
            followed.manager.update_secret_version_stage,
            SecretId=followed.arn,
            VersionStage="AWSCURRENT",
            MoveToVersionId=version,
            RemoveFromVersionId=next(each for each, stages in former.items() if "AWSCURRENT" in stages),
        )
        await ended(rotations)
        await following.look()  # AWSPENDING may stay where it is: that is no other value
        assert not rotations.is_running("Token")

    followed.follow(story)
    assert (followed.stages.current, followed.stages.problem) == (b"second", "")


def test_a_pending_value_that_is_taken_back_is_given_up(followed: Followed) -> None:
    async def story(rotations: Rotations, following: Following) -> None:
        await following.look()
        followed.put("second", "AWSPENDING")
        await following.look()
        await rotations.wait("Token", 1, 5)
        followed.put("third", "AWSPENDING")
        await ended(rotations)

    followed.follow(story)
    assert followed.stages.problem == "AWS Secrets Manager has taken it back"
    assert followed.serving.taken[-1] == (b"first", (b"first",))


def test_a_rotation_is_asked_for_at_secrets_manager(followed: Followed) -> None:
    async def story(rotations: Rotations, following: Following) -> None:
        with pytest.raises(GatelineError, match="aws secretsmanager rotate-secret --secret-id arn:aws:"):
            await following.begin(followed.source)
        followed.put("second", "AWSCURRENT")
        await following.begin(followed.source)
        await ended(rotations)

    followed.follow(story)
    assert followed.stages.current == b"second"


def test_a_value_that_no_header_can_carry_is_told_and_not_taken(followed: Followed) -> None:
    async def story(rotations: Rotations, following: Following) -> None:
        await following.look()
        followed.put("two\nlines", "AWSCURRENT")
        with pytest.raises(
            GatelineError, match="cannot be sent in a header: it holds a control byte"
        ) as told:
            await following.look()
        assert "lines" not in str(told.value)

    followed.follow(story)
    assert followed.stages.current == b"first"


def test_a_manager_that_does_not_answer_is_told(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1")

    async def story(rotations: Rotations, following: Following) -> None:
        with pytest.raises(GatelineError, match="of secret Token: EndpointConnectionError"):
            await following.look()

    followed.follow(story)


def test_a_secret_of_our_own_gets_a_value_of_our_own(tmp_path: Path, state: StateDir) -> None:
    world = World(candidate(tmp_path, state, BALANCED, secret={"generate": True}), state)

    async def story(rotations: Rotations) -> None:
        following = Following(world.serving)
        following.have(rotations)
        assert following.due() is None
        assert await following.confirm(world.source, world.stages) == ""
        before = world.stages.current
        await following.begin(world.source)
        await ended(rotations)
        assert world.stages.current not in (before, b"")

    asyncio.run(world.play(story))


def test_a_fresh_start_begins_with_what_secrets_manager_says(followed: Followed, state: StateDir) -> None:
    async def story(rotations: Rotations, following: Following) -> None:
        await following.look()

    followed.follow(story)
    served = followed.serving.served
    assert served is not None
    assert served.gateway is not None
    forget_followed(served.gateway.secrets, state)
    assert SecretStages(state).read(token(served)) is None
