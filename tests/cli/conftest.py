"""The command line as a person uses it, inside the test's process."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from gateline.cli.app import app

Gateline = Callable[..., Result]
"""Runs `gateline` with these arguments."""


@pytest.fixture
def gateline(monkeypatch: pytest.MonkeyPatch) -> Gateline:
    monkeypatch.delenv("GATELINE_DEBUG", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="gateline")

    return run
