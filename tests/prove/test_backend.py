from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateline.prove.attempt import Kind
from gateline.prove.backend import Backend, Claims, Forgeries, aliases, attempts, knock, request_text
from gateline.prove.impostor import Impostor
from gateline.prove.token import Token

PROOF: dict[str, Any] = {"name": "X-Gw-Proof", "parts": [{"text": "Bearer "}, {"secret": "S"}]}
TOKEN = Token(means="expired assertion", header="x-gateline-assertion", value="a.b.c")
IMPOSTOR = Impostor(means="expired", certificate="CERTIFICATE", private_key="KEY")
CLAIMS = Claims(
    headers=[PROOF],
    paths=["/orders"],
    names=["orders.internal:8080"],
    forgeries=Forgeries(stale={"S": [b"old-value"]}, impostors=[IMPOSTOR], tokens=[TOKEN]),
    project="shop",
)
ORDERS = Backend(
    group="service orders", subject="task orders/1", hosts=("127.0.0.1",), port=9000, health_path="/health"
)


def lines_by_means() -> dict[str, list[str]]:
    return {each.means: each.wire["request"].split("\r\n") for each in attempts(ORDERS, "127.0.0.1", CLAIMS)}


def test_a_knock_says_nothing() -> None:
    tried = knock(ORDERS, "::1")
    assert (tried.place, tried.wire) == (
        "[::1]:9000",
        {"address": "::1", "port": 9000, "scope": 0, "knock": True},
    )
    assert knock(ORDERS, "fe80::1%4").wire["scope"] == 4


def test_only_safe_verbs_without_bodies_are_sent() -> None:
    for lines in lines_by_means().values():
        assert lines[0].split(" ")[0] in {"GET", "HEAD", "OPTIONS"}
        assert lines[-2:] == ["", ""]
        assert not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines)


def test_the_secret_is_missing_wrong_empty_doubled_aliased_and_stale() -> None:
    sent = lines_by_means()
    assert not any("X-Gw-Proof" in line for line in sent["no proof"])
    [wrong] = [line for line in sent["wrong secret in X-Gw-Proof"] if line.startswith("X-Gw-Proof")]
    assert wrong.startswith("X-Gw-Proof: Bearer ")
    assert len(wrong) > len("X-Gw-Proof: Bearer ") + 20
    assert "X-Gw-Proof: " in sent["empty X-Gw-Proof"]
    assert "X-Gw-Proof: Bearer" in sent["X-Gw-Proof without a secret"]
    assert sum(line.startswith("X-Gw-Proof") for line in sent["two wrong X-Gw-Proof"]) == 2
    assert "X-Gw-Proof: Bearer old-value" in sent["stale secret in X-Gw-Proof"]
    assert "x-gateline-assertion: a.b.c" in sent["expired assertion"]
    assert "X_Gw_Proof: Bearer old-value" in sent["alias X_Gw_Proof, stale secret"]
    assert any(line.startswith("X.Gw.Proof: Bearer ") for line in sent["alias X.Gw.Proof, wrong secret"])


def test_paths_of_the_definition_and_around_the_health_check_are_asked_for() -> None:
    sent = lines_by_means()
    assert sent["no proof, /orders"][0] == "GET /orders HTTP/1.1"
    assert sent["past the health check, /health/../"][0] == "GET /health/../ HTTP/1.1"
    [health] = [each for each in attempts(ORDERS, "127.0.0.1", CLAIMS) if each.means == "health check"]
    assert health.kind is Kind.HEALTH


def test_no_value_stands_where_it_is_told() -> None:
    for each in attempts(ORDERS, "127.0.0.1", CLAIMS):
        assert "old-value" not in repr(each)
        assert "old-value" not in each.means + each.subject + each.place


def test_what_does_not_speak_http_is_connected_to_and_nothing_more() -> None:
    database = Backend(group="g", subject="s", port=5432, protocol="TCP", proxy_protocol=True)
    [tried] = attempts(database, "127.0.0.1", CLAIMS)
    assert (tried.kind, tried.wire["request"], tried.wire["tls"]) == (Kind.RAW, "", None)
    assert bytes.fromhex(tried.wire["prefix"])[12:] == b"\x20\x00\x00\x00"


def test_where_tls_is_spoken_impostors_come_too() -> None:
    for protocol in ("TLS", "HTTPS"):
        found = attempts(Backend(group="g", subject="s", port=1, protocol=protocol), "::1", CLAIMS)
        shown = {each.means: each.wire["tls"]["certificate"] for each in found}
        assert (shown["no proof"], shown["certificate: expired"]) == ("", "CERTIFICATE")
    assert not any("certificate" in means for means in lines_by_means())
    assert "KEY" not in repr(IMPOSTOR)


def test_aliases_differ_in_separators_and_case_only() -> None:
    assert aliases("X-Gw-Proof") == ("x-gw-proof", "X-GW-PROOF", "X_Gw_Proof", "X.Gw.Proof")
    assert aliases("x") == ("X",)


def test_a_path_of_other_letters_is_asked_for_as_it_comes_over_the_wire() -> None:
    assert request_text("GET", "/日本/a%2fb?c\\", "a", ()).startswith(
        "GET /%E6%97%A5%E6%9C%AC/a%2fb?c\\ HTTP/1.1\r\n"
    )


def test_a_server_is_asked_by_the_names_that_the_gateway_uses() -> None:
    lines = lines_by_means()
    for path in ("/", "/orders"):
        asked = lines[f"no proof, http://orders.internal:8080{path}"]
        assert asked[:2] == [f"GET {path} HTTP/1.1", "Host: orders.internal:8080"]


def test_servers_of_tls_are_asked_by_their_name_with_and_without_a_certificate() -> None:
    for protocol in ("HTTPS", "TLS"):
        server = replace(ORDERS, protocol=protocol)
        named = [each for each in attempts(server, "127.0.0.1", CLAIMS) if "orders.internal" in each.means]
        shown = {(each.wire["tls"]["server_name"], each.wire["tls"]["certificate"]) for each in named}
        assert shown == {("orders.internal", ""), ("orders.internal", "CERTIFICATE")}
