"""`gateline link`, as far as it goes without a gateway; tests/end_to_end/links run it whole."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from gateline.cli.app import app


def test_a_link_without_a_file_of_exports_says_so(tmp_path: Path) -> None:
    path = tmp_path / "link.yaml"
    said = CliRunner().invoke(app, ["link", "--exports", str(path), "--state", str(tmp_path / "state")])
    assert said.exit_code == 2
    assert f"{path} cannot be read" in said.output


def test_a_node_that_is_not_enrolled_says_how_it_would_be(tmp_path: Path) -> None:
    path = tmp_path / "link.yaml"
    path.write_text("exports: {orders: http://127.0.0.1:9000}", encoding="utf-8")
    said = CliRunner().invoke(app, ["link", "--exports", str(path), "--state", str(tmp_path / "state")])
    assert said.exit_code == 1
    assert "say --enroll FILE with a token of the gateway" in said.output
