"""`gateline links`: what it takes, and the file that it writes."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateline.cli import links
from gateline.cli.app import app

TOKEN = {"gateway": "gw:8443", "secret": "s3cret", "expires": "2026-11-23T13:00:00+00:00"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """What a gateway was asked, that answers everything."""
    found: list[dict[str, Any]] = []
    node = {
        "tunnel": "plant", "node": "n1", "connections": 8, "since": None, "expires": "2026-12-23",
    }  # fmt: skip

    async def ask(_project: Path, _state: Path | None, request: dict[str, Any]) -> dict[str, Any]:
        found.append(request)
        return {"ok": True, "token": TOKEN, "nodes": [node], "node": node}

    monkeypatch.setattr(links, "ask", ask)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gateline.yaml").write_text("apis: {}", encoding="utf-8")
    return found


def does(*words: str) -> Result:
    return CliRunner().invoke(app, ["links", *words])


def test_a_token_goes_into_a_new_file_of_this_user_and_nowhere_else(
    asked: list[dict[str, Any]], tmp_path: Path
) -> None:
    said = does("enroll", "n1", "--out", "token", "--expires", "60")
    assert said.exit_code == 0, said.output
    assert asked == [{"do": "links", "action": "enroll", "tunnel": "", "node": "n1", "seconds": 60}]
    path = tmp_path / "token"
    assert json.loads(path.read_text()) == TOKEN
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "s3cret" not in said.output


def test_a_file_that_is_there_is_not_written_over_and_no_token_is_made(
    asked: list[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("mine", encoding="utf-8")
    said = does("enroll", "n1", "--out", "token")
    assert said.exit_code == 1
    assert "exists already" in said.output
    assert asked == []


def test_nodes_are_listed_and_revoked(asked: list[dict[str, Any]]) -> None:
    listed = does("list")
    assert "plant   n1    8            -      2026-12-23" in listed.output
    assert json.loads(does("list", "--output", "json").output)["nodes"][0]["node"] == "n1"
    assert does("revoke", "n1", "--tunnel", "plant").output.startswith("n1 is cut off")
    assert asked[-1] == {"do": "links", "action": "revoke", "tunnel": "plant", "node": "n1"}


@pytest.mark.parametrize(
    "words",
    [("enroll", "n1"), ("enroll", "--out", "t"), ("list", "n1"), ("revoke",), ("revoke", "n1", "--out", "t")],
)
def test_what_makes_no_sense_is_refused(asked: list[dict[str, Any]], words: tuple[str, ...]) -> None:
    assert does(*words).exit_code == 2
    assert asked == []
