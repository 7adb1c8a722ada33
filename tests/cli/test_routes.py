from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Gateline

CASES = Path(__file__).parent / "cases"


@pytest.fixture(autouse=True)
def _in_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES / "no-complaint")


def test_the_routes_are_a_table(gateline: Gateline) -> None:
    result = gateline("routes")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "API         STAGE  METHOD  PATH          AUTHORIZATION  INTEGRATION  TARGET",
        "storefront  prod   GET     /orders/{id}  NONE           http_proxy   https://internal.storefront/orders/{id}",
    ]


def test_the_routes_are_json_for_programs(gateline: Gateline) -> None:
    result = gateline("routes", "--output", "json")
    assert json.loads(result.stdout) == {
        "routes": [
            {
                "api": "storefront",
                "stage": "prod",
                "method": "GET",
                "path": "/orders/{id}",
                "authorization": "NONE",
                "integration": "http_proxy",
                "target": "https://internal.storefront/orders/{id}",
            }
        ]
    }


def test_a_project_with_errors_has_no_routes(gateline: Gateline) -> None:
    result = gateline("routes", CASES / "mistakes-of-every-kind")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "error[GL201]" in result.stderr
    assert result.stderr.endswith(" errors, 0 warnings\n")


def test_warnings_do_not_mix_with_the_answer(gateline: Gateline) -> None:
    result = gateline("routes", CASES / "bare-document" / "Store Front.json", "--output", "json")
    assert result.exit_code == 0
    assert "warning[GL219]" in result.stderr
    assert [row["api"] for row in json.loads(result.stdout)["routes"]] == ["store-front"]
