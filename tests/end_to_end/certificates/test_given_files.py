"""Certificates and authorities that are files: shown, believed, and taken up when they are replaced."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509

from gateline.authority.certificates import issue_client, issue_service, make_authority
from gateline.model.secret import Certificate
from harness.gateway_process import running_gateway
from harness.raw_client import Answer, exchange

from .conftest import request

DAY: Final = timedelta(days=1)
NOW: Final = datetime.now(UTC)
AUTHORITY: Final = make_authority("elsewhere", NOW - 9 * DAY)

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("certificates")]


class Names(http.server.BaseHTTPRequestHandler):
    """Answers with the serial number of the client's certificate."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        assert isinstance(self.connection, ssl.SSLSocket)
        body = str((self.connection.getpeercert() or {})["serialNumber"]).lower().lstrip("0").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")  # so each request shows what counts now
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Quiet(http.server.ThreadingHTTPServer):
    """A server that says nothing of handshakes that fail: they are what is tested."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def verifying(folder: Path, shown: Certificate) -> Iterator[int]:
    """A server that lets in clients of the authority alone; its port."""
    (folder / "server.pem").write_bytes(shown.chain + shown.private_key.reveal())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=AUTHORITY.chain.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "server.pem")
    server = Quiet(("127.0.0.1", 0), Names)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def give(folder: Path, name: str) -> str:
    """Put a fresh client certificate in place, the key first; its serial number."""
    made = issue_client(AUTHORITY, "elsewhere", name, now=datetime.now(UTC), life=90 * DAY)
    (folder / "both~").mkdir(exist_ok=True)
    for file, content in (("mine.key", made.private_key.reveal()), ("mine.pem", made.chain)):
        (folder / "both~" / file).write_bytes(content)
        (folder / "both~" / file).replace(folder / file)
    return f"{x509.load_pem_x509_certificate(made.chain).serial_number:x}"


def write_project(folder: Path, groups: dict[str, tuple[int, str]]) -> None:
    """A project with a path for each group: its only target's port on this machine, and who that must be."""
    rules = [
        {
            "priority": index,
            "conditions": [{"field": "path-pattern", "values": [f"/{name}"]}],
            "actions": [{"type": "forward", "target_group": name}],
        }
        for index, name in enumerate(groups, 1)
    ]
    listener = {
        "protocol": "HTTP",
        "port": 80,
        "default_actions": [{"type": "fixed-response", "status_code": 404}],
        "rules": rules,
    }
    project = {
        "client_certificates": {"mine": {"certificate": "mine.pem", "private_key": "mine.key"}},
        "load_balancers": {"internal": {"dns_name": "internal.shop", "listeners": [listener]}},
        "target_groups": {
            name: {
                "protocol": "HTTPS",
                "targets": [f"127.0.0.1:{port}"],
                "health_check": {"protocol": "TCP"},
                "tls": {"ca": "ca.pem", "identity": identity},
            }
            for name, (port, identity) in groups.items()
        },
        "apis": {"api": {"definition": "api.json", "stages": {"prod": {"client_certificate": "mine"}}}},
    }
    paths = {
        f"/{name}": {
            "get": {
                "responses": {},
                "x-amazon-apigateway-integration": {
                    "type": "http_proxy",
                    "httpMethod": "GET",
                    "uri": f"http://internal.shop/{name}",
                },
            }
        }
        for name in groups
    }
    (folder / "ca.pem").write_bytes(AUTHORITY.chain)
    (folder / "gateline.yaml").write_text(json.dumps(project))
    document = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    (folder / "api.json").write_text(json.dumps(document))


def test_given_files_are_shown_and_believed_and_taken_up_when_they_are_replaced(tmp_path: Path) -> None:
    genuine = issue_service(AUTHORITY, "elsewhere", "orders", now=NOW, life=DAY)
    expired = issue_service(AUTHORITY, "elsewhere", "orders", now=NOW - 5 * DAY, life=DAY)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with ExitStack() as stack:
        port = stack.enter_context(verifying(tmp_path, genuine))
        old = stack.enter_context(verifying(tmp_path, expired))
        write_project(
            tmp_path, {"genuine": (port, "orders"), "other": (port, "payments"), "expired": (old, "orders")}
        )
        first = give(tmp_path, "first")
        gateway = stack.enter_context(running_gateway(tmp_path / "gateline.yaml", scratch, {}, "--watch"))

        def get(path: str) -> Answer:
            [answer] = exchange(gateway.port, request(f"/prod/{path}"))
            return answer

        answer = get("genuine")
        assert (answer.status, answer.body.decode()) == (200, first), answer.raw
        assert get("other").status == 502, "the certificate names somebody else"
        assert get("expired").status == 502
        second = give(tmp_path, "second")
        seen = {first}
        for _ in range(3_000):
            answer = get("genuine")
            assert answer.status == 200, answer.raw
            seen.add(answer.body.decode())
            if second in seen:
                break
        assert seen == {first, second}
