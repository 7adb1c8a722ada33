from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateline.cli import doctor as command
from gateline.cli.probes import Finding, Patient, State

from .conftest import Gateline

FINE = Finding("python", State.OK, "cpython 3.11.7")
SLOW = Finding("open files", State.WARN, "1024 at once", "raise the limit")
BROKEN = Finding("envoy", State.FAIL, "not usable", "install it")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Patient]:
    """What the doctor was asked about; it finds one thing of each kind."""
    patients: list[Patient] = []

    def examine(patient: Patient) -> list[Finding]:
        patients.append(patient)
        return [FINE, SLOW, BROKEN]

    monkeypatch.setattr(command, "examine", examine)
    monkeypatch.chdir(tmp_path)
    return patients


def test_each_finding_is_a_line_and_bad_ones_say_what_to_do(gateline: Gateline, asked: list[Patient]) -> None:
    result = gateline("doctor")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "ok   python        cpython 3.11.7",
        "warn open files    1024 at once",
        "                   → raise the limit",
        "fail envoy         not usable",
        "                   → install it",
    ]


def test_warnings_alone_are_no_failure(
    gateline: Gateline, asked: list[Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "examine", lambda _: [FINE, SLOW])
    assert gateline("doctor").exit_code == 0


def test_programs_get_json(gateline: Gateline, asked: list[Patient]) -> None:
    result = gateline("doctor", "--output", "json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    assert answer["checks"][2] == {
        "name": "envoy",
        "state": "fail",
        "found": "not usable",
        "advice": "install it",
    }


def test_without_a_project_the_defaults_are_looked_at(
    gateline: Gateline, asked: list[Patient], tmp_path: Path
) -> None:
    gateline("doctor")
    assert (asked[0].folder, asked[0].address, asked[0].port) == (tmp_path, "127.0.0.1", 8080)


def test_with_a_project_its_folder_and_port_are_looked_at(
    gateline: Gateline, asked: list[Patient], tmp_path: Path
) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "gateline.yaml").write_text(
        "apis: {a: {definition: a.json}}\ngateway: {address: 0.0.0.0, port: 9}"
    )
    (tmp_path / "p" / "a.json").write_text(
        '{"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}}'
    )
    gateline("doctor", "p")
    assert (asked[0].folder, asked[0].address, asked[0].port) == (tmp_path / "p", "0.0.0.0", 9)


def test_a_project_that_is_named_must_be_there(gateline: Gateline, asked: list[Patient]) -> None:
    result = gateline("doctor", "none")
    assert (result.exit_code, asked) == (2, [])
    assert result.stderr == "gateline: none does not exist\n"
