"""The access log of an application balancer: Amazon's fields in Amazon's order (load-balancers.md section 11)."""

from __future__ import annotations

import re
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from harness.access_log import logged as line_of
from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.raw_client import PATIENCE, RawConnection, exchange
from harness.recording_backend import RecordingBackend
from harness.tls_client import TlsConnection, tls_http2

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("access log")]

PROJECT: Final = Path(__file__).parent / "logged"
TIME: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"


@dataclass(frozen=True, slots=True)
class Logged:
    """The balancer's ports, its target, and its log."""

    ports: dict[str, int]
    target: RecordingBackend
    log: Path

    def asked(
        self, marker: str, target: bytes = b"/x", *lines: bytes, verb: bytes = b"GET"
    ) -> dict[str, str]:
        """The line of a request that carries the marker in its query."""
        self.send(target + b"?" + marker.encode(), *lines, verb=verb)
        return line_of(self.log, marker)

    def send(self, target: bytes, *lines: bytes, verb: bytes = b"GET", host: bytes = b"shop.test") -> None:
        head = b"\r\n".join([verb + b" " + target + b" HTTP/1.1", b"Host: " + host, *lines])
        assert exchange(self.ports["HTTP"], head + b"\r\n\r\n")


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    folder = tmp_path_factory.mktemp("logged")
    ports = {name: free_port() for name in ("HTTP", "HTTPS", "UNLOGGED")}
    with (
        RecordingBackend() as target,
        socket.socket() as closed,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        closed.bind(("127.0.0.1", 0))  # bound and not listening
        environ = {name: str(port) for name, port in ports.items()} | {
            "LOGS": str(folder),
            "LOGIN": "the-secret-of-a-client",
            "ONE": f"127.0.0.1:{target.port}",
            "CLOSED": f"127.0.0.1:{closed.getsockname()[1]}",
            "SILENT": f"127.0.0.1:{silent.getsockname()[1]}",
        }
        with running_gateway(PROJECT, folder, environ):
            yield Logged(ports, target, folder / "public.log")


def test_a_forwarded_request_has_every_field(logged: Logged) -> None:
    line = logged.asked("m1", b"/x", b"User-Agent: curl/8 (test)")
    expected = {
        "type": "http",
        "target": f"127.0.0.1:{logged.target.port}",
        "elb_status_code": "200",
        "target_status_code": "200",
        "request": "GET http://shop.test:80/x?m1 HTTP/1.1",
        "user_agent": "curl/8 (test)",
        "ssl_cipher": "-",
        "ssl_protocol": "-",
        "domain_name": "-",
        "chosen_cert_arn": "-",
        "matched_rule_priority": "0",
        "actions_executed": "forward",
        "redirect_url": "-",
        "error_reason": "-",
        "target_list": f"127.0.0.1:{logged.target.port}",
        "target_status_code_list": "200",
        "classification": "-",
        "classification_reason": "-",
    }
    assert {name: line[name] for name in expected} == expected
    for name in ("time", "request_creation_time"):
        assert re.fullmatch(TIME, line[name])
    for name in ("request_processing_time", "target_processing_time", "response_processing_time"):
        assert re.fullmatch(r"[0-9]+\.[0-9]{3}", line[name])
    for name in ("received_bytes", "sent_bytes"):
        assert int(line[name]) > 50
    assert re.fullmatch(r"app/public/[0-9a-f]{16}", line["elb"])
    assert re.fullmatch(r"127\.0\.0\.1:[0-9]+", line["client"])
    arn = r"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/one/[0-9a-f]{16}"
    assert re.fullmatch(arn, line["target_group_arn"])
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", line["trace_id"])
    assert re.fullmatch(r"TID_[0-9]+", line["conn_trace_id"])


def test_the_trace_is_the_one_that_the_target_got(logged: Logged) -> None:
    line = logged.asked("m2", b"/x", b"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678")
    [received] = [each for each in logged.target.received() if each.target == b"/x?m2"]
    assert line["trace_id"] == received.all(b"x-amzn-trace-id")[0].decode()


@pytest.mark.parametrize(
    ("marker", "target", "expected"),
    [
        (
            "m3",
            b"/fixed",
            {"actions_executed": "fixed-response", "matched_rule_priority": "7", "elb_status_code": "200"},
        ),
        (
            "m4",
            b"/old",
            {
                "actions_executed": "redirect",
                "matched_rule_priority": "8",
                "elb_status_code": "302",
                "redirect_url": "http://shop.test:80/new?m4",
            },
        ),
        (
            "m5",
            b"/nobody",
            {"actions_executed": "forward", "matched_rule_priority": "10", "elb_status_code": "503"},
        ),
        ("m6", b"/" + b"x" * 17_000, {"actions_executed": "forward", "elb_status_code": "414"}),
    ],
)
def test_what_no_target_answers_has_neither_target_nor_times(
    logged: Logged, marker: str, target: bytes, expected: dict[str, str]
) -> None:
    if marker == "m6":
        logged.send(target + b"?m6", b"User-Agent: m6-agent")
        line = line_of(logged.log, "m6-agent")
    else:
        line = logged.asked(marker, target)
    assert {name: line[name] for name in expected} == expected
    assert (line["target"], line["target_status_code"], line["target_status_code_list"]) == ("-", "-", "-")
    times = ("request_processing_time", "target_processing_time", "response_processing_time")
    assert [line[name] for name in times] == ["-1", "-1", "-1"]


def test_a_target_that_fails_is_told_with_its_address_and_no_status(logged: Logged) -> None:
    line = logged.asked("m7", b"/refusing")
    assert line["target"].startswith("127.0.0.1:")
    assert (line["elb_status_code"], line["target_status_code"], line["target_processing_time"]) == (
        "502",
        "-",
        "-1",
    )
    late = logged.asked("m8", b"/silent")
    assert (late["elb_status_code"], late["target_status_code"], late["target_processing_time"]) == (
        "504",
        "-",
        "-1",
    )


def test_a_client_that_leaves_is_460(logged: Logged) -> None:
    with RawConnection(logged.ports["HTTP"]) as connection:
        connection.send(b"GET /silent?m9 HTTP/1.1\r\nHost: shop.test\r\n\r\n")
    assert line_of(logged.log, "m9")["elb_status_code"] == "460"


@pytest.mark.parametrize(
    ("sent", "status", "classification", "reason"),
    [
        (
            b"POST /m10 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
            "501",
            "Severe",
            "BadTransferEncoding",
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", "400", "Severe", "BadHeader"),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
            "Ambiguous",
            "BothTeClPresent",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            "200",
            "Acceptable",
            "GetHeadZeroContentLength",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
            "200",
            "Ambiguous",
            "UndefinedContentLengthSemantics",
        ),
    ],
)
def test_requests_that_are_not_as_they_should_be_are_classified(
    logged: Logged, sent: bytes, status: str, classification: str, reason: str
) -> None:
    assert exchange(logged.ports["HTTP"], sent)
    line = line_of(logged.log, f'"{reason}"')
    assert (line["elb_status_code"], line["classification"]) == (status, classification)
    if status != "200":
        assert (line["request"], line["matched_rule_priority"], line["type"]) == ("-", "-", "http")


def test_a_client_cannot_write_fields_of_its_own(logged: Logged) -> None:
    forged = b'x" 200 200 "forged'
    line = logged.asked(
        "m11",
        b'/x"y',
        b"User-Agent: " + forged,
        b"X-Amzn-Trace-Id: Root=1;a=" + forged,
        b"Referer: " + forged,
    )
    assert line["user_agent"] == r"x\x22 200 200 \x22forged"
    assert line["request"] == r"GET http://shop.test:80/x\x22y?m11 HTTP/1.1"
    assert '"' not in line["trace_id"]
    assert line["elb_status_code"] in ("200", "400")


def test_a_trusted_proxys_client_is_the_client(logged: Logged) -> None:
    with socket.create_connection(
        ("127.0.0.1", logged.ports["HTTP"]), timeout=PATIENCE, source_address=("127.0.0.10", 0)
    ) as connection:
        connection.sendall(b"GET /x?m12 HTTP/1.1\r\nHost: a:80\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n")
        assert connection.recv(65536)
    line = line_of(logged.log, "m12")
    assert line["client"].startswith("203.0.113.7:")
    assert line["request"] == "GET http://a:80/x?m12 HTTP/1.1"


def test_https_and_http2_are_told_with_their_cipher(logged: Logged) -> None:
    with TlsConnection(logged.ports["HTTPS"], "shop.test") as connection:
        connection.send(b"GET /x?m13 HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        assert connection.receive() is not None
    line = line_of(logged.log, "m13")
    assert (line["type"], line["ssl_protocol"]) == ("https", "TLSv1.3")
    assert line["ssl_cipher"].startswith("TLS_")
    assert line["domain_name"] == "shop.test"
    assert line["request"] == "GET https://shop.test:443/x?m13 HTTP/1.1"
    head = [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":authority", b"shop.test"),
        (b":path", b"/x?m14"),
    ]
    with tls_http2(logged.ports["HTTPS"], "shop.test") as connection:
        assert connection.request(head).status == 200
    second = line_of(logged.log, "m14")
    assert (second["type"], second["request"]) == ("h2", "GET https://shop.test:443/x?m14 HTTP/2")


@pytest.mark.parametrize(
    ("marker", "target", "cookie", "status", "reason"),
    [
        ("m18", b"/members", b"", "401", "-"),  # nothing is wrong, there is only no session yet
        ("m19", b"/members", b"AWSELBAuthSessionCookie-0=forged", "401", "AuthInvalidCookie"),
        ("m20", b"/oauth2/idpresponse", b"", "401", "AuthMissingStateParam"),
    ],
)
def test_why_a_login_fails_is_told(
    logged: Logged, marker: str, target: bytes, cookie: bytes, status: str, reason: str
) -> None:
    path = target + b"?" + marker.encode()
    with TlsConnection(logged.ports["HTTPS"], "shop.test") as connection:
        connection.send(b"GET %b HTTP/1.1\r\nHost: shop.test\r\nCookie: %b\r\n\r\n" % (path, cookie))
        answer = connection.receive()
    assert answer is not None
    assert b"x-gl-" not in answer.raw.lower()
    line = line_of(logged.log, marker)
    assert (line["elb_status_code"], line["error_reason"]) == (status, reason)


def test_a_websocket_is_one_line_of_its_own_type(logged: Logged) -> None:
    switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    logged.target.answers[b"/socket-m15"] = switched
    with RawConnection(logged.ports["HTTP"]) as connection:
        lines = [b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"]
        head = b"\r\n".join([b"GET /socket-m15 HTTP/1.1", b"Host: a", *lines])
        connection.send(head + b"\r\n\r\n")
        assert connection.receive_bytes()
    line = line_of(logged.log, "m15")
    assert (line["type"], line["elb_status_code"]) == ("ws", "101")


def test_a_websocket_over_tls_has_its_own_type_too(logged: Logged) -> None:
    switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    logged.target.answers[b"/socket-m30"] = switched
    lines = [b"Host: shop.test", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"]
    with TlsConnection(logged.ports["HTTPS"], "shop.test") as connection:
        connection.send(b"\r\n".join([b"GET /socket-m30 HTTP/1.1", *lines]) + b"\r\n\r\n")
        assert connection.receive_bytes()
    line = line_of(logged.log, "m30")
    assert (line["type"], line["elb_status_code"]) == ("wss", "101")


def test_grpc_over_tls_has_its_own_type_also_where_its_target_does_not_speak_it(logged: Logged) -> None:
    head = [
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":authority", b"shop.test"),
        (b":path", b"/x?m31"),
    ]
    with tls_http2(logged.ports["HTTPS"], "shop.test") as connection:
        grpc = [(b"content-type", b"application/grpc"), (b"te", b"trailers")]
        assert connection.request([*head, *grpc], body=b"").status == 464
    line = line_of(logged.log, "m31")
    assert (line["type"], line["elb_status_code"]) == ("grpcs", "464")


def test_a_client_of_http_10_is_told_as_such(logged: Logged) -> None:
    assert exchange(logged.ports["HTTP"], b"GET /x?m32 HTTP/1.0\r\nHost: shop.test\r\n\r\n")
    line = line_of(logged.log, "m32")
    assert (line["type"], line["request"]) == ("http", "GET http://shop.test:80/x?m32 HTTP/1.0")


def test_only_the_balancer_that_asks_is_logged_and_only_its_owner_reads_it(logged: Logged) -> None:
    request = b"GET /x?%b HTTP/1.1\r\nHost: a\r\n\r\n"
    assert exchange(logged.ports["UNLOGGED"], request % b"m16")
    logged.asked("m17")
    assert "m16" not in logged.log.read_text()
    assert stat.S_IMODE(logged.log.stat().st_mode) == 0o600
