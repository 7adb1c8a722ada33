from __future__ import annotations

from typing import Any

from gateline.prove.attempt import Kind
from gateline.prove.entrance import STRANGER, attempts, doors, tricks

GUARDED: dict[str, Any] = {
    "api": "orders",
    "stage": "prod",
    "method": "GET",
    "path": "/orders/{id}",
    "guard": "judge",
    "integration": "http_proxy",
    "host": "127.0.0.1:8080",
    "prefix": "/prod",
    "target": "/orders/x",
}
INVENTORY: dict[str, Any] = {
    "url": "http://127.0.0.1:8080",
    "headers": [{"name": "X-Gw-Proof", "parts": [{"secret": "S"}]}],
    "guarded": [GUARDED, {**GUARDED, "method": "DELETE"}, {**GUARDED, "method": "ANY", "path": "/any"}],
}


def test_a_method_that_changes_something_is_never_called() -> None:
    for each in attempts(INVENTORY):
        assert each.wire["request"].split(" ")[0] in {"GET", "HEAD", "OPTIONS"}
        assert "DELETE" not in each.subject


def test_path_and_header_tricks_are_tried_at_each_guarded_method() -> None:
    sent = {each.means: each.wire["request"] for each in attempts(INVENTORY) if "{id}" in each.subject}
    assert sent["no credentials"].startswith("GET /prod/orders/x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert sent["/orders/x/"].startswith("GET /prod/orders/x/ ")
    assert "X-Original-URL: /" in sent["X-Original-URL of the client"]
    assert "X_Gw_Proof: " in sent["X_Gw_Proof of the client"]
    assert sent["two Hosts"].count("Host: ") == 2
    assert sent["whole URL"].startswith("GET http://127.0.0.1:8080/prod/orders/x ")
    assert f"Host: orders.execute-api.{STRANGER}" in sent[f"Host orders.execute-api.{STRANGER}"]


def test_the_spellings_of_a_path_are_those_that_are_read_in_two_ways() -> None:
    spelled = tricks("/admin/users")
    for wanted in ("/admin/users/", "//admin/users", "/admin//users", "/admin;a=b/users", "/admin%2fusers"):
        assert wanted in spelled
    for wanted in ("/%61dmin/users", "/%2561dmin/users", "/ADMIN/users", "/gateline-prove/..%2fadmin/users"):
        assert wanted in spelled
    assert "/admin/users" not in spelled
    assert all(each.startswith("/") for each in tricks("/"))


def test_doors_are_knocked_at_from_each_address() -> None:
    listener = {"name": "gateway", "kind": "edge", "address": "0.0.0.0", "port": 80, "protocol": "HTTP"}
    found = list(doors([listener], ["127.0.0.1", "::1"]))
    assert [each.place for each in found] == ["127.0.0.1:80", "[::1]:80"]
    assert all(each.kind is Kind.DOOR and each.wire["knock"] for each in found)


def test_an_encrypted_gateway_is_asked_by_the_name_of_the_host() -> None:
    [first, *_] = attempts({**INVENTORY, "url": "https://localhost:8443"})
    assert first.wire["tls"]["server_name"] == STRANGER
    assert first.wire["address"] == "127.0.0.1"
