from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateline.errors import GatelineError
from gateline.runtime import control_client

from .conftest import Gateline

PROOF: dict[str, Any] = {
    "name": "Proof",
    "source": "generated",
    "step": "idle",
    "stages": ["AWSCURRENT"],
    "rotated": "2026-01-02T12:00:00Z",
    "next": "",
    "problem": "",
}
FROM_OUTSIDE = {**PROOF, "name": "Token", "source": "environment variable TOKEN", "step": "", "rotated": ""}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A gateway that runs; what it was asked."""
    seen: list[dict[str, Any]] = []

    async def secrets(project: Path, state: Path | None, request: dict[str, Any]) -> dict[str, Any]:
        seen.append(request)
        match request:
            case {"action": "list"}:
                return {"secrets": [PROOF, FROM_OUTSIDE]}
            case {"secret": "unknown"}:
                raise GatelineError("no secret is called unknown; there are: Proof, Token")
            case {"action": "rotate"}:
                return {"secret": {**PROOF, "step": "pending"}}
            case {"action": "follow", "secret": "Refused", "seen": 0}:
                problem = {**PROOF, "problem": "task orders/2 refuses it"}
                return {"steps": ["pending", "idle"], "over": True, "secret": problem}
            case {"action": "follow", "seen": 0}:
                return {"steps": ["pending", "accepted"], "over": False, "secret": PROOF}
            case _:
                return {"steps": ["pending", "accepted", "idle"], "over": True, "secret": PROOF}

    monkeypatch.setattr(control_client, "secrets", secrets)
    return seen


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "gateline.yaml").write_text("name: shop\napis: {}\n")
    return tmp_path


def test_secrets_are_a_table(gateline: Gateline, asked: list[dict[str, Any]], project: Path) -> None:
    result = gateline("secrets", "list", "--project", project)
    assert result.exit_code == 0
    assert result.stdout == (
        "NAME   SOURCE                      STEP  STAGES      ROTATED               NEXT  PROBLEM\n"
        "Proof  generated                   idle  AWSCURRENT  2026-01-02T12:00:00Z  -     -\n"
        "Token  environment variable TOKEN  -     AWSCURRENT  -                     -     -\n"
    )


def test_the_list_is_json_when_asked_for(
    gateline: Gateline, asked: list[dict[str, Any]], project: Path
) -> None:
    result = gateline("secrets", "list", "--project", project, "--output", "json")
    assert json.loads(result.stdout) == {"secrets": [PROOF, FROM_OUTSIDE]}


def test_a_rotation_is_begun_and_not_waited_for(
    gateline: Gateline, asked: list[dict[str, Any]], project: Path
) -> None:
    result = gateline("secrets", "rotate", "Proof", "--project", project)
    assert (result.exit_code, result.stdout) == (0, "secret Proof is being rotated\n")
    assert asked == [{"action": "rotate", "secret": "Proof"}]


def test_who_waits_is_told_each_step_once(
    gateline: Gateline, asked: list[dict[str, Any]], project: Path
) -> None:
    result = gateline("secrets", "rotate", "Proof", "--wait", "--project", project)
    assert (result.exit_code, result.stdout) == (0, "Proof: pending\nProof: accepted\nProof: idle\n")
    assert [each.get("seen") for each in asked] == [None, 0, 2]


def test_a_rotation_that_does_not_come_to_its_end_is_told_with_the_exit_code(
    gateline: Gateline, asked: list[dict[str, Any]], project: Path
) -> None:
    for output in ("text", "json"):
        result = gateline("secrets", "rotate", "Refused", "--wait", "--project", project, "--output", output)
        assert result.exit_code == 1
        assert (
            "the rotation of secret Refused did not come to its end: task orders/2 refuses it"
            in result.stderr
        )
    assert json.loads(result.stdout)["secrets"][0]["problem"] == "task orders/2 refuses it"


def test_a_problem_of_the_gateway_is_told(
    gateline: Gateline, asked: list[dict[str, Any]], project: Path
) -> None:
    result = gateline("secrets", "rotate", "unknown", "--project", project)
    assert result.exit_code == 1
    assert "there are: Proof, Token" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("list", "Proof"), "list takes no name"),
        (("rotate",), "rotate needs the name of a secret"),
        (("list", "--wait"), "only rotate waits"),
        (("show", "Proof"), "show"),
    ],
)
def test_what_an_action_cannot_do_is_a_usage_error(
    gateline: Gateline, asked: list[dict[str, Any]], arguments: tuple[str, ...], says: str
) -> None:
    result = gateline("secrets", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert asked == []


@pytest.mark.parametrize("arguments", [("list",), ("rotate", "Proof")])
def test_a_project_that_does_not_run_is_told_how_to_start_it(
    gateline: Gateline, project: Path, arguments: tuple[str, ...]
) -> None:
    result = gateline("secrets", *arguments, "--project", project)
    assert result.exit_code == 1
    assert "start it with `gateline up`" in result.stderr
