"""The reference's tables of actions (load-balancers.md section 3), on the real Envoy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from end_to_end.balancers.rule_tables import CASE, balancers, project
from golden.self_signed import self_signed
from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import RecordingBackend
from harness.tls_client import tls_exchange

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("balancer-rules")]

HERE: Final = Path(__file__).parent
Json = dict[str, Any]


def redirect(**parts: str) -> list[Json]:
    return [{"type": "redirect", "redirect_config": {"status_code": "HTTP_301", **parts}}]


def answer(status: str, **parts: str) -> list[Json]:
    return [{"type": "fixed-response", "fixed_response_config": {"status_code": status, **parts}}]


REDIRECTS: Final[dict[str, tuple[list[Json], str, str]]] = {
    # case: the action, the target of a request to Shop.test:8443, the Location over HTTP
    "https": (redirect(protocol="HTTPS", port="443"), "/a/b?c=d", "https://Shop.test:443/a/b?c=d"),
    "root": (redirect(protocol="HTTPS", port="443"), "/", "https://Shop.test:443/"),
    "empty-query": (redirect(protocol="HTTPS"), "/a?", "https://Shop.test:80/a"),
    "host": (redirect(host="www.#{host}"), "/a?b", "http://www.Shop.test:80/a?b"),
    "host-fixed": (redirect(host="other.example"), "/a", "http://other.example:80/a"),
    "port": (redirect(port="8080"), "/a", "http://Shop.test:8080/a"),
    "path": (redirect(path="/new/#{path}"), "/a/b?c", "http://Shop.test:80/new/a/b?c"),
    "path-host-port": (redirect(path="/#{host}/#{port}/#{path}"), "/a", "http://Shop.test:80/Shop.test/80/a"),
    "query": (
        redirect(path="/x", query="from=#{path}&#{query}"),
        "/a/b?c=d",
        "http://Shop.test:80/x?from=a/b&c=d",
    ),
    "query-all": (
        redirect(path="/x", query="#{protocol}-#{host}-#{port}-#{path}-#{query}"),
        "/a?b",
        "http://Shop.test:80/x?http-Shop.test-80-a-b",
    ),
    "query-none": (redirect(path="/x", query=""), "/a?b=c", "http://Shop.test:80/x"),
    "as-it-is": (redirect(path="/x/#{path}"), "/%41%20b?%2F", "http://Shop.test:80/x/%41%20b?%2F"),
    "not-again": (redirect(path="/x/#{path}"), "/#{host}", ""),
    "everything": (
        redirect(protocol="#{protocol}", host="a.#{host}", port="#{port}", path="/#{path}", query="#{query}"),
        "/a?b",
        "http://a.Shop.test:80/a?b",
    ),
    "percent": (redirect(path="/%41/#{path}"), "/a", "http://Shop.test:80/%41/a"),
}

FIXED: Final[dict[str, tuple[list[Json], int, str, bytes]]] = {
    "plain": (answer("200", message_body="hello"), 200, "text/plain", b"hello"),
    "css": (answer("200", content_type="text/css", message_body="a{}"), 200, "text/css", b"a{}"),
    "html": (
        answer("404", content_type="text/html", message_body="<p>%REQ(:PATH)%"),
        404,
        "text/html",
        b"<p>%REQ(:PATH)%",
    ),
    "script": (
        answer("299", content_type="application/javascript", message_body="1"),
        299,
        "application/javascript",
        b"1",
    ),
    "json": (
        answer("503", content_type="application/json", message_body='{"a": "é"}'),
        503,
        "application/json",
        '{"a": "é"}'.encode(),
    ),
    "longest": (answer("500", message_body="x" * 1024), 500, "text/plain", b"x" * 1024),
    "nothing": (answer("403"), 403, "text/plain", b""),
}

OTHERS: Final[dict[str, list[Json]]] = {
    "weightless": [
        {"type": "forward", "target_groups": [{"name": "one", "weight": 0}, {"name": "empty", "weight": 0}]}
    ],
    "empty": [{"type": "forward", "target_group": "empty"}],
    "no-failover": [
        {"type": "forward", "target_groups": [{"name": "empty", "weight": 999}, {"name": "one", "weight": 0}]}
    ],
    "for-now": [{"type": "redirect", "port": "81", "status_code": "HTTP_302"}],
    "one-of-two": [
        {
            "type": "forward",
            "forward_config": {
                "target_groups": [{"name": "one", "weight": 999}, {"name": "empty", "weight": 0}]
            },
        }
    ],
}


def sent(case: str, target: str, verb: str = "GET") -> bytes:
    return f"{verb} {target} HTTP/1.1\r\nHost: Shop.test:8443\r\n{CASE}: {case}\r\n\r\n".encode()


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Of the HTTP listener, and of an HTTPS one that sends everything to another port."""
    folder = tmp_path_factory.mktemp("actions")
    scratch = folder / "scratch"
    scratch.mkdir()
    shutil.copy(HERE / "rules" / "health.yaml", folder)
    pair = self_signed("shop.test")
    (folder / "shop.pem").write_bytes(pair.certificate)
    (folder / "shop.key").write_bytes(pair.private_key)
    actions = {name: case[0] for name, case in (*REDIRECTS.items(), *FIXED.items())} | OTHERS
    made = balancers({name: {"actions": several} for name, several in actions.items()})
    made["secure"] = {
        "scheme": "internet-facing",
        "listeners": [
            {
                "protocol": "HTTPS",
                "port": 443,
                "bind": "127.0.0.1:${env:SECURE}",
                "certificates": [{"certificate": "shop.pem", "private_key": "shop.key"}],
                "default_actions": redirect(port="8443", query="#{protocol}"),
            }
        ],
    }
    with RecordingBackend() as backend:
        groups = {"one": {"targets": [f"127.0.0.1:{backend.port}"]}, "empty": {}}
        whole = project(load_balancers=made, target_groups=groups)
        (folder / "gateline.yaml").write_text(whole, encoding="utf-8")
        plain, secure = free_port(), free_port()
        environ = {"PORT_0": str(plain), "SECURE": str(secure)}
        with running_gateway(folder / "gateline.yaml", scratch, environ):
            yield plain, secure


def asked(ports: tuple[int, int], case: str, target: str = "/", verb: str = "GET") -> Answer:
    [found] = exchange(ports[0], sent(case, target, verb), to_head=verb == "HEAD")
    return found


@pytest.mark.parametrize("case", [name for name, (_, _, location) in REDIRECTS.items() if location])
@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_a_redirect_leads_where_its_parts_say(ports: tuple[int, int], case: str, verb: str) -> None:
    _, target, location = REDIRECTS[case]
    found = asked(ports, case, target, verb)
    assert (found.status, found.one(b"location").decode()) == (301, location)
    assert (found.one(b"server"), found.one(b"content-type")) == (b"awselb/2.0", b"text/html")
    page = b"<center><h1>301 Moved Permanently</h1></center>"
    assert (page in found.body) == (verb == "GET")


def test_a_redirect_may_be_for_now_only(ports: tuple[int, int]) -> None:
    found = asked(ports, "for-now", "/a?b")
    assert (found.status, found.one(b"location")) == (302, b"http://Shop.test:81/a?b")
    assert b"<center><h1>302 Found</h1></center>" in found.body


def test_what_a_client_writes_is_no_placeholder(ports: tuple[int, int]) -> None:
    assert asked(ports, "not-again", "/#{host}").status == 400  # a fragment
    found = asked(ports, "as-it-is", "/a?%23{host}&$%7Bx}")
    assert found.one(b"location") == b"http://Shop.test:80/x/a?%23{host}&$%7Bx}"


def test_who_names_no_host_is_sent_to_the_balancers_address(ports: tuple[int, int]) -> None:
    head = f"GET /a?b HTTP/1.0\r\n{CASE}: port\r\n\r\n"
    [found] = exchange(ports[0], head.encode())
    assert found.one(b"location") == b"http://127.0.0.1:8080/a?b"


def test_over_https_the_protocol_stays(ports: tuple[int, int]) -> None:
    found = tls_exchange(ports[1], "shop.test", sent("", "/a?b"))
    assert found.one(b"location") == b"https://Shop.test:8443/a?https"


@pytest.mark.parametrize("case", FIXED)
def test_a_fixed_response_is_what_it_says(ports: tuple[int, int], case: str) -> None:
    _, status, content_type, body = FIXED[case]
    found = asked(ports, case)
    assert (found.status, found.one(b"content-type").decode(), found.body) == (status, content_type, body)
    assert found.one(b"server") == b"awselb/2.0"
    assert found.one(b"content-length") == str(len(body)).encode()


@pytest.mark.parametrize(
    ("case", "status"), [("weightless", 503), ("empty", 503), ("no-failover", 503), ("one-of-two", 200)]
)
def test_a_group_without_weight_gets_nothing_and_one_without_targets_is_503(
    ports: tuple[int, int], case: str, status: int
) -> None:
    assert {asked(ports, case).status for _ in range(5)} == {status}
