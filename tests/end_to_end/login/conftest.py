"""One gateway whose balancer asks who is there, two real providers, and a site that records what reaches it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2
import pytest

from harness.free_port import free_port
from harness.gateway_process import RunningGateway, running_gateway
from harness.oidc_provider import USERS, OidcProvider, a_provider, sign_in
from harness.raw_client import Answer
from harness.recording_backend import Received, RecordingBackend
from harness.tls_client import TlsConnection

PROJECT: Final = Path(__file__).parent
SECRET: Final = "the-secret-of-the-members-client"
COOKIE: Final = "AWSELBAuthSessionCookie"
WIDE: Final = {"email": "wide@example.com", "name": "W" * 6000}
ACCESS_SECONDS: Final = 2
"""How long access tokens of the brief provider last."""


class Browser(httpx2.Client):
    """Keeps cookies, and follows no redirect."""

    def __init__(self, port: int) -> None:
        super().__init__(base_url=f"https://127.0.0.1:{port}", verify=False, trust_env=False, timeout=20)

    def log_in(self, path: str, user: str = "ada") -> httpx2.Response:
        """Ask for a path, log in at the provider and come back; the answer of the site in the end."""
        started = self.get(path)
        assert started.status_code == 302, started.text
        back = self.get(sign_in(started.headers["location"], user))
        assert back.status_code == 302, back.text
        return self.get(back.headers["location"])

    @property
    def session(self) -> str:
        """Its cookies as a Cookie header has them."""
        return "; ".join(f"{each.name}={each.value}" for each in self.cookies.jar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """All of it."""

    gateway: RunningGateway
    port: int
    open_port: int
    site: RecordingBackend
    access_log: Path
    provider: OidcProvider
    brief: OidcProvider
    opened: list[Browser] = field(default_factory=list)

    def browser(self) -> Browser:
        """A browser that has never been here; it is closed when the test ends."""
        self.opened.append(Browser(self.port))
        return self.opened[-1]

    def send(
        self,
        target: bytes,
        *lines: bytes,
        verb: bytes = b"GET",
        body: bytes | None = None,
        port: int = 0,
    ) -> Answer:
        """The answer to bytes as they are written here."""
        head = [verb + b" " + target + b" HTTP/1.1", b"Host: 127.0.0.1:%d" % self.port, *lines]
        if body is not None:
            head.append(b"Content-Length: %d" % len(body))
        with TlsConnection(port or self.port, None) as connection:
            connection.send(b"\r\n".join(head) + b"\r\n\r\n" + (body or b""))
            answer = connection.receive(to_head=verb == b"HEAD")
        assert answer is not None, "hung up without an answer"
        return answer

    def received(self) -> list[Received]:
        """What has reached the site since it was last asked, but for health checks and icons, which come any time."""
        found = [each for each in self.site.received() if each.target not in {b"/", b"/favicon.ico"}]
        self.site.clear()
        return found

    def visits(self) -> int:
        """How often the host was asked anything so far."""
        found = re.findall(
            r"^cluster\.host[^:]*?\.upstream_rq_total: (\d+)$", self.admin("/stats"), re.MULTILINE
        )
        assert found
        return sum(map(int, found))

    def admin(self, page: str) -> str:
        """A page of Envoy's admin interface."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(10)
            admin.connect(str(self.gateway.admin_socket))
            admin.sendall(b"GET %b HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n" % page.encode())
            return b"".join(iter(lambda: admin.recv(65536), b"")).decode(errors="replace")


@pytest.fixture(scope="session")
def shared_members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    folder = tmp_path_factory.mktemp("members")
    port, open_port = free_port(), free_port()
    with (
        RecordingBackend() as site,
        socket.socket() as closed,
        a_provider(client_secret=SECRET, users={**USERS, "wide": WIDE}) as provider,
        a_provider(client_secret=SECRET, access_token_seconds=ACCESS_SECONDS) as brief,
    ):
        closed.bind(("127.0.0.1", 0))  # bound and not listening
        environ = {
            "HTTPS_PORT": str(port),
            "OPEN_PORT": str(open_port),
            "SITE": f"127.0.0.1:{site.port}",
            "CLOSED": f"127.0.0.1:{closed.getsockname()[1]}",
            "ISSUER": provider.issuer,
            "BRIEF": brief.issuer,
            "LOGIN_SECRET": SECRET,
            "ACCESS_LOG": str(folder / "access.log"),
        }
        with running_gateway(PROJECT, folder, environ) as gateway:
            yield Members(
                gateway=gateway,
                port=port,
                open_port=open_port,
                site=site,
                access_log=folder / "access.log",
                provider=provider,
                brief=brief,
            )


@pytest.fixture
def members(shared_members: Members) -> Iterator[Members]:
    """All of it, the site having seen nothing."""
    shared_members.site.clear()
    yield shared_members
    while shared_members.opened:
        shared_members.opened.pop().close()


@pytest.fixture(scope="session")
def ada(shared_members: Members) -> Iterator[Browser]:
    """A browser in which Ada is logged in; no test may log her out."""
    with Browser(shared_members.port) as browser:
        assert browser.log_in("/app/first").status_code == 200
        shared_members.site.clear()
        yield browser
