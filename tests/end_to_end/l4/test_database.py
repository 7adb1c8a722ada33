"""A binary protocol through a network balancer: PostgreSQL, asked by its own client."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from harness.free_port import free_port
from harness.gateway_process import running_gateway

SERVERS: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
PSQL: Final = shutil.which("psql")
PROJECT: Final = Path(__file__).parent / "database"
NOBODY: Final = 65_534

pytestmark = [
    pytest.mark.envoy,
    pytest.mark.skipif(not SERVERS or PSQL is None, reason="PostgreSQL's server and psql are not installed"),
]


@contextmanager
def database(port: int) -> Iterator[None]:
    """PostgreSQL at that port; it refuses to run as root."""
    programs = SERVERS[-1].parent
    user: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    with TemporaryDirectory(dir="/tmp") as folder:  # short, as sockets need, and others may enter
        if user:
            os.chown(folder, NOBODY, NOBODY)

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", f"{folder}/data", *arguments]
            log = Path(folder) / "log"
            with log.open("ab") as output:
                done = subprocess.run(command, check=False, stdout=output, stderr=output, cwd=folder, **user)
            assert done.returncode == 0, log.read_text()

        run("initdb", "-U", "test", "-A", "trust", "-N")
        run("pg_ctl", "-w", "-o", f"-h 127.0.0.1 -p {port} -k {folder} -F", "start")
        try:
            yield
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")


def test_psql_asks_postgresql_through_the_balancer(tmp_path: Path) -> None:
    server, balancer = free_port(), free_port()
    environ = {"SERVER": f"127.0.0.1:{server}", "BALANCER": f"127.0.0.1:{balancer}"}
    with database(server), running_gateway(PROJECT, tmp_path, environ):
        rows = "SELECT count(*), sum(n), max(length(repeat('x', n))) FROM generate_series(1, 20000) AS n"
        assert PSQL is not None
        command = [PSQL, "-XAt", "-h", "127.0.0.1", "-p", str(balancer), "-U", "test", "-c", rows, "postgres"]
        answered = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert answered.stdout == "20000|200010000|20000\n", answered.stderr
