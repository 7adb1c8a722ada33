from __future__ import annotations

import json
import re
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
                "rule": "",
                "target_groups": [],
                "api_key": False,
                "authorizer_function": None,
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


def test_an_authorizer_is_shown_with_the_function_that_it_asks_in_a_stage(
    gateline: Gateline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CASES.parents[1] / "golden" / "cases" / "lambda-authorizers")
    lines = gateline("routes").stdout.splitlines()
    assert any(re.search(r"prod +PUT +/orders/\{id\} +requests \(checker\) ", line) for line in lines)
    assert any(re.search(r"test +PUT +/orders/\{id\} +requests \(checker:next\) ", line) for line in lines)
    assert any(
        re.search(r"prod +ANY +/stock/\{proxy\+\} +tokens +aws_proxy +function stock", line) for line in lines
    )
    told = json.loads(gateline("routes", "--output", "json").stdout)["routes"]
    assert {row["authorizer_function"] for row in told} == {"tokens", "checker", "checker:next", None}


def test_a_method_that_asks_for_an_api_key_says_so(
    gateline: Gateline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CASES.parents[1] / "golden" / "cases" / "usage-plans")
    head, *lines = gateline("routes").stdout.splitlines()
    assert re.search(r" AUTHORIZATION  API KEY +INTEGRATION ", head)
    assert {line[head.index("API KEY") :].split()[0] for line in lines} == {"required", "NONE"}
    told = json.loads(gateline("routes", "--output", "json").stdout)["routes"]
    assert {row["api_key"] for row in told} == {True, False}
