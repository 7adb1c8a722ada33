"""examples/private as it stands: each of its services answers through the gateway, and nobody beside it.

A hole that is planted in one of them turns it red.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
import yaml

from gateline.authority.certificates import gateway_identity, issue_client, issue_service, make_authority
from gateline.model.secret import Certificate
from harness.free_port import free_port

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples" / "private"
SECONDS: Final = 120
NOW: Final = datetime.now(UTC)
DAY: Final = timedelta(days=1)
WAYS: Final = ("ledger", "reports", "archive", "legacy", "payments", "vault")
FAR: Final = "warehouse"

pytestmark = pytest.mark.envoy


def copied(folder: Path) -> Path:
    """The example, to be changed, with what stands beside it in the repository."""
    project = folder / "examples" / "private"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".gateline", "__pycache__"))
    (folder / "guard").symlink_to(ROOT / "guard")
    return project


def run(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What `make private` says there, with the Gateline of this test."""
    search = os.pathsep.join(each for each in sys.path if each)
    overlay = project / "tested.yaml"
    tested = {
        "services": {"legacy": {"environment": {"PYTHONPATH": search}}},
        "gateway": {"links": {"port": free_port()}},
    }
    overlay.write_text(yaml.safe_dump(tested))
    return subprocess.run(
        [sys.executable, str(project / "run.py"), "--port", "0", "--overlay", str(overlay), *options],
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_each_service_answers_through_the_gateway_and_nothing_is_open(tmp_path: Path) -> None:
    done = run(copied(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing is open" in done.stdout
    for secret in ("LedgerSecret", "LegacySecret"):
        assert f"{secret}: proven" in done.stdout
    assert "no value of it was replaced" not in done.stdout
    proven = done.stdout.partition("`gateline prove`")[2]
    untried = [line for line in proven.partition("nothing is open")[0].splitlines() if "not tried" in line]
    if os.geteuid() == 0:
        assert [line.split()[0] for line in untried] == ["tunnels"]  # what stands in the other network
    for service in (*WAYS, FAR):
        assert f'{service:9} 200 {{"service": "{service}", "path": "/{service}"' in done.stdout
    for service in WAYS:
        assert re.search(rf"^service {service} ", proven, re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """What is written in place of what, in which file of the example; and what `gateline prove` calls it."""

    file: str
    written: dict[str, str]
    found: str


HOLES: Final = {
    "the ledger asks for no secret": Hole(
        file="gateline.yaml",
        written={'"guarded.py", "ledger"': '"application.py", "ledger"'},
        found=r"task ledger/1 .* no proof ",
    ),
    "the reports ask for no assertion": Hole(
        file="gateline.yaml",
        written={'"guarded.py", "reports"': '"application.py", "reports"'},
        found=r"task reports/1 .* no proof ",
    ),
    "the archive listens at a port": Hole(
        file="gateline.yaml", written={"{socket}": "{port}"}, found=r"task archive/1 .* no proof "
    ),
    "the application beside the sidecar listens at a port": Hole(
        file="beside.py",
        written={'f"{folder}/application.sock"': "str(int(sys.argv[1]) + 1)", "unix:": "127.0.0.1:"},
        found=r"task legacy/1, another port .* no proof ",
    ),
    "payments and vault ask for no certificate": Hole(
        file="certified.py",
        written={
            "CERT_REQUIRED": "CERT_NONE",
            '("URI", GATEWAY) not in names': "False",
            '["subjectAltName"]': "",
        },
        found=r"task payments/1 .* no proof ",
    ),
    "payments and vault believe every client of the authority": Hole(
        file="certified.py",
        written={'("URI", GATEWAY) not in names': "False"},
        found=r"task payments/1 .* another client of the authority ",
    ),
    "the authorizer lets everybody in": Hole(
        file="functions/authorizer/authorizer.py",
        written={'else "Deny"': 'else "Allow"'},
        found=r"private/prod GET /ledger .* made-up credentials ",
    ),
    "the ledger's secret is an argument": Hole(
        file="gateline.yaml",
        written={
            '["python", "guarded.py", "ledger", "{port}"]': (
                '["sh", "-c", "exec python guarded.py ledger {port} $(cat $SECRET_FILE)"]'
            )
        },
        found=r"secret LedgerSecret ",
    ),
}


@pytest.mark.parametrize("name", HOLES)
def test_a_planted_hole_turns_it_red(tmp_path: Path, name: str) -> None:
    project, hole = copied(tmp_path), HOLES[name]
    text = (project / hole.file).read_text()
    for before, after in hole.written.items():
        assert before in text
        text = text.replace(before, after)
    (project / hole.file).write_text(text)
    done = run(project, "--no-rotation")  # a service that accepts everything takes part in none
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"^{hole.found}", done.stdout.partition("\nOPEN ")[2], re.MULTILINE), done.stdout


@contextmanager
def certified(folder: Path, authority: Certificate) -> Iterator[int]:
    """The port of examples/private/certified.py as a service of its own, with what that authority has issued."""
    own = issue_service(authority, "private", "payments", now=NOW, life=DAY)
    files = {
        "CA_FILE": authority.chain,
        "CERTIFICATE_FILE": own.chain,
        "PRIVATE_KEY_FILE": own.private_key.reveal(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    environ = {name: str(folder / name) for name in files}
    environ["GATEWAY"] = gateway_identity("private", "gateway")
    port = free_port()
    command = [sys.executable, str(EXAMPLE / "certified.py"), "payments", str(port)]
    with subprocess.Popen(command, env={**os.environ, **environ}) as process:
        try:
            while process.poll() is None:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
            yield port
        finally:
            process.terminate()


def status(folder: Path, port: int, authority: Certificate, shown: Certificate | None) -> int:
    """What is answered over TLS to who shows this certificate."""
    context = ssl.create_default_context(cadata=authority.chain.decode())
    if shown is not None:
        (folder / "shown.pem").write_bytes(shown.chain + shown.private_key.reveal())
        context.load_cert_chain(folder / "shown.pem")
    try:
        with urllib.request.urlopen(f"https://localhost:{port}/", context=context, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_only_the_gateways_name_from_the_gateways_authority_is_answered(tmp_path: Path) -> None:
    authority, another = (make_authority("private", NOW) for _ in range(2))
    gateway, impostor = (
        issue_client(issuer, "private", "gateway", now=NOW, life=DAY) for issuer in (authority, another)
    )
    neighbour = issue_client(authority, "private", "another", now=NOW, life=DAY)
    with certified(tmp_path, authority) as port:
        assert status(tmp_path, port, authority, gateway) == 200
        assert status(tmp_path, port, authority, neighbour) == 403
        for shown in (impostor, None):
            with pytest.raises(OSError, match=r"(?i)alert|reset|EOF|closed"):
                status(tmp_path, port, authority, shown)
        assert status(tmp_path, port, authority, gateway) == 200
