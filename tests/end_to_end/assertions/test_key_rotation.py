"""Keys change every two seconds under load, and no request fails; what signed before is shown no more in the end."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from pathlib import Path

import pytest

from end_to_end.assertions.conftest import Guarded, guarded_services

CLIENTS = 3
KEYS = 5

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("assertions")]


def kid(token: str) -> str:
    head = token.split(".", maxsplit=1)[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


class Client(threading.Thread):
    """Sends requests one after another, each of another caller or bound to itself, until enough keys have signed."""

    def __init__(self, guarded: Guarded, number: int, over: threading.Event) -> None:
        super().__init__()
        self._port = guarded.gateway.port
        self._number = number
        self._over = over
        self.keys: set[str] = set()
        self.failed: list[bytes] = []
        self.count = 0

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._over.is_set():
            self.count += 1
            stage, kind = (("live", "guarded"), ("bound", "open"))[self.count % 2]
            service = ("asgi", "wsgi")[self.count // 2 % 2]
            caller = {"Authorization": f"good {self._number}-{self.count}"}
            connection.request("GET", f"/{stage}/{kind}/{service}/a", headers=caller)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                self.failed.append(b"%d %b" % (answer.status, body))
                continue
            self.keys.add(kid(json.loads(body)["copies"][0]))
            if len(self.keys) >= KEYS:
                break
        connection.close()


def test_no_request_fails_while_keys_change(tmp_path: Path) -> None:
    with guarded_services(tmp_path, rotate=2) as guarded:
        over = threading.Event()
        clients = [Client(guarded, number, over) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(90)
        over.set()
        for client in clients:
            client.join()
        assert [failure for client in clients for failure in client.failed] == []
        assert min(len(client.keys) for client in clients) >= KEYS
        shown = json.loads(guarded.send(b"GET", "/.well-known/jwks.json").body)["keys"]
        signed = set().union(*(client.keys for client in clients))
        assert signed <= {
            each["kid"] for each in shown
        }  # none is dropped while its tokens may be on their way
