"""Functions behind application balancers, as `gateline up` runs them: load-balancers.md section 10, row by row."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from harness.access_log import logged
from harness.free_port import free_port
from harness.gateway_process import Output, running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import RecordingBackend

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("function targets")]

PROJECT: Final = Path(__file__).parent / "functions"
LIMIT: Final = 1024 * 1024
PAGE: Final = (
    b"<html>\r\n<head><title>%b</title></head>\r\n<body>\r\n"
    b"<center><h1>%b</h1></center>\r\n</body>\r\n</html>\r\n"
)
UPGRADE: Final = (
    b"Upgrade: websocket",
    b"Connection: upgrade",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@dataclass(frozen=True, slots=True)
class Bench:
    """The balancer of the internet, the gateway before an internal one, and what functions wrote."""

    port: int
    edge: int
    checks: Path
    output: Output
    log: Path

    def send(
        self,
        target: bytes,
        *lines: bytes,
        verb: bytes = b"GET",
        body: bytes | None = None,
        edge: bool = False,
    ) -> Answer:
        """Send one request; its answer."""
        head = [verb + b" " + target + b" HTTP/1.1", b"Host: localhost", *lines]
        head += [b"Content-Length: %d" % len(body)] if body is not None else []
        data = b"\r\n".join(head) + b"\r\n\r\n" + (body or b"")
        [answer] = exchange(self.edge if edge else self.port, data, to_head=verb == b"HEAD")
        return answer

    def event(self, target: bytes, *lines: bytes, **options: Any) -> dict[str, Any]:
        """The event that a function got."""
        answer = self.send(target, *lines, **options)
        assert answer.status == 200, answer.raw
        event: dict[str, Any] = json.loads(answer.body)["event"]
        return event

    def say(self, value: object, **options: Any) -> Answer:
        """What a client gets of what a function returned."""
        return self.send(b"/x", b"x-say: " + json.dumps(value).encode(), **options)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("functions")
    folder.chmod(0o755)
    checks = folder / "checks"
    checks.touch()
    checks.chmod(0o666)
    port = free_port()
    with RecordingBackend() as backend:
        environ = {
            "HTTP_PORT": str(port),
            "BACKEND": f"127.0.0.1:{backend.port}",
            "CHECKS": str(checks),
            "LOG": str(folder / "access.log"),
        }
        with running_gateway(PROJECT, folder, environ) as gateway:
            yield Bench(port, gateway.port, checks, gateway.output, folder / "access.log")


def test_an_event_holds_the_request_as_it_was_sent(bench: Bench) -> None:
    answer = bench.send(b"/a%20b//c?x=%41&x=2&y&z=+", b"X-One: 1", b"x-one: 2", b"TE: trailers")
    event = json.loads(answer.body)["event"]
    assert list(event) == [
        "requestContext",
        "httpMethod",
        "path",
        "queryStringParameters",
        "headers",
        "body",
        "isBase64Encoded",
    ]
    trace = event["headers"].pop("x-amzn-trace-id")
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", trace)
    arn = event["requestContext"]["elb"].pop("targetGroupArn")
    assert re.fullmatch(
        r"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/single/[0-9a-f]{16}", arn
    )
    assert event == {
        "requestContext": {"elb": {}},
        "httpMethod": "GET",
        "path": "/a%20b//c",
        "queryStringParameters": {"x": "2", "y": "", "z": "+"},
        "headers": {
            "host": "localhost",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "80",
            "x-forwarded-proto": "http",
            "x-one": "2",
        },
        "body": "",
        "isBase64Encoded": False,
    }


def test_with_multi_value_headers_every_value_is_there(bench: Bench) -> None:
    event = bench.event(b"/multi?x=%41&x=2&y", b"X-One: 1", b"x-one: 2")
    assert "headers" not in event
    assert "queryStringParameters" not in event
    assert event["multiValueQueryStringParameters"] == {"x": ["%41", "2"], "y": [""]}
    assert event["multiValueHeaders"]["x-one"] == ["1", "2"]
    assert event["multiValueHeaders"]["x-forwarded-for"] == ["127.0.0.1"]


def test_a_function_sees_itself_called_by_its_own_arn(bench: Bench) -> None:
    arn = json.loads(bench.send(b"/multi").body)["arn"]
    assert arn == "arn:aws:lambda:us-east-1:123456789012:function:told:live"


@pytest.mark.parametrize(
    ("lines", "is_base64"),
    [
        ((b"Content-Type: text/plain",), False),
        ((b"Content-Type: text/anything; charset=utf-8",), False),
        ((b"Content-Type: application/json",), False),
        ((b"Content-Type: Application/JSON;charset=utf-8",), False),
        ((b"Content-Type: application/javascript",), False),
        ((b"Content-Type: application/xml",), False),
        ((b"Content-Type: application/vnd.api+json",), True),
        ((b"Content-Type: image/png",), True),
        ((), True),
        ((b"Content-Type: text/plain", b"Content-Encoding: gzip"), True),
    ],
)
def test_a_body_is_base64_unless_its_type_is_text(
    bench: Bench, lines: tuple[bytes, ...], is_base64: bool
) -> None:
    event = bench.event(b"/x", *lines, verb=b"POST", body="a\u00e4\n".encode())
    assert event["isBase64Encoded"] is is_base64
    assert event["body"] == (base64.b64encode("a\u00e4\n".encode()).decode() if is_base64 else "a\u00e4\n")


@pytest.mark.parametrize("body", [b"", b"\0\xff\xfe", bytes(range(256)) * 64])
def test_any_bytes_come_and_go(bench: Bench, body: bytes) -> None:
    answer = bench.send(b"/x", b"x-say: echo", verb=b"PUT", body=body)
    assert (answer.status, answer.body) == (200, body)


def test_a_body_in_chunks_is_told_whole(bench: Bench) -> None:
    lines = (b"Transfer-Encoding: chunked", b"Content-Type: text/plain")
    data = b"\r\n".join([b"POST /x HTTP/1.1", b"Host: localhost", *lines])
    [answer] = exchange(bench.port, data + b"\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    event = json.loads(answer.body)["event"]
    assert event["body"] == "abcde"
    assert "transfer-encoding" not in event["headers"]


@pytest.mark.parametrize(
    ("returned", "status", "headers", "body"),
    [
        ({"statusCode": 200, "body": "hello"}, 200, {"content-type": "application/octet-stream"}, b"hello"),
        ({"statusCode": 201, "statusDescription": "201 Created"}, 201, {}, b""),
        ({"statusCode": 599, "headers": {"X-A": "b"}, "body": None}, 599, {"x-a": "b"}, b""),
        (
            {"statusCode": 200, "headers": {"Content-Length": "99"}, "body": "ab"},
            200,
            {"content-length": "2"},
            b"ab",
        ),
        ({"statusCode": 200, "headers": {"Server": "mine"}}, 200, {"server": "mine"}, b""),
        ({"statusCode": 200}, 200, {"server": "awselb/2.0"}, b""),
        ({"statusCode": 204, "body": "dropped"}, 204, {}, b""),
        ({"statusCode": 200, "body": "YWI=", "isBase64Encoded": True}, 200, {}, b"ab"),
        ({"statusCode": 200, "cookies": ["a=b"]}, 200, {}, b""),
        ({"statusCode": 200, "multiValueHeaders": {"x-a": ["b"]}}, 200, {}, b""),
    ],
)
def test_what_a_function_answers_is_what_a_client_gets(
    bench: Bench, returned: object, status: int, headers: dict[str, str], body: bytes
) -> None:
    answer = bench.say(returned)
    assert (answer.status, answer.body) == (status, body)
    for name, value in headers.items():
        assert answer.one(name.encode()) == value.encode()
    assert "x-a" in headers or not answer.all(b"x-a")


@pytest.mark.parametrize(
    "name", ["Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "x-envoy-overloaded"]
)
def test_headers_between_neighbours_are_dropped(bench: Bench, name: str) -> None:
    answer = bench.say({"statusCode": 200, "headers": {name: "close", "x-a": "b"}})
    assert answer.one(b"x-a") == b"b"
    assert not answer.all(name.lower().encode())


def test_with_multi_value_headers_a_function_answers_with_them_too(bench: Bench) -> None:
    said = {
        "statusCode": 200,
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "headers": {"x-single": "ignored"},
    }
    answer = bench.send(b"/multi", b"x-say: " + json.dumps(said).encode())
    assert answer.all(b"set-cookie") == [b"a=1", b"b=2"]
    assert not answer.all(b"x-single")


@pytest.mark.parametrize(
    "returned",
    [
        [],
        "text",
        {},
        {"statusCode": "200"},
        {"statusCode": True},
        {"statusCode": 200.5},
        {"statusCode": 199},
        {"statusCode": 600},
        {"statusCode": 200, "statusDescription": 200},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": 1}},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "body": {}},
        {"statusCode": 200, "body": "%%%", "isBase64Encoded": True},
        {"statusCode": 200, "isBase64Encoded": "true"},
    ],
)
def test_an_answer_out_of_the_contract_is_502(bench: Bench, returned: object) -> None:
    answer = bench.say(returned)
    assert answer.status == 502
    assert answer.one(b"server") == b"awselb/2.0"
    assert answer.body == PAGE % (b"502 Bad Gateway", b"502 Bad Gateway")


@pytest.mark.parametrize("fault", [b"raise", b"sleep", b"exit", b"big"])
def test_a_function_that_fails_is_502_and_its_words_stay_here(bench: Bench, fault: bytes) -> None:
    answer = bench.send(b"/x", b"x-say: " + fault)
    assert (answer.status, answer.one(b"content-type")) == (502, b"text/html")
    assert b"private" not in answer.raw


def test_a_function_elsewhere_that_does_not_answer_is_502(bench: Bench) -> None:
    assert bench.send(b"/away").status == 502


def test_one_megabyte_is_the_limit_of_both_ways(bench: Bench) -> None:
    assert len(bench.send(b"/x", b"x-say: largest").body) == 1_000_000
    sent = b"x" * LIMIT
    lines = (b"x-say: {}", b"Content-Type: text/plain")
    assert bench.send(b"/runtime", *lines, verb=b"POST", body=sent[:-1]).status == 502  # it sends it back
    assert bench.send(b"/x", b'x-say: {"statusCode": 200}', verb=b"POST", body=sent).status == 200
    answer = bench.send(b"/x", b'x-say: {"statusCode": 200}', verb=b"POST", body=sent + b"x")
    assert answer.status == 413
    assert b"413 Request Entity Too Large" in answer.body


def test_websockets_are_refused(bench: Bench) -> None:
    answer = bench.send(b"/x", *UPGRADE)
    assert answer.status == 400
    assert answer.body == PAGE % (b"400 Bad Request", b"400 Bad Request")
    assert bench.send(b"/x").status == 200


def test_the_answer_to_head_has_no_body(bench: Bench) -> None:
    answer = bench.send(b"/x", verb=b"HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.one(b"content-length")) > 100


def test_a_runtime_of_another_language_gets_the_same_events(bench: Bench) -> None:
    event = bench.event(b"/runtime?a=b", b"Content-Type: application/json", verb=b"POST", body=b'{"a":1}')
    assert (event["path"], event["body"], event["isBase64Encoded"]) == ("/runtime", '{"a":1}', False)


def test_a_forward_divides_requests_between_functions_and_servers(bench: Bench) -> None:
    seen = set()
    for _ in range(60):  # one of three is missing: once in 10 ** 10
        body = bench.send(b"/shared").body
        seen.add(re.search(rb"targetgroup/(\w+)/", body)[1] if b"elb" in body else b"server")  # type: ignore[index]
    assert seen == {b"single", b"runtime", b"server"}


@pytest.mark.parametrize("path", [b"/authorize", b"/invoke", b"/key", b"//x?y", b"/%2e%2e"])
def test_no_path_and_no_header_of_a_client_speaks_to_the_host(bench: Bench, path: bytes) -> None:
    lines = (b"X-GL-Target: multi", b"x_gl_target: multi", b"X-Gl-Source: 192.0.2.1", b"X-Gl-Call: 1:a,")
    answer = bench.send(path, *lines, verb=b"POST", body=b"abc")
    if path == b"/%2e%2e":
        assert answer.status == 400
        return
    event = json.loads(answer.body)["event"]
    assert "/single/" in event["requestContext"]["elb"]["targetGroupArn"]
    assert event["path"] == path.decode().partition("?")[0]
    assert not [name for name in event["headers"] if "gl" in name]


def test_only_a_function_that_is_to_be_asked_is_asked_whether_it_is_well(bench: Bench) -> None:
    [check, *_] = dict.fromkeys(bench.checks.read_text().splitlines())
    event = json.loads(check)
    assert "/checked/" in event.pop("requestContext")["elb"]["targetGroupArn"]
    assert event == {
        "httpMethod": "GET",
        "path": "/health",
        "queryStringParameters": {"deep": "1"},
        "headers": {"user-agent": "ELB-HealthChecker/2.0"},
        "body": "",
        "isBase64Encoded": False,
    }
    assert "/single/" not in bench.checks.read_text()
    assert bench.send(b"/checked").status == 200


def test_behind_an_integration_a_function_gets_the_same_event(bench: Bench) -> None:
    event = bench.event(b"/dev/proxy/a%20b?x=%41", b"X-Mine: 1", edge=True)
    assert "/single/" in event["requestContext"]["elb"]["targetGroupArn"]
    assert (event["path"], event["queryStringParameters"]) == ("/a%20b", {"x": "%41"})
    assert event["headers"]["x-mine"] == "1"
    assert event["headers"]["host"] == "inner"
    assert event["headers"]["x-forwarded-proto"] == "http"
    said = b'x-say: {"statusCode": 201, "headers": {"Server": "mine", "x-a": "b"}}'
    answer = bench.send(b"/dev/proxy/x", said, edge=True)
    assert (answer.status, answer.one(b"x-a")) == (201, b"b")
    assert answer.one(b"x-amzn-remapped-server") == b"mine"
    assert bench.send(b"/dev/proxy/x", b"x-say: raise", edge=True).status == 502


def test_an_integration_that_maps_leads_to_a_function_too(bench: Bench) -> None:
    event = bench.event(b"/dev/mapped", edge=True)
    assert event["path"] == "/mapped"


def test_operators_read_why_an_answer_was_refused(bench: Bench) -> None:
    bench.say({"statusCode": "none"})
    bench.output.wait_for("none that a load balancer takes: statusCode is no whole number")


@pytest.mark.parametrize(
    ("marker", "say", "status", "reason"),
    [
        ("well", b'{"statusCode": 200}', 200, "-"),
        ("raises", b"raise", 502, "LambdaUnhandled"),
        ("exits", b"exit", 502, "LambdaUnhandled"),
        ("no-status", b'{"statusCode": "200"}', 502, "LambdaInvalidResponse"),
        ("forged", b'{"statusCode": 200, "headers": {"X-GL-Reason": "LambdaUnhandled"}}', 200, "-"),
        ("big", b"big", 502, "LambdaResponseTooLarge"),
    ],
)
def test_the_access_log_says_why_a_function_did_not_answer_and_nobody_else_does(
    bench: Bench, marker: str, say: bytes, status: int, reason: str
) -> None:
    for edge in (False, True):  # of an integration there is no such log
        answer = bench.send(
            b"/dev/proxy/x" if edge else b"/%b" % marker.encode(), b"x-say: " + say, edge=edge
        )
        assert b"x-gl-" not in answer.raw.lower()
        assert answer.status == status
    fields = logged(bench.log, f"/{marker} HTTP")
    assert fields["error_reason"] == reason
    assert ":targetgroup/single/" in fields["target_group_arn"]


def test_the_access_log_says_why_a_function_was_not_asked(bench: Bench) -> None:
    bench.send(b"/away")
    bench.send(b"/upgraded", *UPGRADE)
    bench.send(b"/larger", verb=b"POST", body=b"x" * (LIMIT + 1))
    reasons = {
        path: logged(bench.log, f"{path} HTTP")["error_reason"] for path in ("/away", "/upgraded", "/larger")
    }
    assert reasons == {
        "/away": "LambdaConnectionError",
        "/upgraded": "LambdaWebSocketNotSupported",
        "/larger": "LambdaRequestTooLarge",
    }
