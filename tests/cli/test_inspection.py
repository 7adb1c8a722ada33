from __future__ import annotations

from pathlib import Path

import pytest
import typer

from gateline.cli.inspection import inspect, resources_or_exit, stand_ins
from gateline.errors import FileUnreadable

CASES = Path(__file__).parent / "cases"


def test_a_project_is_read_and_compiled_without_the_values_of_its_secrets() -> None:
    inspection = inspect(CASES / "no-complaint", None, None)
    assert inspection.report.diagnostics == ()
    assert resources_or_exit(inspection) is inspection.resources
    assert inspection.resources is not None
    assert [row.path for row in inspection.resources.routes] == ["/orders/{id}"]


def test_a_secret_that_a_bare_document_only_names_has_a_stand_in() -> None:
    inspection = inspect(CASES / "bare-document" / "Store Front.json", None, None)
    assert inspection.loaded.gateway is not None
    assert [secret.name for secret in stand_ins(inspection.loaded.gateway).secrets] == [
        "ApiGatewayPassthroughHeader"
    ]
    assert inspection.resources is not None


def test_a_project_with_errors_ends_the_command_with_the_answer_no(
    capsys: pytest.CaptureFixture[str],
) -> None:
    inspection = inspect(CASES / "names-that-lead-nowhere", None, None)
    assert inspection.resources is None
    with pytest.raises(typer.Exit) as ended:
        resources_or_exit(inspection)
    assert ended.value.exit_code == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error[GL220]" in captured.err


def test_a_project_that_is_not_there_ends_the_command(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        inspect(tmp_path, None, None)


def test_an_overlay_is_laid_over(tmp_path: Path) -> None:
    overlay = tmp_path / "o.yaml"
    overlay.write_text("apis: {storefront: {stages: {prod: {variables: {url: other.internal}}}}}")
    inspection = inspect(CASES / "no-complaint", [overlay], None)
    assert inspection.resources is not None
    assert [row.target for row in inspection.resources.routes] == ["https://other.internal/orders/{id}"]
