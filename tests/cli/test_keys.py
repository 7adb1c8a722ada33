from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.commands import PATIENCE, ended, first_line, started
from runtime.projects import API_KEY, MOCK, write_keyed_project

from .conftest import Gateline

VALUE = "Zt2Vw6Rb9Ln3PkJx4Qm8"
KEYS = {"ACME_KEY": API_KEY}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_keyed_project(tmp_path, {"/hello": MOCK})
    return tmp_path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keyed")
    write_keyed_project(made, {"/hello": MOCK})
    text = (made / "gateline.yaml").read_text().replace("workers: 1", "workers: 2")
    (made / "gateline.yaml").write_text(text)
    return made


@pytest.fixture(scope="module")
def url(served: Path) -> Iterator[str]:
    with started("up", served, "--port", "0", "--no-watch", environ=KEYS) as process:
        yield first_line(process).split()[-1]


def statuses(url: str, key: str, connections: int = 8) -> set[int]:
    """The statuses of requests with a key over connections that reach all workers."""
    opened = [
        http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE) for _ in range(connections)
    ]
    for connection in opened:
        connection.connect()
    found = set()
    for connection in opened:
        connection.request("GET", "/prod/hello", headers={"x-api-key": key})
        response = connection.getresponse()
        response.read()
        found.add(response.status)
    for connection in opened:
        connection.close()
    return found


@pytest.mark.envoy
def test_a_made_key_opens_at_once_and_a_revoked_one_nothing(served: Path, url: str) -> None:
    code, value, err = ended("keys", "create", "bob", "--plan", "gold", "--project", served)
    assert code == 0
    assert "its value is shown this once" in err
    assert statuses(url, value.strip()) == {200}
    code, out, _ = ended("keys", "revoke", "bob", "--project", served)
    assert (code, out.startswith("revoked bob (")) == (0, True)
    assert statuses(url, value.strip()) == {403}


@pytest.mark.envoy
def test_keys_are_listed_and_their_usage_is_counted(served: Path, url: str) -> None:
    assert statuses(url, API_KEY) == {200}
    _, out, _ = ended("keys", "list", "--project", served, "--output", "json")
    [acme] = [key for key in json.loads(out)["keys"] if key["name"] == "acme"]
    assert (acme["enabled"], acme["plans"]) == (True, ["gold"])
    _, out, _ = ended("keys", "usage", "gold", "acme", "--project", served, "--output", "json")
    [row] = json.loads(out)["usage"]
    assert row["limit"] == 1000
    assert 8 <= row["used"] <= 1000
    assert (row["period"], row["id"]) == ("MONTH", acme["id"])


@pytest.mark.envoy
def test_a_file_of_keys_is_taken_in_by_what_runs(served: Path, url: str) -> None:
    file = served / "more.csv"
    file.write_text(f"name,key,usageplanids\ncid,{VALUE},gold\n")
    assert ended("keys", "import", file, "--project", served)[:2] == (0, "imported 1 key\n")
    assert statuses(url, VALUE) == {200}
    file.write_text(f"name,key\ndan,{VALUE}\n")
    code, out, err = ended("keys", "import", file, "--plan", "gold", "--project", served)
    assert (code, out) == (1, "")
    assert "more.csv:2: the key cid has this value" in err
    assert VALUE not in err


@pytest.mark.envoy
def test_no_value_is_left_anywhere(served: Path, url: str) -> None:
    code, value, _ = ended("keys", "create", "eve", "--plan", "gold", "--project", served)
    assert code == 0
    assert statuses(url, value.strip()) == {200}
    for path in (served / ".gateline").rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            assert value.strip().encode() not in text, path
            assert API_KEY.encode() not in text, path


@pytest.mark.envoy
def test_a_key_in_a_file_that_is_edited_counts_after_the_reload(tmp_path: Path) -> None:
    settings = write_keyed_project(tmp_path, {"/hello": MOCK})
    file = tmp_path / "keys.csv"
    file.write_text(f"name,key\ncid,{VALUE}\n")
    text = settings.project.read_text().replace(
        "usage_plans:\n  gold:\n", "usage_plans:\n  gold:\n    keys_file: keys.csv\n"
    )
    settings.project.write_text(text)
    with started("up", tmp_path, "--port", "0", environ=KEYS) as process:
        url = first_line(process).split()[-1]
        assert statuses(url, VALUE) == {200}
        file.write_text(f"name,key\ncid,{VALUE[::-1]}\n")
        assert process.stderr is not None
        assert "reloaded" in process.stderr.readline()
        assert statuses(url, VALUE) == {403}
        assert statuses(url, VALUE[::-1]) == {200}


def test_without_a_gateway_keys_are_kept_for_the_next_start(gateline: Gateline, folder: Path) -> None:
    made = gateline("keys", "create", "bob", "--plan", "gold", "--project", folder, "--output", "json")
    assert "it counts from the next start on" in made.stderr
    [key] = json.loads(made.stdout)["keys"]
    assert len(key["value"]) == 40
    listed = gateline("keys", "list", "--project", folder)
    lines = [line.split() for line in listed.stdout.splitlines()]
    assert lines[0] == ["ID", "NAME", "ENABLED", "PLANS", "DECLARED"]
    assert [line[1:4] for line in lines[1:]] == [["acme", "yes", "gold"], ["bob", "yes", "gold"]]
    assert lines[2][4:] == ["by", "a", "command"]
    used = gateline("keys", "usage", "--project", folder)
    assert [line.split()[:5] for line in used.stdout.splitlines()[1:]] == [
        ["gold", "acme", lines[1][0], "0", "1000"],
        ["gold", "bob", key["id"], "0", "1000"],
    ]
    assert f"revoked bob ({key['id']})" in gateline("keys", "revoke", key["id"], "--project", folder).stdout


def test_a_value_comes_from_the_environment_or_from_standard_input(
    gateline: Gateline, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOB_KEY", VALUE)
    made = gateline(
        "keys", "create", "bob", "--plan", "gold", "--value-from", "env:BOB_KEY", "--project", folder
    )
    assert (made.exit_code, made.stdout.startswith("created bob (")) == (0, True)
    assert VALUE not in made.output
    again = gateline(
        "keys", "create", "cid", "--plan", "gold", "--value-from", "env:BOB_KEY", "--project", folder
    )
    assert (again.exit_code, again.stderr) == (1, "gateline: the key bob has this value\n")


def test_standard_input_is_read_to_the_end_of_its_line(folder: Path) -> None:
    command = ("keys", "create", "bob", "--plan", "gold", "--value-from", "-", "--project", folder)
    with started(*command, stdin=subprocess.PIPE) as process:
        out, err = process.communicate(f"{VALUE}\n", timeout=PATIENCE)
    assert (process.returncode, out.startswith("created bob (")) == (0, True), err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create",), "create needs one name"),
        (("create", "a", "b"), "create needs one name"),
        (("import",), "import needs one file"),
        (("list", "a"), "list takes no name"),
        (("usage", "a", "b", "c"), "usage takes a plan and a key at most"),
        (("list", "--plan", "gold"), "only create and import take a usage plan"),
        (("revoke", "a", "--value-from", "-"), "only create takes a value"),
        (("create", "a", "--value-from", VALUE), "a value in an argument can be seen by everybody"),
        (("create", "a", "--value-from", "env:NOT_SET"), "the environment variable is not set"),
        (("import", "nothing.csv"), "nothing.csv cannot be read"),
    ],
)
def test_what_an_action_does_not_take_is_told(
    gateline: Gateline, folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = gateline("keys", *arguments, "--project", folder)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert VALUE not in result.output
