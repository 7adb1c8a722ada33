"""Transforms of rules (load-balancers.md section 2.1): what a target sees, on the real Envoy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from end_to_end.balancers.rule_tables import CASE, balancers, project
from harness.free_port import free_port
from harness.gateway_process import RunningGateway, running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import Received, RecordingBackend

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("balancer-rules")]

HERE: Final = Path(__file__).parent
Json = dict[str, Any]


def url(regex: str, replace: str) -> Json:
    return {"type": "url-rewrite", "url_rewrite_config": {"rewrites": [{"regex": regex, "replace": replace}]}}


def host(regex: str, replace: str) -> Json:
    config = {"rewrites": [{"regex": regex, "replace": replace}]}
    return {"type": "host-header-rewrite", "host_header_rewrite_config": config}


TRANSFORMS: Final[dict[str, list[Json]]] = {
    "product": [url("^/dp/([A-Za-z0-9]+)/?$", "/product?id=$1")],
    "first": [url("a", "b")],
    "query": [url("version=([0-9]+)", "v=$1&x")],
    "swap": [url("^/([^/]+)/([^/?]+)(.*)$", "/$2/$1$3")],
    "ten": [url("/(x)", "/$10")],
    "empty": [url("^/api", "")],
    "dots": [url("/up/", "/../")],
    "joined": [url("x", "")],
    "none": [url("^/", "nowhere/")],
    "hash": [url("%23", "#")],
    "host": [host("^mywebsite-(.+)[.]com$", "internal.dev.$1.com")],
    "host-part": [host("^www[.]", "")],
    "host-port": [host("^(.*)$", "$1:9000")],
    "host-empty": [host("^.*$", "")],
    "host-either": [host("^(?:a|b)[.]test$|^(c).test$", "$1x.test")],
    "large": [url("^/(a{900}|[^x]{900})/(.*)$", "/$2")],
    "both": [url("^/old/", "/new/"), host("[.]com$", ".net")],
}

SENT: Final[list[tuple[str, str, str, str | None, str]]] = [
    # case, target, host; target and host at the target, None: 500
    ("product", "/dp/B07", "shop.test", "/product?id=B07", "shop.test"),
    ("product", "/dp/B07/", "shop.test:80", "/product?id=B07", "shop.test:80"),
    ("product", "/dp/B07?x", "shop.test", "/dp/B07?x", "shop.test"),
    ("first", "/aa?a", "a.test", "/ba?a", "a.test"),
    ("first", "/x?a", "a.test", "/x?b", "a.test"),
    ("first", "/x", "a.test", "/x", "a.test"),
    ("query", "/p?a&version=12&b", "a.test", "/p?a&v=12&x&b", "a.test"),
    ("swap", "/one/two?three", "a.test", "/two/one?three", "a.test"),
    ("swap", "/one/two/three", "a.test", "/two/one/three", "a.test"),
    ("ten", "/x", "a.test", "/x0", "a.test"),
    ("empty", "/api/x", "a.test", "/x", "a.test"),
    ("empty", "/api", "a.test", None, ""),
    ("empty", "/apix", "a.test", None, ""),
    ("dots", "/a/up/b", "a.test", None, ""),
    ("joined", "/%25x2e./b", "a.test", None, ""),
    ("joined", "/a/.x./b", "a.test", None, ""),
    ("joined", "/ax%20b", "a.test", "/a%20b", "a.test"),
    ("joined", "/" + "a" * 9000, "a.test", None, ""),
    ("none", "/a", "a.test", None, ""),
    ("hash", "/a?b=%23", "a.test", None, ""),
    ("host", "/", "MyWebsite-Shop.com", "/", "internal.dev.Shop.com"),
    ("host", "/", "mywebsite-a.com:8080", "/", "internal.dev.a.com:8080"),
    ("host", "/", "mywebsite-a.org", "/", "mywebsite-a.org"),
    ("host-part", "/", "www.www.test:81", "/", "www.test:81"),
    ("host-port", "/", "a.test:81", "/", "a.test:9000"),
    ("host-port", "/", "a.test", "/", "a.test:9000"),
    ("host-empty", "/", "a.test", None, ""),
    ("host-either", "/", "b.test:81", "/", "x.test:81"),
    ("host-either", "/", "c.test", "/", "cx.test"),
    ("large", "/" + "a" * 900 + "/z", "a.test", "/z", "a.test"),
    ("both", "/old/x", "a.com", "/new/x", "a.net"),
    ("both", "/x", "a.com", "/x", "a.net"),
]  # fmt: skip

API: Final = """
openapi: 3.0.1
info: {title: Transforms behind integrations, version: "1"}
paths:
  /proxied/{rest+}:
    x-amazon-apigateway-any-method:
      parameters: [{name: rest, in: path, required: true, schema: {type: string}}]
      x-amazon-apigateway-integration:
        type: http_proxy
        httpMethod: ANY
        uri: http://inner.test/in/{rest}
        requestParameters: {integration.request.path.rest: method.request.path.rest}
        responses: {default: {statusCode: "200"}}
  /fixed:
    get:
      x-amazon-apigateway-integration:
        type: http_proxy
        httpMethod: GET
        uri: http://inner.test/in/fixed
        responses: {default: {statusCode: "200"}}
  /made:
    get:
      x-amazon-apigateway-integration:
        type: http
        httpMethod: GET
        uri: http://inner.test/in/made
        responses: {default: {statusCode: "200"}, "500": {statusCode: "200", responseTemplates: {text/plain: failed}}}
      responses: {"200": {description: made}}
"""


@dataclass(frozen=True, slots=True)
class Transformed:
    """The gateway, its balancer of the internet, and a target."""

    gateway: RunningGateway
    port: int
    api_port: int
    backend: RecordingBackend

    def send(self, port: int, target: str, host_name: str, *lines: str) -> tuple[Answer, list[Received]]:
        """The answer, and what the target has seen."""
        self.backend.clear()
        head = [f"GET {target} HTTP/1.1", f"Host: {host_name}", *lines, "", ""]
        [answer] = exchange(port, "\r\n".join(head).encode())
        return answer, [each for each in self.backend.received() if each.target != b"/healthz"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transformed]:
    folder = tmp_path_factory.mktemp("transforms")
    scratch = folder / "scratch"
    scratch.mkdir()
    forward = [{"type": "forward", "target_group": "one"}]
    rules = {name: {"actions": forward, "transforms": several} for name, several in TRANSFORMS.items()}
    inner = {
        "dns_name": "inner.test",
        "listeners": [
            {
                "protocol": "HTTP",
                "port": 80,
                "default_actions": forward,
                "rules": [
                    {
                        "priority": 1,
                        "conditions": [{"field": "path-pattern", "regex_values": ["^/in/(x|fixed|made).*$"]}],
                        "actions": forward,
                        "transforms": [url("^/in/(.*)$", "/out/$1"), host("^inner[.]test$", "outer.test")],
                    },
                    {
                        "priority": 2,
                        "conditions": [{"field": "path-pattern", "values": ["/in/bad*"]}],
                        "actions": forward,
                        "transforms": [url("bad", "..")],
                    },
                ],
            }
        ],
    }
    shutil.copy(HERE / "rules" / "health.yaml", folder)
    (folder / "api.yaml").write_text(API, encoding="utf-8")
    apis = {"shop": {"definition": "api.yaml", "stages": {"prod": {}}}}
    with RecordingBackend() as backend:
        groups = {"one": {"targets": [f"127.0.0.1:{backend.port}"], "health_check": {"path": "/healthz"}}}
        text = project(load_balancers=balancers(rules) | {"inner": inner}, target_groups=groups, apis=apis)
        (folder / "gateline.yaml").write_text(text, encoding="utf-8")
        port = free_port()
        environ, options = {"PORT_0": str(port)}, ("--log-format", "json")
        with running_gateway(folder / "gateline.yaml", scratch, environ, *options) as gateway:
            yield Transformed(gateway, port, gateway.port, backend)


@pytest.mark.parametrize(("case", "target", "host_name", "seen", "seen_host"), SENT)
def test_the_first_match_is_replaced_and_what_cannot_be_sent_is_500(
    shared: Transformed, case: str, target: str, host_name: str, seen: str | None, seen_host: str
) -> None:
    answer, received = shared.send(shared.port, target, host_name, f"{CASE}: {case}")
    if seen is None:
        assert (answer.status, received) == (500, [])
        assert answer.one(b"server") == b"awselb/2.0"
        assert b"<h1>500 Internal Server Error</h1>" in answer.body
        return
    assert answer.status == 200
    [one] = received
    assert (one.target.decode(), one.all(b"host")) == (seen, [seen_host.encode()])
    assert not {name for name in one.names if name.startswith((b"x-envoy", b"x-gl"))}


@pytest.mark.parametrize(
    ("target", "seen", "seen_host"),
    [
        ("/prod/proxied/x/y?z=1", b"/out/x/y?z=1", b"outer.test"),
        ("/prod/proxied/other", b"/in/other", b"inner.test"),
        ("/prod/fixed", b"/out/fixed", b"outer.test"),
        ("/prod/fixed?q", b"/out/fixed?q", b"outer.test"),
        ("/prod/made", b"/out/made", b"outer.test"),
    ],
)
def test_behind_an_integration_the_mapped_request_is_rewritten(
    shared: Transformed, target: str, seen: bytes, seen_host: bytes
) -> None:
    answer, received = shared.send(shared.api_port, target, "shop.localhost")
    assert answer.status == 200
    [one] = received
    assert (one.target, one.all(b"host")) == (seen, [seen_host])


def test_the_request_log_tells_what_the_client_sent(shared: Transformed) -> None:
    shared.send(shared.port, "/dp/logged?none", "shop.test", f"{CASE}: swap")
    assert "/logged/dp" not in shared.gateway.output.wait_for("/dp/logged")


def test_behind_an_integration_what_cannot_be_sent_is_the_balancers_500(shared: Transformed) -> None:
    answer, received = shared.send(shared.api_port, "/prod/proxied/bad/x", "shop.localhost")
    assert (answer.status, received) == (500, [])
    assert answer.one(b"x-amzn-remapped-server") == b"awselb/2.0"
    assert b"<h1>500 Internal Server Error</h1>" in answer.body
