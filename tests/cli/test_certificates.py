from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.commands import ended, first_line, started
from runtime.projects import MOCK, write_project

from .conftest import Gateline


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("certified")
    write_project(folder, {"/hello": MOCK})
    with (folder / "gateline.yaml").open("a") as project:
        project.write("\nclient_certificates: {mine: {generate: true}}\n")
    with started("up", folder, "--port", "0", "--no-watch") as process:
        first_line(process)
        yield folder


@pytest.mark.envoy
def test_certificates_are_shown_and_issued_anew(served: Path) -> None:
    code, out, err = ended("certificates", "list", "--project", served, "--output", "json")
    assert (code, err) == (0, "")
    [mine, authority] = json.loads(out)["certificates"]
    assert (mine["name"], authority["kind"]) == ("mine", "authority")
    assert mine["identity"].endswith("/gateway/mine")
    code, out, _ = ended("certificates", "rotate", "mine", "--project", served)
    assert code == 0
    assert mine["serial"] not in out
    assert out.splitlines()[0].split() == [
        "KIND", "NAME", "IDENTITY", "SERIAL", "EXPIRES", "RENEWED", "SOURCE",
    ]  # fmt: skip


@pytest.mark.envoy
def test_a_private_key_is_written_for_its_owner_alone_and_printed_nowhere(
    served: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "orders"
    code, out, err = ended("certificates", "issue-service", "orders", "--out", folder, "--project", served)
    assert (code, out) == (0, "")
    assert "PRIVATE" not in err
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert files == {"ca.pem": 0o600, "certificate.pem": 0o600, "private_key.pem": 0o600}
    assert "PRIVATE KEY" in (folder / "private_key.pem").read_text()


@pytest.mark.envoy
def test_everything_that_was_issued_is_revoked(served: Path) -> None:
    _, before, _ = ended("certificates", "export-ca", "--project", served)
    code, out, _ = ended("certificates", "revoke", "--project", served)
    assert (code, out[:8]) == (0, "revoked:")
    _, after, _ = ended("certificates", "export-ca", "--project", served)
    assert before.startswith("-----BEGIN CERTIFICATE-----")
    assert after.count("BEGIN CERTIFICATE") == 1
    assert after != before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rotate",), "rotate needs one name"),
        (("list", "mine"), "list takes no name"),
        (("issue-service", "a"), "issue-service needs a folder"),
        (("list", "--out", "x"), "list has no use for a folder"),
        (("revoke", "--overlap", "-1"), "greater than or equal to 0"),
    ],
)
def test_what_an_action_has_no_use_for_is_refused(
    gateline: Gateline, arguments: tuple[str, ...], said: str
) -> None:
    result = gateline("certificates", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_a_gateway_there_is_nothing_to_ask(gateline: Gateline, tmp_path: Path) -> None:
    write_project(tmp_path, {"/hello": MOCK})
    result = gateline("certificates", "list", "--project", tmp_path)
    assert result.exit_code != 0
    assert "no gateway runs this project" in result.stderr
