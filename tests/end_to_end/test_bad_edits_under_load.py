"""Edits that are no good, made while requests run: what was accepted last serves on, and the next good edit arrives."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from end_to_end.test_kills import until
from end_to_end.test_kills_behind_the_host import ALL, GOOD, INSPECTED, KEYS, RENDERED, write_project
from end_to_end.test_reload_under_load import eventually
from harness.busy_callers import BusyCallers
from harness.gateway_process import RunningGateway, running_gateway
from harness.guarded_gateway import request_bytes
from harness.raw_client import RawConnection, exchange
from harness.recording_backend import RecordingBackend

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("reload")]

Json = dict[str, Any]
FILED: Final = "filed-has-a-key-of-many-letters"
BY_FILE: Final = request_bytes(b"POST", b"/prod/keyed", [b"x-api-key: " + FILED.encode()], body=GOOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A gateway that watches its project."""

    gateway: RunningGateway
    folder: Path
    backend: RecordingBackend

    def edit(self, name: str, change: Callable[[Json], object]) -> None:
        """Change a file, which is put in place whole."""
        content = json.loads((self.folder / name).read_text())
        change(content)
        self.put(name, json.dumps(content))

    def put(self, name: str, text: str) -> None:
        """Put a file in place whole."""
        draft = self.folder / f"{name}~"
        draft.write_text(text)
        draft.replace(self.folder / name)

    def status(self, request: bytes) -> int:
        """The status of one request."""
        [answer] = exchange(self.gateway.port, request)
        return answer.status

    def serves(self, number: int) -> None:
        """Wait until an edit that is good has come into service."""
        path = f"/edit-{number}"
        mock = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
        mock["responses"] = {"default": {"statusCode": "200"}}
        method = {"responses": {}, "x-amazon-apigateway-integration": mock}
        self.edit("shop.json", lambda shop: shop["paths"].update({path: {"get": method}}))
        request = request_bytes(b"GET", b"/prod" + path.encode(), [])
        assert eventually(lambda: self.status(request) == 200), self.gateway.output.text


def egress_scopes(edited: Edited) -> int:
    """How many revisions of stages Envoy has an egress for."""
    with closing(socket.socket(socket.AF_UNIX)) as asking:
        asking.connect(str(edited.gateway.admin_socket))
        asking.sendall(b"GET /config_dump HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")
        with asking.makefile("rb") as answer:
            return len(set(re.findall(rb'"name": "(\S+ egress \w+)"', answer.read())))


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edited]:
    """The shop of test_kills_behind_the_host.py, with one more plan whose keys stand in a file."""
    folder, scratch = tmp_path_factory.mktemp("edited"), tmp_path_factory.mktemp("scratch")
    with RecordingBackend() as backend:
        write_project(folder, backend.port)
        (folder / "keys.csv").write_text(f"name,key,enabled,usageplanIds\nfiled,{FILED},true,filed\n")
        project = json.loads((folder / "gateline.yaml").read_text())
        project["usage_plans"]["filed"] = {"stages": ["shop/prod"], "keys_file": "keys.csv"}
        (folder / "gateline.yaml").write_text(json.dumps(project))
        with running_gateway(folder, scratch, KEYS, "--watch") as gateway:
            yield Edited(gateway=gateway, folder=folder, backend=backend)


@contextmanager
def all_are_served(edited: Edited) -> Iterator[None]:
    """Requests of every kind run meanwhile, and each is answered by 200."""
    with ExitStack() as stack:
        callers = [
            stack.enter_context(BusyCallers(edited.gateway.port, each, count=1)) for each in (*ALL, BY_FILE)
        ]
        yield
        for each in callers:
            each.go_on_for(20)
    assert [set(each.answers) for each in callers] == [{200}] * len(callers)


def method_of(shop: Json, path: str) -> Json:
    found: Json = shop["paths"][path]["post"]
    return found


def break_template(shop: Json) -> None:
    integration = method_of(shop, "/rendered")["x-amazon-apigateway-integration"]
    integration["requestTemplates"] = {"application/json": '#if($input.path("$")) {"open": '}


def break_model(shop: Json) -> None:
    shop["definitions"]["Pet"] = {"type": "object", "required": "name"}


def break_validator(shop: Json) -> None:
    method_of(shop, "/inspected")["x-amazon-apigateway-request-validator"] = "nobody's"


@pytest.mark.parametrize("change", [break_template, break_model, break_validator])
def test_a_definition_that_cannot_be_served_changes_nothing(
    edited: Edited, change: Callable[[Json], None]
) -> None:
    good = (edited.folder / "shop.json").read_text()
    number = len(edited.gateway.output.text)
    with all_are_served(edited):
        edited.edit("shop.json", change)
        until(lambda: "error" in edited.gateway.output.text[number:])
        edited.put("shop.json", good)
        edited.serves(number)


@pytest.mark.parametrize(
    "text", [None, "no table of keys\n", "name,key,enabled,usageplanIds\nfiled,short,true,filed\n"]
)
def test_a_keys_file_that_is_gone_or_bad_takes_no_key_away(edited: Edited, text: str | None) -> None:
    good = (edited.folder / "keys.csv").read_text()
    number = len(edited.gateway.output.text)
    with all_are_served(edited):
        if text is None:
            (edited.folder / "keys.csv").unlink()
        else:
            edited.put("keys.csv", text)
        until(lambda: "error" in edited.gateway.output.text[number:])
        edited.put("keys.csv", good)
        edited.serves(number)
    assert FILED not in edited.gateway.output.text


def test_a_key_that_is_taken_from_its_file_is_refused_from_then_on(edited: Edited) -> None:
    good = (edited.folder / "keys.csv").read_text()
    edited.put("keys.csv", good.replace("true", "false"))
    assert eventually(lambda: edited.status(BY_FILE) == 403)
    edited.put("keys.csv", good)
    assert eventually(lambda: edited.status(BY_FILE) == 200)


def test_a_stage_that_is_taken_away_still_answers_what_it_has_begun(edited: Edited) -> None:
    """Half of a body comes when the stage that the request is for has gone."""
    good = (edited.folder / "gateline.yaml").read_text()
    head, body = RENDERED.replace(b"/prod/", b"/brief/"), GOOD
    half = len(head) - len(body) // 2
    edited.edit("gateline.yaml", lambda of: of["apis"]["shop"]["stages"].update({"brief": {}}))
    assert eventually(lambda: edited.status(head) == 200)
    with RawConnection(edited.gateway.port) as connection, all_are_served(edited):
        connection.send(head[:half])
        assert edited.status(INSPECTED) == 200  # what was sent before has been read
        edited.put("gateline.yaml", good)
        assert eventually(lambda: edited.status(head) == 403)
        connection.send(head[half:])
        answer = connection.receive()
    assert answer is not None
    assert answer.status == 200


def test_bodies_that_come_when_their_revision_is_forgotten_still_arrive(edited: Edited) -> None:
    """Another method's template changes meanwhile."""
    number = len(edited.gateway.output.text)
    until(lambda: egress_scopes(edited) == 1)
    with RawConnection(edited.gateway.port) as rendered, RawConnection(edited.gateway.port) as inspected:
        rendered.send(RENDERED[:-1])
        inspected.send(INSPECTED[:-1])
        assert edited.status(INSPECTED) == 200  # what was sent before has been read
        edited.edit("shop.json", lambda shop: shop["paths"].update({"/other": shop["paths"]["/rendered"]}))
        edited.serves(number)
        until(lambda: egress_scopes(edited) == 1)
        for connection in (rendered, inspected):
            connection.send(GOOD[-1:])
            answer = connection.receive()
            assert answer is not None
            assert answer.status == 200, answer.raw
