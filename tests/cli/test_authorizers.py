from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.commands import PATIENCE, ended, first_line, started
from cli.functions import write_project

from .conftest import Gateline

pytestmark = pytest.mark.envoy

COUNTING = """
import pathlib

def handler(event, context):
    with open("{calls}", "a") as calls:
        calls.write("x")
    return {{
        "principalId": "alice",
        "policyDocument": {{"Version": "2012-10-17", "Statement": []}},
    }}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_project(tmp_path_factory.mktemp("shop"))
    statement = '{{"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*"}}'
    text = COUNTING.replace('"Statement": []', f'"Statement": [{statement}]')
    (made / "authorizer.py").write_text(text.format(calls=made / "calls"), encoding="utf-8")
    (made / "calls").write_text("")
    (made / "calls").chmod(0o666)  # as root, functions have users of their own
    return made


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with started("up", folder, "--port", "0", "--no-watch") as process:
        yield first_line(process).split()[-1]


def calls_of_requests(folder: Path, url: str, count: int = 1) -> int:
    """How often the function was called for some requests of one caller."""
    before = len((folder / "calls").read_text())
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
    for _ in range(count):
        connection.request("GET", "/prod/orders/7", headers={"Authorization": "Bearer alice"})
        response = connection.getresponse()
        response.read()
        assert response.status == 403
    connection.close()
    return len((folder / "calls").read_text()) - before


@pytest.mark.parametrize("names", [(), ("tokens",), ("shop/prod/tokens",)])
def test_a_caller_is_asked_about_anew_after_a_flush(folder: Path, url: str, names: tuple[str, ...]) -> None:
    calls_of_requests(folder, url)
    assert calls_of_requests(folder, url, 3) == 0
    code, out, _ = ended("authorizers", "flush", *names, "--project", folder)
    assert code == 0
    assert "flushed shop/prod/tokens" in out.splitlines()
    assert calls_of_requests(folder, url, 3) == 1


def test_another_authorizers_decisions_stay(folder: Path, url: str) -> None:
    calls_of_requests(folder, url)
    code, out, _ = ended("authorizers", "flush", "requests", "--project", folder, "--output", "json")
    assert code == 0
    assert json.loads(out) == {"flushed": ["shop/prod/requests", "shop/test/requests"]}
    assert calls_of_requests(folder, url) == 0


def test_an_authorizer_that_is_not_there_is_told(folder: Path, url: str) -> None:
    assert url
    code, out, err = ended("authorizers", "flush", "tokns", "--project", folder)
    assert (code, out) == (1, "")
    assert "tokns" in err


def test_a_project_that_does_not_run_is_told(gateline: Gateline, tmp_path: Path) -> None:
    write_project(tmp_path)
    result = gateline("authorizers", "flush", "--project", tmp_path)
    assert result.exit_code == 1
    assert "gateline up" in result.stderr


def test_there_is_nothing_else_to_do_with_authorizers(gateline: Gateline) -> None:
    assert gateline("authorizers", "forget").exit_code == 2
