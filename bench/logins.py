"""A balancer alone, without an API: its rules, a session that is known, a token that is known. All of it over TLS."""

from __future__ import annotations

import contextlib
import json
import runpy
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import machine
from bench.load import Asked
from bench.measure import Case, Row, interleaved
from bench.servers import Server, bare_envoy, gateline
from gateline.authority.certificates import issue_service, make_authority

EXAMPLE = Path(__file__).parents[1] / "examples" / "login"
CLIENT_SECRET = "the secret of the client of a bench"
BUDGET = 1.25
"""A request of a session that is known, over bare Envoy's."""


def login_rows(folder: Path, upstream: Server, rounds: int) -> list[Row]:
    """Processor time a request; every case sends the same headers, the session's cookies among them."""
    certificate = _certificate(folder)
    with contextlib.ExitStack() as stack:
        issuer = stack.enter_context(_provider(folder))
        bare = stack.enter_context(bare_envoy(folder, upstream.port, certificate))
        port = machine.free_port()
        project = _project(folder / "login", upstream.port, port, certificate)
        environ = {"ISSUER": issuer, "CLIENT_SECRET": CLIENT_SECRET}
        gateway = stack.enter_context(gateline(project, "--no-watch", environ=environ))
        public = Server(port=port, pids=gateway.pids, scheme="https")
        asked = Asked(headers=(f"Cookie: {_session(public)}",))
        cases = [
            Case(name="bare Envoy, TLS", server=bare, path="/items/7", asked=asked),
            Case(name="balancer alone, no login", server=public, path="/open/7", asked=asked),
            Case(
                name="balancer alone, a session", server=public, path="/items/7", asked=asked, budget=BUDGET
            ),
        ]
        return interleaved(cases, rounds)


def _certificate(folder: Path) -> tuple[Path, Path]:
    now = datetime.now(UTC)
    made = issue_service(
        make_authority("bench", now), "bench", "public", now=now, life=timedelta(days=1), hosts=("localhost",)
    )
    chain, private_key = folder / "bench.pem", folder / "bench.key"
    chain.write_bytes(made.chain)
    private_key.write_bytes(made.private_key.reveal())
    return chain, private_key


@contextlib.contextmanager
def _provider(folder: Path) -> Iterator[str]:
    """The example's demo provider; its address."""
    log = folder / "provider.log"
    command = [sys.executable, str(EXAMPLE / "provider.py"), "0"]
    with machine.running(command, log, machine.ANY_CPU, {"CLIENT_SECRET": CLIENT_SECRET}) as process:
        machine.wait_until(lambda: b"\n" in log.read_bytes(), process, log, "the provider")
        yield log.read_text().split("\n")[0]


def _session(server: Server) -> str:
    """The cookies of somebody who has logged in."""
    browser: Any = runpy.run_path(str(EXAMPLE / "run.py"))["Browser"]()
    site = server.url  # a session is one host's
    with contextlib.redirect_stdout(None):
        browser.step("", "GET", f"{site}/items/7", 302)
        browser.step("", "POST", browser.location, 302, "user=ada")
        came_back = browser.step("", "GET", browser.location, 302)
    if not came_back:
        raise machine.NotUp("nobody could log in")
    cookies: dict[str, str] = browser.cookies[site.removeprefix("https://")]
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _project(folder: Path, backend_port: int, port: int, certificate: tuple[Path, Path]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    forward = {"type": "forward", "target_group": "backend"}
    login = {
        "type": "authenticate-oidc",
        "authenticate_oidc_config": {
            "issuer": "${env:ISSUER}",
            "authorization_endpoint": "${env:ISSUER}/authorize",
            "token_endpoint": "${env:ISSUER}/token",
            "user_info_endpoint": "${env:ISSUER}/userinfo",
            "client_id": "site",
            "client_secret": "${Client}",
        },
    }
    listener = {
        "protocol": "HTTPS",
        "port": 443,
        "bind": f"127.0.0.1:{port}",
        "certificates": [{"certificate": str(certificate[0]), "private_key": str(certificate[1])}],
        "default_actions": [login, forward],
        "rules": [
            {
                "priority": 1,
                "conditions": [{"field": "path-pattern", "values": ["/open/*"]}],
                "actions": [forward],
            }
        ],
    }
    balancer = {"scheme": "internet-facing", "listeners": [listener]}
    project = {
        "name": "bench",
        "gateway": {"workers": 1},
        "secrets": {"Client": {"env": "CLIENT_SECRET"}},
        "load_balancers": {"public": balancer},
        "target_groups": {"backend": {"targets": [f"127.0.0.1:{backend_port}"]}},
    }
    (folder / "gateline.yaml").write_text(json.dumps(project))
    return folder
