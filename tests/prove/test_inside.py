from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from gateline.prove.attempt import Verdict
from gateline.prove.backend import Backend
from gateline.prove.inside import exposures, rights, uncalled, unguarded, users

METHOD: dict[str, Any] = {
    "api": "orders",
    "stage": "prod",
    "method": "GET",
    "path": "/orders",
    "guard": "",
    "integration": "http_proxy",
    "prefix": "/prod",
    "target": "/orders",
}


def test_a_method_without_an_authorizer_beside_one_with_it_is_open() -> None:
    guarded = {**METHOD, "method": "POST", "guard": "judge"}
    inventory = {"guarded": [guarded], "unguarded": [METHOD]}
    [found] = unguarded(inventory, ())
    assert (found.verdict, found.detail) == (Verdict.OPEN, "none, while POST has judge")
    [meant] = unguarded(inventory, {"orders/prod GET /orders"})
    assert meant.verdict is Verdict.SERVES
    [alone] = unguarded({"guarded": [], "unguarded": [METHOD]}, ())
    assert alone.verdict is Verdict.SERVES
    preflight = {**METHOD, "method": "OPTIONS", "integration": "mock"}
    assert list(unguarded({"guarded": [guarded], "unguarded": [preflight]}, ())) == []


def test_a_guarded_method_that_changes_something_is_told_as_not_tried() -> None:
    [found] = uncalled({"guarded": [METHOD, {**METHOD, "method": "ANY"}, {**METHOD, "method": "PUT"}]})
    assert (found.subject, found.verdict) == ("orders/prod PUT /orders", Verdict.NOT_TRIED)


def test_rights_of_sockets_files_and_the_state_directory_are_looked_at(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.touch(mode=0o600)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "admin.sock"))
        (tmp_path / "admin.sock").chmod(0o666)
        inventory = {
            "sockets": [{"name": "Envoy's admin", "path": str(tmp_path / "admin.sock")}],
            "private": [
                {"kind": "state", "path": str(tmp_path)},
                {"kind": "secret", "path": str(key)},
                {"kind": "secret", "path": str(tmp_path / "none")},
            ],
        }
        task = Backend(group="g", subject="task a/1", socket=str(tmp_path / "admin.sock"))
        tmp_path.chmod(0o700)
        found = [each.verdict for each in rights(inventory, [task])]
    assert found == [Verdict.OPEN, Verdict.CLOSED, Verdict.CLOSED, Verdict.NOT_TRIED, Verdict.CLOSED]


def test_a_task_of_the_gateways_user_is_not_isolated() -> None:
    task = {"service": "a", "id": "1", "pid": 7, "uid": 1000}
    tasks = [task, {**task, "uid": 5}, {**task, "uid": None}]
    inventory = {"uid": 1000, "tasks": tasks, "functions": ["f", "g", "h"]}
    found = [each.verdict for each in users(inventory, {"f": {1000, 5}, "g": {5}})]
    each_of_three = [Verdict.NOT_ISOLATED, Verdict.CLOSED, Verdict.NOT_TRIED]
    assert found == [*each_of_three, *each_of_three]


def test_a_secret_in_words_of_a_process_is_open_and_told_by_its_name() -> None:
    [found] = exposures({"uid": 0, "exposed": [{"secret": "S", "pid": 7, "uid": 0, "where": "words"}]})
    assert (found.verdict, found.subject, found.place) == (Verdict.OPEN, "secret S", "process 7")
    [none] = exposures({"uid": 0, "exposed": []})
    assert none.verdict is Verdict.CLOSED
    [untold] = exposures({"uid": 0, "exposed": None})
    assert untold.verdict is Verdict.NOT_TRIED
