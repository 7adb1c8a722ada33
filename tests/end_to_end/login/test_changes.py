"""The project changes while people are logged in: nobody is sent away, and no session opens an edited rule."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import pytest

from end_to_end.login.conftest import SECRET, Browser
from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.oidc_provider import a_provider, needs_provider
from harness.recording_backend import RecordingBackend
from harness.tls_client import TlsConnection

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("changing-login"), needs_provider]

PROJECT: Final = """
name: changing
secrets:
  LOGIN: {env: LOGIN_SECRET}
load_balancers:
  public:
    scheme: internet-facing
    listeners:
      - protocol: HTTPS
        port: 443
        bind: "127.0.0.1:${env:HTTPS_PORT}"
        certificates: [{self_signed: true}]
        default_actions:
          - type: authenticate-oidc
            authenticate_oidc_config:
              issuer: "${env:ISSUER}"
              authorization_endpoint: "${env:ISSUER}/auth"
              token_endpoint: "${env:ISSUER}/token"
              user_info_endpoint: "${env:ISSUER}/me"
              client_id: gateline
              client_secret: "${LOGIN}"
              scope: openid
          - {type: forward, target_group: site}
target_groups:
  site: {targets: ["${env:SITE}"]}
"""
OPEN_RULE: Final = """        rules:
          - priority: 5
            conditions: [{field: path-pattern, values: [/new]}]
            actions: [{type: fixed-response, fixed_response_config: {status_code: "203"}}]
"""
_SECONDS: Final = 30.0


def edit(path: Path, text: str) -> None:
    """Replace the file at once, as editors do."""
    made = path.with_suffix(".edited")
    made.write_text(text)
    made.replace(path)


class Visitor:
    """Somebody who is logged in and asks for pages all the time, each time in a way that the host must judge."""

    def __init__(self, port: int, cookies: str) -> None:
        self._port = port
        self._cookies = cookies
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.statuses: list[int] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def go_on(self) -> None:
        """Let some more requests be made."""
        wanted = len(self.statuses) + 30
        until(lambda: len(self.statuses) >= wanted)

    def ask(self, connection: TlsConnection, number: int) -> int:
        """The status of one request. The port in Host is no part of what a session is for, but is remembered."""
        head = (
            f"GET /app HTTP/1.1\r\nHost: 127.0.0.1:{1 + number % 65_000}\r\nCookie: {self._cookies}\r\n\r\n"
        )
        connection.send(head.encode())
        answer = connection.receive()
        return answer.status if answer is not None else 0

    def _run(self) -> None:
        number = 0
        while not self._over.is_set():
            with TlsConnection(self._port, None) as connection:
                for _ in range(10):
                    number += 1
                    self.statuses.append(self.ask(connection, number))


def until(holds: Callable[[], bool]) -> None:
    """Ask again and again, until it is so."""
    given_up = threading.Event()
    timer = threading.Timer(_SECONDS, given_up.set)
    timer.start()
    try:
        while not holds():
            assert not given_up.is_set(), "it never came to be so"
    finally:
        timer.cancel()


def test_nobody_is_sent_away_by_an_edit_and_nobody_let_in(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    file, port = project / "gateline.yaml", free_port()
    file.write_text(PROJECT)
    with RecordingBackend() as site, a_provider(client_secret=SECRET) as provider:
        environ = {
            **os.environ,
            "HTTPS_PORT": str(port),
            "SITE": f"127.0.0.1:{site.port}",
            "ISSUER": provider.issuer,
            "LOGIN_SECRET": SECRET,
        }
        with running_gateway(project, tmp_path, environ, "--watch"), Browser(port) as browser:
            assert browser.log_in("/app").status_code == 200
            with Visitor(port, browser.session) as visitor:
                edit(file, PROJECT.replace("target_groups:", f"{OPEN_RULE}target_groups:"))
                until(lambda: browser.get("/new").status_code == 203)
                visitor.go_on()
                edit(file, PROJECT)
                until(lambda: browser.get("/new").status_code == 200)
                visitor.go_on()
            assert set(visitor.statuses) == {200}
            edit(file, PROJECT.replace("scope: openid", "scope: openid email"))
            until(lambda: browser.get("/app").status_code == 302)
            assert browser.log_in("/app").status_code == 200
