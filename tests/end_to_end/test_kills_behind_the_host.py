"""The kill matrix for what the host performs and judges: `http` integrations, inspected bodies, API keys with quotas.

test_kills.py has the rest of it. Nothing here depends on how long anything takes.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from end_to_end.test_kills import CALLERS, MOST_IN_FLIGHT, until
from harness.busy_callers import BusyCallers
from harness.gateway_process import RunningGateway, running_gateway
from harness.guarded_gateway import request_bytes
from harness.raw_client import exchange
from harness.recording_backend import RecordingBackend

pytestmark = [
    pytest.mark.envoy,
    pytest.mark.xdist_group("kills"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks through /proc"),
]

Json = dict[str, Any]
KEYS: Final = {
    "KEY_ANN": "ann-has-a-key-of-many-letters",
    "KEY_BOB": "bob-has-a-key-of-many-letters",
    "KEY_JOE": "joe-has-a-key-of-many-letters",
}
QUOTA: Final = 400
GOOD: Final = b'{"name": "Rex"}'
JSON: Final = b"Content-Type: application/json"


def method(integration: Json, **more: Any) -> Json:
    """A POST with this integration."""
    return {
        "post": {
            "responses": {"200": {"description": "ok"}},
            **more,
            "x-amazon-apigateway-integration": integration,
        }
    }


def write_project(folder: Path, backend: int) -> None:
    """One API, `shop`, with a method of each kind; its keys have no quota, one that lasts and one that does not."""
    to = {
        "httpMethod": "POST",
        "uri": f"http://127.0.0.1:{backend}/",
        "responses": {"default": {"statusCode": "200"}},
    }
    mock = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200"}},
    }
    judged = {
        "parameters": [
            {"in": "body", "name": "Pet", "required": True, "schema": {"$ref": "#/definitions/Pet"}}
        ],
        "x-amazon-apigateway-request-validator": "body",
    }
    rendered = {"requestTemplates": {"application/json": '{"body": $input.json("$")}'}}
    document = {
        "swagger": "2.0",
        "info": {"title": "shop", "version": "1"},
        "definitions": {"Pet": {"type": "object", "required": ["name"]}},
        "securityDefinitions": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        "x-amazon-apigateway-request-validators": {
            "body": {"validateRequestBody": True, "validateRequestParameters": False}
        },
        "paths": {
            "/rendered": method({"type": "http", **to, **rendered}),
            "/inspected": method({"type": "http_proxy", **to}, **judged),
            "/keyed": method(mock, security=[{"key": []}]),
        },
    }
    (folder / "shop.json").write_text(json.dumps(document))

    def plan(name: str, **more: Any) -> Json:
        keys = [{"name": name.lower(), "value": {"env": f"KEY_{name}"}}]
        return {"stages": ["shop/prod"], "keys": keys, **more}

    project = {
        "name": "shop",
        "gateway": {"workers": 2, "default_api": "shop"},
        "apis": {"shop": {"definition": "shop.json", "stages": {"prod": {}}}},
        "usage_plans": {
            "open": plan("ANN"),
            "large": plan("BOB", quota={"limit": 10_000_000, "period": "MONTH"}),
            "small": plan("JOE", quota={"limit": QUOTA, "period": "MONTH"}),
        },
    }
    (folder / "gateline.yaml").write_text(json.dumps(project))


def posted(path: bytes, *lines: bytes) -> bytes:
    """A request with a good body."""
    return request_bytes(b"POST", b"/prod" + path, [JSON, *lines], body=GOOD)


def keyed(name: str) -> bytes:
    """A request with that caller's key."""
    return posted(b"/keyed", b"x-api-key: " + KEYS[f"KEY_{name}"].encode())


RENDERED: Final = posted(b"/rendered")
INSPECTED: Final = posted(b"/inspected")
KNOWN: Final = keyed("ANN")
LEASED: Final = keyed("BOB")
ALL: Final = (RENDERED, INSPECTED, KNOWN, LEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The gateway."""

    gateway: RunningGateway
    ready: Path

    @property
    def pids(self) -> dict[str, int]:
        """The processes of now."""
        found: dict[str, int] = json.loads(self.ready.read_text())["pids"]
        return found

    def status(self, request: bytes) -> int:
        """The status of one answer; 0 when there is none."""
        try:
            answers = exchange(self.gateway.port, request)
        except ConnectionError:
            return 0
        return answers[0].status if answers else 0

    def is_whole(self) -> bool:
        """Whether all kinds of requests are answered as ever."""
        return all(self.status(request) == 200 for request in ALL)

    def lose(self, role: str, number: signal.Signals) -> dict[bytes, BusyCallers]:
        """Send a process a signal while all kinds of requests run; what they were answered, when all is whole."""
        until(self.is_whole)
        before = self.pids
        with ExitStack() as stack:
            callers = {
                each: stack.enter_context(BusyCallers(self.gateway.port, each, count=1)) for each in ALL
            }
            for each in callers.values():
                each.go_on_for(20)
            os.kill(before[role], number)
            until(lambda: self.pids.get(role, before[role]) != before[role])
            until(self.is_whole)
            for each in callers.values():
                each.go_on_for(20)
        assert {name for name in before if before[name] != self.pids[name]} == {role}
        print(f"{number.name} {role}:", *(each.answers for each in callers.values()))
        return callers


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The gateway with its backend."""
    scratch = tmp_path_factory.mktemp("shop")
    with RecordingBackend() as backend:
        write_project(scratch, backend.port)
        with running_gateway(scratch, scratch, KEYS) as gateway:
            yield Shop(gateway=gateway, ready=scratch / "ready.json")


def egress_socket(shop: Shop) -> Path:
    """Where Envoy takes what the host sends to backends."""
    return shop.gateway.admin_socket.parent / "egress.sock"


def test_a_killed_control_costs_none_of_them(shop: Shop) -> None:
    for callers in shop.lose("control", signal.SIGKILL).values():
        assert set(callers.answers) == {200}
        assert callers.refused == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_host_closes_what_it_judges_and_performs_until_it_is_back(
    shop: Shop, number: signal.Signals
) -> None:
    answered = shop.lose("host", number)
    assert set(answered[KNOWN].answers) == {200}
    for request in (INSPECTED, LEASED):
        assert set(answered[request].answers) <= {200, 500}
    assert set(answered[RENDERED].answers) <= {200, 500, 504}  # 504 is Envoy's: nobody takes its connection


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_envoy_costs_at_most_the_requests_in_flight_and_has_its_egress_again(
    shop: Shop, number: signal.Signals
) -> None:
    answered = shop.lose("envoy", number)
    for callers in answered.values():
        assert set(callers.answers) <= {200, 0}
    assert sum(callers.answers[0] for callers in answered.values()) <= MOST_IN_FLIGHT * len(ALL) // CALLERS
    assert stat.S_IMODE(egress_socket(shop).stat().st_mode) == 0o600


def test_a_quota_holds_however_often_the_host_is_killed_under_load(shop: Shop) -> None:
    with BusyCallers(shop.gateway.port, keyed("JOE"), count=CALLERS) as callers:
        for _ in range(3):
            callers.go_on_for(50)
            before = shop.pids["host"]
            os.kill(before, signal.SIGKILL)
            until(lambda before=before: shop.pids.get("host", before) != before)  # type: ignore[misc]
            until(shop.is_whole)
        until(lambda: callers.answers[429] > 0)
    assert set(callers.answers) <= {200, 500, 429}
    assert callers.answers[200] <= QUOTA


def test_nothing_is_left_and_what_was_used_up_stays_so(tmp_path: Path) -> None:
    def sockets() -> list[Path]:
        folders = [tmp_path / "state"]
        elsewhere = tmp_path / "state" / "sockets.path"
        if elsewhere.exists():
            folders.append(Path(elsewhere.read_text()))
        return [
            each for folder in folders for each in folder.rglob("*") if each.is_socket() or each.is_fifo()
        ]

    with RecordingBackend() as backend:
        write_project(tmp_path, backend.port)
        with running_gateway(tmp_path, tmp_path, KEYS) as gateway:
            running = Shop(gateway=gateway, ready=tmp_path / "ready.json")
            until(running.is_whole)
            assert sockets()
            assert set(spent(running)) == {200, 429}
            for name in ("gateline", "control"):
                os.kill(running.pids[name], signal.SIGKILL)
        with running_gateway(tmp_path, tmp_path, KEYS) as gateway:  # beside what the killed one has left
            running = Shop(gateway=gateway, ready=tmp_path / "ready.json")
            assert running.is_whole()
            assert set(spent(running)) == {429}
            assert sockets()
    assert sockets() == []


def spent(shop: Shop) -> list[int]:
    """The statuses of requests until a small quota is used up."""
    statuses = [shop.status(keyed("JOE"))]
    while statuses[-1] == 200:
        statuses.append(shop.status(keyed("JOE")))
    return statuses
