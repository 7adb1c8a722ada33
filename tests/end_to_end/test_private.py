"""examples/private as it stands: each of its services answers through the gateway, and nobody beside it."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
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
WAYS: Final = ("ledger", "archive", "legacy", "payments", "vault")

pytestmark = pytest.mark.envoy


def copied(folder: Path) -> Path:
    """The example, to be changed, with what stands beside it in the repository."""
    project = folder / "examples" / "private"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".gateline", "__pycache__"))
    (folder / "guard").symlink_to(ROOT / "guard")
    return project


def run(project: Path) -> subprocess.CompletedProcess[str]:
    """What `make private` says there, with the Gateline of this test."""
    search = os.pathsep.join(each for each in sys.path if each)
    overlay = project / "tested.yaml"
    overlay.write_text(yaml.safe_dump({"services": {"legacy": {"environment": {"PYTHONPATH": search}}}}))
    return subprocess.run(
        [sys.executable, str(project / "run.py"), "--port", "0", "--overlay", str(overlay)],
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_each_service_answers_through_the_gateway(tmp_path: Path) -> None:
    done = run(copied(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for service in WAYS:
        assert f'{service:8} 200 {{"service": "{service}", "path": "/{service}"}}' in done.stdout


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
    neighbour = issue_service(authority, "private", "vault", now=NOW, life=DAY)
    with certified(tmp_path, authority) as port:
        assert status(tmp_path, port, authority, gateway) == 200
        assert status(tmp_path, port, authority, neighbour) == 403
        for shown in (impostor, None):
            with pytest.raises(OSError, match=r"(?i)alert|reset|EOF|closed"):
                status(tmp_path, port, authority, shown)
        assert status(tmp_path, port, authority, gateway) == 200
