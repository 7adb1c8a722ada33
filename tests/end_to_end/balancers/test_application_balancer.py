"""An application balancer of the internet, as `gateline up` runs it (load-balancers.md sections 2, 3, 6, 9, 12)."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from golden.self_signed import self_signed
from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.raw_client import Answer, RawConnection, exchange
from harness.recording_backend import Received, RecordingBackend
from harness.tls_client import TlsConnection, tls_exchange, tls_http2

pytestmark = pytest.mark.envoy

PROJECT: Final = Path(__file__).parent / "application"
NAMES: Final = {"first": "first.example.org", "second": "second.example.org"}


def request(target: bytes, *lines: bytes, verb: bytes = b"GET", host: bytes = b"shop.test") -> bytes:
    return b"\r\n".join([verb + b" " + target + b" HTTP/1.1", b"Host: " + host, *lines]) + b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Balanced:
    """The balancer with two recording targets."""

    http_port: int
    https_port: int
    one: RecordingBackend
    two: RecordingBackend

    def send(self, target: bytes, *lines: bytes, verb: bytes = b"GET", host: bytes = b"shop.test") -> Answer:
        """Send one request; its answer."""
        data = request(target, *lines, verb=verb, host=host)
        [answer] = exchange(self.http_port, data, to_head=verb == b"HEAD")
        return answer

    def seen(self, backend: RecordingBackend) -> list[Received]:
        """What a target has seen of clients."""
        return [each for each in backend.received() if each.target != b"/healthz"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balanced]:
    folder = tmp_path_factory.mktemp("balanced")
    for name, host in NAMES.items():
        pair = self_signed(host)
        (folder / f"{name}.pem").write_bytes(pair.certificate)
        (folder / f"{name}.key").write_bytes(pair.private_key)
    with RecordingBackend() as one, RecordingBackend() as two, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening
        http_port, https_port = free_port(), free_port()
        environ = {
            "HTTP_PORT": str(http_port),
            "HTTPS_PORT": str(https_port),
            "CERTIFICATES": str(folder),
            "ONE": f"127.0.0.1:{one.port}",
            "TWO": f"127.0.0.1:{two.port}",
            "CLOSED": f"127.0.0.1:{closed.getsockname()[1]}",
        }
        with running_gateway(PROJECT, folder, environ):
            yield Balanced(http_port, https_port, one, two)


@pytest.fixture
def balanced(shared: Balanced) -> Balanced:
    """The balancer, its targets having seen nothing."""
    shared.one.clear()
    shared.two.clear()
    return shared


def test_the_lowest_priority_that_holds_decides_not_the_order_in_the_file(balanced: Balanced) -> None:
    assert balanced.send(b"/order/x").body == b"first"
    assert balanced.send(b"/order/x", verb=b"DELETE").body == b"last"


def test_all_conditions_must_hold_and_one_value_of_each(balanced: Balanced) -> None:
    assert balanced.send(b"/both/x", b"X-Client: beta 2").body == b"both"
    assert balanced.send(b"/both/x", b"X-Client: ALPHA", b"x-client: gamma2").body == b"both"
    assert balanced.send(b"/both/x", b"X-Client: beta 1").status == 404
    assert balanced.send(b"/both/x", b"X-Client: 2").status == 404
    assert balanced.send(b"/both", b"X-Client: beta 2").status == 404


@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        (b"/x", b"a.example.com", b"host"),
        (b"/x", b"A.B.EXAMPLE.COM.:8080", b"host"),
        (b"/x", b"example.com", b"nothing here"),
        (b"/x?version=V2", b"shop.test", b"query"),
        (b"/x?a=b&vers%69on=v%31", b"shop.test", b"query"),
        (b"/x?other=any", b"shop.test", b"query"),
        (b"/x?version=v22", b"shop.test", b"nothing here"),
        (b"/x/version=v2", b"shop.test", b"nothing here"),
        (b"/near", b"shop.test", b"near"),
        (b"/far", b"shop.test", b"nothing here"),
    ],
)
def test_hosts_queries_and_source_addresses_are_judged(
    balanced: Balanced, target: bytes, host: bytes, expected: bytes
) -> None:
    assert balanced.send(target, host=host).body == expected


def test_target_groups_share_requests_by_weight(balanced: Balanced) -> None:
    answers = [balanced.send(b"/shared").status for _ in range(100)]
    assert set(answers) == {200}  # the group with weight 0 would have refused
    shares = len(balanced.seen(balanced.one)), len(balanced.seen(balanced.two))
    assert sum(shares) == 100
    assert 50 < shares[0] < 95  # 75 expected; outside once in ten million


PAGES = {b"/nobody": 503, b"/weightless": 503, b"/refusing": 502}


@pytest.mark.parametrize("target", PAGES)
def test_a_group_that_cannot_serve_is_told_with_a_page(balanced: Balanced, target: bytes) -> None:
    answer = balanced.send(target)
    assert answer.status == PAGES[target]
    assert answer.one(b"server") == b"awselb/2.0"
    assert answer.one(b"content-type") == b"text/html"
    assert f"<center><h1>{PAGES[target]} ".encode() in answer.body


def test_a_target_that_hangs_up_is_502(balanced: Balanced) -> None:
    balanced.one.answers[b"/one/rude"] = b""
    answer = balanced.send(b"/one/rude")
    assert (answer.status, answer.one(b"server")) == (502, b"awselb/2.0")


def test_a_targets_own_answer_passes_unchanged(balanced: Balanced) -> None:
    balanced.one.answers[b"/one/own"] = (
        b"HTTP/1.1 503 Busy\r\nServer: own\r\nX-Amzn-RequestId: mine\r\nContent-Length: 2\r\n\r\nno"
    )
    answer = balanced.send(b"/one/own")
    assert (answer.status, answer.body) == (503, b"no")
    assert answer.one(b"server") == b"own"
    assert answer.one(b"x-amzn-requestid") == b"mine"


def test_a_redirect_writes_the_port_and_keeps_the_rest(balanced: Balanced) -> None:
    answer = balanced.send(b"/secure/a%20b?c=d", host=b"shop.test:80")
    assert answer.status == 301
    assert answer.one(b"location") == b"https://shop.test:443/secure/a%20b?c=d"
    assert answer.one(b"server") == b"awselb/2.0"
    assert b"<h1>301 Moved Permanently</h1>" in answer.body


def test_a_fixed_response_has_its_type_and_its_bytes(balanced: Balanced) -> None:
    answer = balanced.send(b"/json")
    assert (answer.status, answer.body) == (503, b'{"100%": "off"}')
    assert answer.one(b"content-type") == b"application/json"
    head = balanced.send(b"/json", verb=b"HEAD")
    assert (head.status, head.body) == (503, b"")


def test_trace_is_405(balanced: Balanced) -> None:
    answer = balanced.send(b"/one/x", verb=b"TRACE")
    assert (answer.status, answer.one(b"server")) == (405, b"awselb/2.0")


def test_a_url_over_16k_is_414(balanced: Balanced) -> None:
    assert balanced.send(b"/one/" + b"x" * 16_000).status == 200
    answer = balanced.send(b"/one/" + b"x" * 16_400)
    assert (answer.status, answer.one(b"server")) == (414, b"awselb/2.0")


def test_a_target_is_told_who_came_and_how(balanced: Balanced) -> None:
    balanced.send(b"/one/x?y", b"X-Forwarded-For: 192.0.2.9", b"X-Request-Id: mine", host=b"shop.test:80")
    [received] = balanced.seen(balanced.one)
    assert not received.faults
    assert received.target == b"/one/x?y"
    assert received.all(b"host") == [b"shop.test:80"]
    assert received.all(b"x-forwarded-for") == [b"192.0.2.9, 127.0.0.1"]
    assert received.all(b"x-forwarded-proto") == [b"http"]
    assert received.all(b"x-forwarded-port") == [b"80"]
    assert received.all(b"x-request-id") == [b"mine"]
    [trace] = received.all(b"x-amzn-trace-id")
    assert re.fullmatch(rb"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", trace)
    assert not {name for name in received.names if name.startswith((b"x-envoy", b"x-gl"))}


def test_a_trace_that_began_before_gets_a_self(balanced: Balanced) -> None:
    balanced.send(b"/one/x", b"X-Amzn-Trace-Id: Self=1-old-1;Root=1-67891233-abcdef012345678912345678")
    [received] = balanced.seen(balanced.one)
    [trace] = received.all(b"x-amzn-trace-id")
    assert re.fullmatch(rb"Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67891233-abcdef012345678912345678", trace)


def test_a_websocket_is_tunnelled(balanced: Balanced) -> None:
    switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    balanced.one.answers[b"/one/socket"] = switched + b"hello over the socket"
    upgrade = [b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"]
    with RawConnection(balanced.http_port) as connection:
        connection.send(request(b"/one/socket", *upgrade))
        data = b""
        while b"hello over the socket" not in data:
            more = connection.receive_bytes()
            assert more, data
            data += more
    assert data.startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize(
    ("server_name", "expected"),
    [(NAMES["first"], NAMES["first"]), (NAMES["second"], NAMES["second"]), ("other.test", NAMES["first"])],
)
def test_a_certificate_is_shown_by_its_name_the_first_by_default(
    balanced: Balanced, server_name: str, expected: str
) -> None:
    with TlsConnection(balanced.https_port, server_name) as connection:
        assert connection.names == [expected]


def test_https_tells_targets_its_own_port(balanced: Balanced) -> None:
    assert tls_exchange(balanced.https_port, NAMES["first"], request(b"/x")).status == 200
    [received] = balanced.seen(balanced.one)
    assert received.all(b"x-forwarded-proto") == [b"https"]
    assert received.all(b"x-forwarded-port") == [b"443"]


def test_http2_goes_in_and_http1_comes_out(balanced: Balanced) -> None:
    head = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"shop.test"), (b":path", b"/h2")]
    with tls_http2(balanced.https_port, NAMES["first"]) as connection:
        assert connection.request(head).status == 200
    [received] = balanced.seen(balanced.one)
    assert (received.target, received.faults) == (b"/h2", ())


EDITED = """
apis:
  health: {{definition: health.yaml, stages: {{prod: {{}}}}}}
load_balancers:
  public:
    scheme: internet-facing
    listeners:
      - protocol: HTTP
        port: 80
        bind: 127.0.0.1:{port}
        default_actions: [{{type: fixed-response, status_code: "200", message_body: "{body}"}}]
"""


def test_an_edited_rule_holds_at_once_on_an_open_connection(tmp_path: Path) -> None:
    port = free_port()
    project, draft, scratch = tmp_path / "gateline.yaml", tmp_path / "draft", tmp_path / "scratch"
    scratch.mkdir()
    shutil.copy(PROJECT / "health.yaml", tmp_path)
    project.write_text(EDITED.format(port=port, body="before"))
    with running_gateway(project, scratch, {}, "--watch"), RawConnection(port) as connection:

        def asked() -> bytes:
            connection.send(request(b"/"))
            answer = connection.receive()
            assert answer is not None, "the connection was closed"
            return answer.body

        assert asked() == b"before"
        draft.write_text(EDITED.format(port=port, body="after"))
        draft.replace(project)
        assert any(asked() == b"after" for _ in range(20_000))
