"""The reference's table of conditions (load-balancers.md sections 2 and 16), case by case, on the real Envoy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from end_to_end.balancers.rule_tables import CASE, balancers, project, where
from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.raw_client import exchange

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("balancer-rules")]

HERE: Final = Path(__file__).parent
Json = dict[str, Any]


def path(*values: str) -> Json:
    return {"field": "path-pattern", "values": list(values)}


def paths_like(*regexes: str) -> Json:
    return {"field": "path-pattern", "path_pattern_config": {"regex_values": list(regexes)}}


def host(*values: str) -> Json:
    return {"field": "host-header", "host_header_config": {"values": list(values)}}


def hosts_like(*regexes: str) -> Json:
    return {"field": "host-header", "regex_values": list(regexes)}


def header(*values: str, name: str = "X-Client") -> Json:
    return {"field": "http-header", "http_header_config": {"http_header_name": name, "values": list(values)}}


def headers_like(*regexes: str) -> Json:
    return {"field": "http-header", "http_header_name": "X-Client", "regex_values": list(regexes)}


def verb(*values: str) -> Json:
    return {"field": "http-request-method", "values": list(values)}


def query(*values: Json) -> Json:
    return {"field": "query-string", "query_string_config": {"values": list(values)}}


def address(*values: str) -> Json:
    return {"field": "source-ip", "source_ip_config": {"values": list(values)}}


Sent = tuple[str, str, tuple[str, ...], str]
"""Verb, target, lines of headers, host."""


def get(target: str = "/", *lines: str, host: str = "shop.test", verb: str = "GET") -> Sent:
    return verb, target, lines, host


ALL_OF: Final = [header("alpha", "beta"), header("*2", name="X-Other"), path("/both/*")]

TABLE: Final[dict[str, tuple[list[Json], list[Sent], list[Sent]]]] = {
    # name: conditions, requests that fit, requests that do not
    "path-exact": (
        [path("/a")],
        [get("/a"), get("/a?b=/c")],
        [get("/A"), get("/a/"), get("/a/b"), get("/b?x=/a")],
    ),
    "path-star": (
        [path("/img/*")],
        [get("/img/"), get("/img/a/b.png")],
        [get("/img"), get("/IMG/a"), get("/x/img/a")],
    ),
    "path-question": ([path("/?/x")], [get("/a/x")], [get("//x"), get("/ab/x"), get("/x")]),
    "path-middle": ([path("/a*/z")], [get("/a/z"), get("/abc/d/z")], [get("/a/z/y"), get("/z")]),
    "path-characters": ([path("/_-.$~\"'@:+&")], [get("/_-.$~\"'@:+&")], [get("/_-x$~\"'@:+&")]),
    "path-several": ([path("/a", "/b*")], [get("/a"), get("/bc")], [get("/c")]),
    "path-longest": ([path("/" + "a" * 127)], [get("/" + "a" * 127)], [get("/" + "a" * 126)]),
    "path-wildcards": ([path("/*/?/*/?/*")], [get("/a/b/c/d/e")], [get("/a/bb/c/d/e")]),
    "regex-path": (
        [paths_like("^/v[0-9]+/(users|orders)$", "^/health$")],
        [get("/v12/users"), get("/v1/orders?x"), get("/health")],
        [get("/v/users"), get("/v1/users/"), get("/V1/users"), get("/x/v1/users"), get("/healthy")],
    ),
    "regex-path-folded": ([paths_like("(?i)^/api/.*$")], [get("/API/x"), get("/api/")], [get("/api")]),
    "regex-path-any": ([paths_like("^/a.c$")], [get("/abc")], [get("/abcd"), get("/x/abc")]),
    "regex-path-query": ([paths_like("^/a[?]b$")], [], [get("/a?b")]),
    "regex-path-sets": (
        [paths_like(r"^/[^/]{2,3}/\d\w*?[[:punct:]]$")],
        [get("/ab/1x.")],
        [get("/a/1x."), get("/ab/x.")],
    ),
    "host": (
        [host("api.test")],
        [get(host="api.test"), get(host="API.Test:8080"), get(host="api.test.")],
        [get(), get(host="x.api.test")],
    ),
    "host-star": (
        [host("*.example.com")],
        [get(host="a.b.example.com")],
        [get(host="example.com"), get(host="a.example.com.test")],
    ),
    "host-question": ([host("a?.test")], [get(host="ab.test")], [get(host="a.test"), get(host="abc.test")]),
    "host-longest": (
        [host("a" * 62 + "." + "b" * 60 + ".test")],
        [get(host="A" * 62 + "." + "b" * 60 + ".test:1")],
        [get(host="a" * 61 + "." + "b" * 60 + ".test")],
    ),
    "host-wildcards": (
        [host("?.*.test")],
        [get(host="a.b.c.test")],
        [get(host="a.b.c.txt"), get(host="ab.c.test")],
    ),
    "host-port": ([host("a.*.com")], [get(host="a.b.com:80")], [get(host="a.b.test:80")]),
    "regex-host": (
        [hosts_like("^(api|www)[.]shop[.]test$")],
        [get(host="API.shop.test"), get(host="www.shop.test.:81")],
        [get(host="xapi.shop.test"), get(host="api.shop.test.x")],
    ),
    "regex-host-port": (
        [hosts_like("^shop.test.*$")],
        [get(host="shop.test:80")],
        [get(host="shop.other:80")],
    ),
    "header": (
        [header("Value")],
        [get("/", "x-client: vALUE"), get("/", "X-CLIENT:  value ")],
        [get(), get("/", "X-Client: values")],
    ),
    "header-wild": (
        [header("*Chrome/?*")],
        [get("/", "X-Client: Mozilla chrome/12")],
        [get("/", "X-Client: chrome/")],
    ),
    "header-name-longest": (
        [header("x", name="X-" + "a" * 38)],
        [get("/", "x-" + "A" * 38 + ": X")],
        [get("/", "X-" + "a" * 37 + ": x")],
    ),
    "header-longest": (
        [header("x" * 128)],
        [get("/", "X-Client: " + "X" * 128)],
        [get("/", "X-Client: " + "x" * 127)],
    ),
    "header-question": ([header("a?c")], [get("/", "X-Client: a\tc")], [get("/", "X-Client: ac")]),
    "header-any": ([header("*")], [get("/", "X-Client:"), get("/", "X-Client: x")], [get()]),
    "header-repeated": (
        [header("two")],
        [get("/", "X-Client: one", "X-Client: two")],
        [get("/", "X-Client: one", "X-Client: three")],
    ),
    "header-escape": ([header(r"a\*b")], [get("/", "X-Client: a*b")], [get("/", "X-Client: axb")]),
    "header-space": ([header("a b")], [get("/", "X-Client: A b")], [get("/", "X-Client: ab")]),
    "header-name-wild": ([header("x", name="X-*")], [], [get("/", "X-Client: x")]),
    "regex-header": (
        [headers_like("^(beta|alpha)-[0-9]+$")],
        [get("/", "X-Client: BETA-12"), get("/", "X-Client: x", "X-Client: alpha-1")],
        [get(), get("/", "X-Client: beta-"), get("/", "X-Client: xbeta-1")],
    ),
    "regex-header-any-byte": (
        [headers_like("^a.*$")],
        [get("/", "X-Client: a\xff\xfe")],
        [get("/", "X-Client: \xffa")],
    ),
    "verb": (
        [verb("GET", "PURGE-ALL")],
        [get(), get(verb="PURGE-ALL")],
        [get(verb="POST"), get(verb="PURGE")],
    ),
    "verb-any": ([header("x", name="X-Verb")], [get("/", "X-Verb: x", verb="A_B-C")], [get(verb="A_B-C")]),
    "verb-head": ([verb("HEAD")], [get(verb="HEAD")], [get()]),
    "query": (
        [query({"key": "a", "value": "b"})],
        [get("/?a=b"), get("/?x&A=B&c"), get("/?%61=%42")],
        [get("/?a=bc"), get("/?ba=b"), get("/a=b"), get("/?a=&b")],
    ),
    "query-any-key": (
        [query({"value": "b"})],
        [get("/?x=b"), get("/?=b")],
        [get("/?x=ab"), get("/?b=x"), get("/?b")],
    ),
    "query-wild": (
        [query({"key": "v*", "value": "?*"})],
        [get("/?version=1"), get("/?v=%20")],
        [get("/?version="), get("/?x=1")],
    ),
    "query-escape": (
        [query({"key": "a", "value": r"\*\?"})],
        [get("/?a=*?"), get("/?a=%2a%3F")],
        [get("/?a=xy")],
    ),
    "query-empty": ([query({"key": "a", "value": "*"})], [get("/?a"), get("/?a=")], [get("/?b")]),
    "query-space": (
        [query({"key": "a", "value": "b c"})],
        [get("/?a=b+c"), get("/?a=b%20c")],
        [get("/?a=bc")],
    ),
    "query-several": (
        [query({"key": "a", "value": "1"}, {"value": "z"})],
        [get("/?a=1"), get("/?q=z")],
        [get("/?a=2")],
    ),
    "query-both": (
        [query({"key": "a", "value": "1"}), query({"key": "b", "value": "2"})],
        [get("/?b=2&a=1")],
        [get("/?a=1")],
    ),
    "address": ([address("127.0.0.0/8")], [get(), get("/", "X-Forwarded-For: 192.0.2.1")], []),
    "address-other": (
        [address("192.0.2.0/24", "2001:db8::/32")],
        [],
        [get("/", "X-Forwarded-For: 192.0.2.1")],
    ),
    "address-all": ([address("0.0.0.0/0")], [get()], []),
    "address-six": ([address("::/0")], [], [get()]),
    "all-of": (
        ALL_OF,
        [get("/both/x", "X-Client: BETA", "X-Other: 12"), get("/both/", "X-Client: alpha", "X-Other: x, 2")],
        [
            get("/both", "X-Client: beta", "X-Other: 2"),
            get("/both/x", "X-Client: beta"),
            get("/both/x", "X-Client: gamma", "X-Other: 2"),
        ],
    ),
}

SENT: Final = [
    pytest.param(name, sent, fits, id=f"{name}-{'fits' if fits else 'not'}-{number}")
    for name, (_, fitting, others) in TABLE.items()
    for fits, several in ((True, fitting), (False, others))
    for number, sent in enumerate(several)
]


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    folder = tmp_path_factory.mktemp("conditions")
    rules = {name: {"conditions": conditions} for name, (conditions, _, _) in TABLE.items()}
    shutil.copy(HERE / "rules" / "health.yaml", folder)
    made = balancers(rules)
    (folder / "gateline.yaml").write_text(project(load_balancers=made), encoding="utf-8")
    found = [free_port() for _ in made]
    environ = {f"PORT_{number}": str(port) for number, port in enumerate(found)}
    scratch = folder / "scratch"
    scratch.mkdir()
    with running_gateway(folder / "gateline.yaml", scratch, environ):
        yield found


@pytest.mark.parametrize(("name", "sent", "fits"), SENT)
def test_a_condition_holds_as_the_table_says(ports: list[int], name: str, sent: Sent, *, fits: bool) -> None:
    method, target, lines, host_name = sent
    head = [f"{method} {target} HTTP/1.1", f"Host: {host_name}", f"{CASE}: {name}", *lines, "", ""]
    port = ports[where(list(TABLE), name)]
    [answer] = exchange(port, "\r\n".join(head).encode("latin-1"), to_head=method == "HEAD")
    assert answer.status == (200 if fits else 404)
    if method != "HEAD":
        assert answer.body == (b"fits" if fits else b"nothing")
