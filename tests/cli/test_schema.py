from __future__ import annotations

import json

from gateline.sources.project_schema import project_schema

from .conftest import Gateline


def test_the_schema_is_printed_as_json(gateline: Gateline) -> None:
    result = gateline("schema")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == project_schema()


def test_the_schema_is_json_whatever_is_asked_for(gateline: Gateline) -> None:
    assert gateline("schema", "--output", "json").stdout == gateline("schema", "--output", "text").stdout
