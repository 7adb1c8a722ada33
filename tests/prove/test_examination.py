from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gateline.prove import examination
from gateline.prove.attempt import Finding, Verdict
from gateline.prove.backend import Forgeries
from gateline.prove.examination import examine, found_backends
from gateline.prove.machine import LOOPBACKS

GROUP = {
    "protocol": "HTTP",
    "proxy_protocol_v2": False,
    "health_protocol": "HTTP",
    "health_path": "/health",
    "health_port": 0,
}


class Guarded(BaseHTTPRequestHandler):
    """Wants the header X-Gw-Proof to say `stale`, which is the hole."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["X-Gw-Proof"] == "stale" else 401)
        self.end_headers()

    do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - http.server names them

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving() -> Iterator[int]:
    """A service; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def inventory(port: int, **more: Any) -> dict[str, Any]:
    """A project of one task, this process, whose gateway is nowhere."""
    task = {
        "service": "orders",
        "id": "1",
        "pid": os.getpid(),
        "uid": os.geteuid(),
        "address": "127.0.0.1",
        "port": port,
        "socket": "",
        "target_group": "orders",
        "healthy": True,
    }
    return {
        "project": "shop",
        "uid": os.geteuid(),
        "url": f"http://127.0.0.1:{port}",
        "hosts": [],
        "listeners": [],
        "sockets": [],
        "groups": {"orders": GROUP},
        "services": ["orders"],
        "tasks": [task],
        "targets": [],
        "functions": [],
        "headers": [{"name": "X-Gw-Proof", "parts": [{"secret": "S"}]}],
        "guarded": [],
        "unguarded": [],
        "backend_paths": ["/orders"],
        "backend_names": ["orders.internal"],
        "private": [],
        "exposed": [],
        "pids": {"tasks": {}},
        "tunnels": [],
        **more,
    }


def of_task(findings: list[Finding], **wanted: str) -> list[Finding]:
    """The findings about the task itself, with these values."""
    return [
        each
        for each in findings
        if each.subject == "task orders/1"
        and each.means != "user"
        and all(getattr(each, name) == value for name, value in wanted.items())
    ]


def test_a_stale_secret_that_is_still_accepted_is_open() -> None:
    with serving() as port:
        found = examine(inventory(port), Forgeries(stale={"S": [b"stale"]}))
    [stale] = of_task(found, means="stale secret in X-Gw-Proof")
    assert (stale.verdict, stale.detail) == (Verdict.OPEN, "200")
    [none] = of_task(found, means="no proof", place=f"127.0.0.1:{port}")
    assert none.verdict is Verdict.REFUSED


def test_without_a_stale_secret_it_is_told_that_none_was_tried() -> None:
    with serving() as port:
        found = examine(inventory(port), Forgeries())
    [untold] = [each for each in found if each.means == "stale secret"]
    assert (untold.subject, untold.verdict) == ("secret S", Verdict.NOT_TRIED)
    assert {each.verdict for each in of_task(found)} <= {Verdict.REFUSED, Verdict.CLOSED, Verdict.NOT_TRIED}


def test_where_nobody_listens_nothing_was_proven() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = examine(inventory(bound.getsockname()[1], headers=[]), Forgeries())
    assert {each.verdict for each in of_task(found)} == {Verdict.ABSENT}


def test_a_target_elsewhere_is_tried_where_it_is_and_nowhere_else() -> None:
    target = {"target_group": "orders", "host": "name.invalid", "port": 9, "healthy": None}
    found = examine(inventory(1, tasks=[], targets=[target], headers=[]), Forgeries())
    [lost] = [each for each in found if each.group == "targets of orders"]
    assert (lost.verdict, lost.detail) == (Verdict.ABSENT, "its name has no address")


def test_all_that_a_task_listens_at_is_found() -> None:
    with serving() as port, socket.create_server(("0.0.0.0", 0)) as debugger:
        found = {each.port: each for each in found_backends(inventory(port))}
        other = found[debugger.getsockname()[1]]
    assert found[port].subject == "task orders/1"
    assert (other.subject, other.hosts) == ("task orders/1, another port", ("127.0.0.1",))


def test_a_service_without_a_task_is_told_as_not_tried() -> None:
    found = examine(inventory(1, tasks=[], headers=[]), Forgeries())
    [told] = [each for each in found if each.group == "service orders"]
    assert (told.verdict, told.detail) == (Verdict.ABSENT, "no task of it runs")


def test_a_port_of_the_gateways_own_that_it_does_not_tell_of_is_found() -> None:
    door = {"name": "gateway", "kind": "edge", "address": "127.0.0.1", "port": 0, "protocol": "HTTP"}
    with serving() as port, socket.create_server(("127.0.0.1", 0)) as admin:
        told = inventory(port, tasks=[], listeners=[{**door, "port": port}], pids={"envoy": os.getpid()})
        found = {each.port: each.subject for each in found_backends(told)}
        assert found[admin.getsockname()[1]] == "process envoy, another port"
    assert port not in found


def test_a_gateway_that_does_not_answer_proves_nothing() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = examine(inventory(bound.getsockname()[1], tasks=[], headers=[]), Forgeries())
    [told] = [each for each in found if each.subject == "Host names"]
    assert told.verdict is Verdict.ABSENT


def test_a_datagram_listener_is_not_tried() -> None:
    udp = {"name": "dns", "kind": "balancer", "address": "127.0.0.1", "port": 53, "protocol": "UDP"}
    found = examine(inventory(1, tasks=[], listeners=[udp], headers=[]), Forgeries())
    [told] = [each for each in found if each.subject == "balancer dns"]
    assert told.verdict is Verdict.NOT_TRIED


def test_an_address_that_this_machine_has_no_more_is_not_the_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who answers there is somebody else: of two proofs at a time one had the other's addresses still on its list."""
    gone = "203.0.113.9"  # RFC 5737: nobody's
    monkeypatch.setattr(examination, "addresses", lambda: (*LOOPBACKS, gone))
    with serving() as port:
        found = of_task(examine(inventory(port), Forgeries()), place=f"{gone}:{port}")
    assert {(each.verdict, each.detail) for each in found} == {(Verdict.CLOSED, "unreachable")}
