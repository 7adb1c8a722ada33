from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateline.model.secret import Acceptance, Rotation, SecretSourceKind

from .balancers import errors_of, gateway_of, project
from .conftest import LoadProject

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gateway-a1b2c3"


def test_every_source_arrives(load_project: LoadProject, tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text("value")
    secrets: dict[str, Any] = {
        "Ours": {"generate": True},
        "Amazons": {"value_from": ARN},
        "Filed": {"file": "token.txt"},
        "Told": {"env": "A"},
    }
    gateway = gateway_of(load_project, project(secrets=secrets))
    assert {source.name: (source.kind, source.place) for source in gateway.secrets} == {
        "Ours": (SecretSourceKind.GENERATE, ""),
        "Amazons": (SecretSourceKind.AWS, ARN),
        "Filed": (SecretSourceKind.FILE, str(tmp_path / "token.txt")),
        "Told": (SecretSourceKind.ENV, "A"),
    }
    assert {source.rotation for source in gateway.secrets} == {Rotation()}


@pytest.mark.parametrize(
    ("written", "rotation"),
    [
        ({"rotate_every_seconds": 60}, Rotation(every=timedelta(minutes=1))),
        ({"accepted_by": "guard"}, Rotation(accepted_by=Acceptance.GUARD)),
        ({"accepted_by": "restart"}, Rotation(accepted_by=Acceptance.RESTART)),
        ({"probe": {"path": "/a"}}, Rotation(accepted_by=Acceptance.PROBE, probe_path="/a")),
    ],
)
def test_a_rotation_arrives(load_project: LoadProject, written: dict[str, Any], rotation: Rotation) -> None:
    gateway = gateway_of(load_project, project(secrets={"Ours": {"generate": True, **written}}))
    assert gateway.secrets[0].rotation == rotation


def test_amazons_is_followed_in_the_way_that_is_asked_for(load_project: LoadProject) -> None:
    secrets = {"Amazons": {"value_from": ARN, "probe": {"path": "/a"}}}
    gateway = gateway_of(load_project, project(secrets=secrets))
    assert gateway.secrets[0].rotation == Rotation(accepted_by=Acceptance.PROBE, probe_path="/a")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"env": "A"}, "is read from the environment variable A: whoever changes that rotates it"),
        ({"file": "gateline.yaml"}, "is read from a file: whoever changes that rotates it"),
    ],
)
def test_a_secret_from_outside_is_not_rotated_here(
    load_project: LoadProject, source: dict[str, Any], says: str
) -> None:
    keys: tuple[dict[str, Any], ...] = (
        {"rotate_every_seconds": 60},
        {"accepted_by": "restart"},
        {"probe": {"path": "/a"}},
    )
    for key in keys:
        [error] = errors_of(load_project, project(secrets={"Token": {**source, **key}}))
        assert "GL242" in error
        assert says in error


def test_secrets_manager_has_a_calendar_of_its_own(load_project: LoadProject) -> None:
    secrets = {"Token": {"value_from": ARN, "rotate_every_seconds": 60}}
    [error] = errors_of(load_project, project(secrets=secrets))
    assert "GL242" in error
    assert "AWS Secrets Manager says when the secret 'Token' is rotated" in error
