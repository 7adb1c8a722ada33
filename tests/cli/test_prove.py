from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from gateline.cli import prove
from gateline.errors import NotRunning
from gateline.prove.attempt import Finding, Verdict

from .conftest import Gateline

INVENTORY = {
    "project": "shop",
    "url": "http://127.0.0.1:8080",
    "hosts": ["shop.localhost", "localhost"],
}


def found(verdict: Verdict, detail: str) -> Finding:
    return Finding(
        group="service orders",
        subject="task orders/1",
        place="127.0.0.1:9000",
        point="this host",
        means="no proof",
        verdict=verdict,
        detail=detail,
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "gateline.yaml").write_text("name: shop\napis: {}\n")
    (tmp_path / ".gateline").mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What is found; none: the project does not run."""
    listed: list[Finding] = []

    async def examined(
        project: Path, state: Path | None, public: Collection[str]
    ) -> tuple[dict[str, Any], list[Finding]]:
        if not listed:
            raise NotRunning(f"no gateway runs {project.name}, {state}, {len(public)}")
        return INVENTORY, listed

    monkeypatch.setattr(prove, "examined", examined)
    return listed


@pytest.mark.usefixtures("project")
def test_a_table_says_the_worst_of_each_part_and_what_is_open(
    gateline: Gateline, findings: list[Finding]
) -> None:
    findings += [found(Verdict.OPEN, "200"), found(Verdict.REFUSED, "401")]
    result = gateline("prove")
    assert result.exit_code == 1
    assert result.stdout == (
        "WHAT            FROM       VERDICT  TRIED              SEEN\n"
        "service orders  this host  open     1 open, 1 refused  200\n"
        "\n"
        "OPEN           PLACE           FROM       BY        SEEN\n"
        "task orders/1  127.0.0.1:9000  this host  no proof  200\n"
        "\n"
        "shop at http://127.0.0.1:8080, by the names: shop.localhost, localhost\n"
        "OPEN: 1 open, 1 refused\n"
    )


@pytest.mark.usefixtures("project")
def test_what_was_not_tried_is_never_told_as_proven(gateline: Gateline, findings: list[Finding]) -> None:
    findings += [found(Verdict.CLOSED, "connection refused"), found(Verdict.NOT_TRIED, "only root can")]
    result = gateline("prove")
    assert result.exit_code == 0
    assert "nothing is open, as far as it was tried: 1 not tried, 1 closed\n" in result.stdout
    assert gateline("prove", "--strict").exit_code == 1


@pytest.mark.usefixtures("project")
def test_a_service_that_is_not_there_is_not_proven(gateline: Gateline, findings: list[Finding]) -> None:
    findings += [found(Verdict.CLOSED, "connection refused"), found(Verdict.ABSENT, "no task of it runs")]
    result = gateline("prove")
    assert result.exit_code == 2
    assert "NOT PROVEN, somebody is not there: 1 absent, 1 closed\n" in result.stdout


@pytest.mark.usefixtures("findings", "project")
def test_a_project_that_does_not_run_ends_with_two(gateline: Gateline) -> None:
    result = gateline("prove")
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_report_is_written_signed_and_verified(
    gateline: Gateline, findings: list[Finding], project: Path
) -> None:
    findings.append(found(Verdict.CLOSED, "connection refused"))
    assert gateline("prove", "--report", "report.json").exit_code == 0
    good = gateline("prove", "verify", "report.json", "--output", "json")
    assert json.loads(good.stdout)["holds"] is True
    (project / "key.pem").write_text(gateline("prove", "key").stdout)
    assert "the signature is good" in gateline("prove", "verify", "report.json", "--key", "key.pem").stdout
    told = json.loads((project / "report.json").read_text())
    told["report"]["project"] = "another"
    (project / "report.json").write_text(json.dumps(told))
    altered = gateline("prove", "verify", "report.json")
    assert (altered.exit_code, altered.stdout) == (1, "")
    assert "altered" in altered.stderr


def test_an_open_report_verifies_and_still_fails(
    gateline: Gateline, findings: list[Finding], project: Path
) -> None:
    findings.append(found(Verdict.OPEN, "200"))
    assert gateline("prove", "--report", project / "report.json").exit_code == 1
    assert gateline("prove", "verify", project / "report.json").exit_code == 0


@pytest.mark.usefixtures("findings", "project")
def test_a_command_that_makes_no_sense_is_refused(gateline: Gateline) -> None:
    assert gateline("prove", "verify").exit_code == 2
    assert gateline("prove", "run", "report.json").exit_code == 2
    assert gateline("prove", "verify", "missing.json").exit_code == 2
