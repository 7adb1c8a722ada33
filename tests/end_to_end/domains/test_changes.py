"""Domains with certificates come and go while clients ask others over TLS: none of their requests fails."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from pathlib import Path
from typing import Self

import pytest
import yaml

from end_to_end.domains.conftest import HOSTS, PROJECT, put
from golden.self_signed import self_signed
from harness.guarded_gateway import guarded_gateway
from harness.raw_client import exchange
from harness.tls_client import TlsConnection, tls_exchange

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("domains")]

CHANGES = 10
HANDSHAKES = 5000  # more than fit into the time that a change of files takes
OWN = "own.example.org"
NEW = "new.example.org"


def ask(host: str) -> bytes:
    return f"GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


class Client:
    """A thread that asks one domain over connections that it keeps as long as it may."""

    def __init__(self, port: int) -> None:
        self.answers: Counter[int | str] = Counter()
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            with TlsConnection(self._port, OWN) as connection:
                self._ask_over(connection)

    def _ask_over(self, connection: TlsConnection) -> None:
        while not self._stop.is_set():
            connection.send(ask(OWN))
            answer = connection.receive()
            self.answers[answer.status if answer else "hung up"] += 1
            if answer is None or b"close" in answer.all(b"connection"):
                return


def test_domains_come_and_go_under_load(tmp_path: Path) -> None:
    project, certificates = tmp_path / "project", tmp_path / "certificates"
    shutil.copytree(PROJECT, project)
    certificates.mkdir()
    for name, host in HOSTS.items():
        put(certificates, name, self_signed(host))
    overlay = project / "secure.yaml"
    without = yaml.safe_load(overlay.read_text())
    new = {"self_signed": True, "mappings": {"": "users/prod"}}
    with_new = {**without, "domains": {**without["domains"], NEW: new}}
    environ = {"CERTIFICATES": str(certificates)}
    options = ("--watch", "--overlay", str(overlay))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with guarded_gateway(project, scratch, *options, environ=environ) as guarded:

        def is_there() -> bool:
            with TlsConnection(guarded.port, NEW) as connection:
                if NEW not in connection.names:
                    return False
            return tls_exchange(guarded.port, NEW, ask(NEW)).status == 200

        with Client(guarded.port) as client:
            for change in range(CHANGES):
                wanted = change % 2 == 0
                whole = project / "next"
                whole.write_text(yaml.safe_dump(with_new if wanted else without))
                whole.replace(overlay)
                assert any(is_there() is wanted for _ in range(HANDSHAKES))
        assert set(client.answers) == {200}, client.answers
        assert client.answers[200] > CHANGES


def test_without_gateway_tls_a_domains_certificate_makes_all_clients_speak_tls(tmp_path: Path) -> None:
    overlay = tmp_path / "alone.yaml"
    domain = {"self_signed": True, "mappings": {"": "users/prod"}}
    overlay.write_text(yaml.safe_dump({"domains": {OWN: domain}}))
    with guarded_gateway(PROJECT, tmp_path, "--overlay", str(overlay)) as guarded:
        for server_name in (OWN, "unknown.example", None):
            with TlsConnection(guarded.port, server_name) as connection:
                assert OWN in connection.names
        assert tls_exchange(guarded.port, OWN, ask(OWN)).status == 200
        by_address = b"GET /prod/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        assert tls_exchange(guarded.port, None, by_address).status == 200
        assert exchange(guarded.port, by_address) == []
        assert f"https://127.0.0.1:{guarded.port}" in guarded.gateway.output.text
