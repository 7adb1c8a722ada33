"""What target groups speak, and who may ask them (load-balancers.md sections 8, 8.2 and 9's 464)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from gateline.model.target_group import HealthCheck, ProtocolVersion, Target, TargetGroup
from harness.free_port import free_port
from harness.gateway_process import RunningGateway, running_gateway
from harness.grpc_backend import HEALTH, SERVICE, GrpcBackend
from harness.http2_backend import Http2Backend
from harness.http2_client import Http2Connection, Outcome
from harness.raw_client import exchange
from harness.recording_backend import RecordingBackend
from harness.target_bench import TargetBench
from harness.target_scenes import PLACE, play_in

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("groups")]

PROJECT: Final = Path(__file__).parent / "versions"
GRPC: Final = (b"content-type", b"application/grpc")


@dataclass(frozen=True, slots=True)
class Versions:
    """A balancer before groups of every version."""

    port: int
    gateway: RunningGateway
    rpc: GrpcBackend
    two: Http2Backend
    old: RecordingBackend

    def sticky(self, port: int, path: str, cookie: str = "") -> tuple[bytes, dict[str, str]]:
        """Who answers, and the cookies that are set."""
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: localhost",
            *([f"Cookie: {cookie}"] if cookie else []),
            "",
            "",
        ]
        [answer] = exchange(port, "\r\n".join(lines).encode())
        assert answer.status == 200
        assert not [name for name, _ in answer.headers if name.startswith(b"x-gl")]
        pairs = [value.decode().partition("=") for name, value in answer.headers if name == b"set-cookie"]
        return answer.body, {name: rest.partition(";")[0] for name, _, rest in pairs}

    def http1(self, verb: str, path: str, *lines: str) -> int:
        """The status that a client of HTTP/1.1 gets."""
        head = "".join(f"{line}\r\n" for line in (f"{verb} {path} HTTP/1.1", "Host: a.test", *lines))
        [answer] = exchange(self.port, f"{head}Content-Length: 0\r\n\r\n".encode())
        return answer.status

    def http2(self, verb: bytes, path: bytes, *headers: tuple[bytes, bytes]) -> Outcome:
        """What a client of HTTP/2 gets."""
        pseudo = [(b":method", verb), (b":scheme", b"http"), (b":authority", b"a.test"), (b":path", path)]
        with Http2Connection(self.port) as connection:
            return connection.request([*pseudo, *headers], body=b"" if verb == b"POST" else None)

    def call(self, kind: str, method: str) -> Any:
        """A callable of gRPC's own client, whose messages are bytes."""
        channel: Any = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        return getattr(channel, kind)(f"/{SERVICE}/{method}")


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versions]:
    folder = tmp_path_factory.mktemp("versions")
    with (
        GrpcBackend() as rpc,
        Http2Backend("two") as two,
        RecordingBackend() as old,
        RecordingBackend() as one,
        RecordingBackend() as other,
    ):
        for name, each in ((b"one", one), (b"other", other)):
            said = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(name), name)
            each.answers.update({b"/sticky": said, b"/shared": said})
        port = free_port()
        environ = {
            "HTTP_PORT": str(port),
            "RPC": f"127.0.0.1:{rpc.port}",
            "TWO": f"127.0.0.1:{two.port}",
            "OLD": f"127.0.0.1:{old.port}",
            "ONE": f"127.0.0.1:{one.port}",
            "OTHER": f"127.0.0.1:{other.port}",
        }
        with running_gateway(PROJECT, folder, environ) as gateway:
            yield Versions(port, gateway, rpc, two, old)


def test_unary_calls_bring_message_trailers_and_metadata(versions: Versions) -> None:
    answer, call = versions.call("unary_unary", "Echo").with_call(b"hello", metadata=(("x-tenant", "a"),))
    assert answer == b"hello"
    assert call.code() is grpc.StatusCode.OK
    assert ("served-by", "grpc") in call.trailing_metadata()
    seen = versions.rpc.metadata[-1]
    assert seen["x-tenant"] == "a"
    assert "x-gl-protocol" not in seen


def test_streams_go_both_ways(versions: Versions) -> None:
    assert list(versions.call("unary_stream", "Count")(b"3")) == [b"0", b"1", b"2"]
    assert versions.call("stream_unary", "Sum")(iter([b"1", b"2", b"3"])) == b"6"


def test_a_code_of_grpc_reaches_the_client(versions: Versions) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        versions.call("unary_unary", "Refuse")(b"closed")
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert refused.value.details() == "closed"


@pytest.mark.parametrize("path", ["/two", "/orders.v1.Orders/Echo", "/two/%61", "/two?x=%20"])
def test_a_client_of_http1_gets_464_from_groups_of_http2_and_grpc(versions: Versions, path: str) -> None:
    assert versions.http1("POST", path, "x-gl-protocol: HTTP/2") == 464


@pytest.mark.parametrize("path", [b"/old", b"/old/%61", b"/orders.v1.Orders/Echo"])
def test_a_client_of_grpc_gets_464_from_a_group_of_http1(versions: Versions, path: bytes) -> None:
    outcome = versions.http2(b"POST", path, GRPC, (b"te", b"trailers"), (b"x-to", b"old"))
    assert outcome.status == 464
    assert not [name for name, _ in outcome.headers if name.startswith(b"grpc-")]


@pytest.mark.parametrize("verb", [b"GET", b"PUT", b"HEAD", b"DELETE"])
def test_anything_but_post_gets_464_from_a_group_of_grpc(versions: Versions, verb: bytes) -> None:
    assert versions.http2(verb, b"/orders.v1.Orders/Echo").status == 464


def test_http2_reaches_groups_of_http2_and_of_http1(versions: Versions) -> None:
    assert versions.http2(b"GET", b"/two/things").body == b"two /two/things"
    assert versions.http2(b"GET", b"/old").body == b"ok"
    assert versions.http2(b"POST", b"/two", GRPC).status == 200
    assert versions.http1("GET", "/old") == 200


def test_a_group_of_http2_is_asked_over_http2(versions: Versions) -> None:
    asked = versions.two.seen[0]
    assert (asked[":path"], asked[":method"]) == ("/", "GET")
    assert asked["user-agent"] == "ELB-HealthChecker/2.0"


@pytest.mark.parametrize(
    ("behind_api", "path", "cookie"),
    [
        (False, "/sticky", "AWSALB"),
        (False, "/shared", "AWSALBTG"),
        (False, "/moved", "AWSALBTG"),  # the group is chosen before the rule rewrites the path
        (True, "/prod/sticky", "AWSALB"),
        (True, "/prod/shared", "AWSALBTG"),
        (True, "/prod/mapped", "AWSALB"),
    ],
)
def test_clients_come_back_at_a_balancer_and_behind_integrations_whichever_worker_serves(
    versions: Versions, *, behind_api: bool, path: str, cookie: str
) -> None:
    port = versions.gateway.port if behind_api else versions.port
    firsts = dict(versions.sticky(port, path) for _ in range(20))
    assert firsts.keys() == {b"one", b"other"}
    for body, cookies in firsts.items():
        [value] = {rest for name, rest in cookies.items() if name in {cookie, f"{cookie}CORS"}}
        for sent in (f"{cookie}={value}", f"{cookie}CORS={value}"):
            assert {versions.sticky(port, path, sent)[0] for _ in range(10)} == {body}


def test_the_key_of_cookies_stands_in_no_configuration(versions: Versions) -> None:
    key = (versions.gateway.state / "secrets" / "stickiness").read_text()
    assert (versions.gateway.state / "secrets" / "stickiness").stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(str(versions.gateway.admin_socket))
        asked.sendall(b"GET /config_dump HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        dump = b"".join(iter(lambda: asked.recv(65536), b""))
    assert b"gateline.stickiness" in dump
    assert key.encode() not in dump


@pytest.mark.parametrize(
    ("path", "code", "health", "is_well"),
    [
        ("/AWS.ALB/healthcheck", 12, grpc.StatusCode.OK, True),  # a method that nobody has
        (HEALTH, 0, grpc.StatusCode.OK, True),
        (HEALTH, 0, grpc.StatusCode.UNAVAILABLE, False),
        (HEALTH, 0, grpc.StatusCode.UNIMPLEMENTED, False),
    ],
)
def test_grpc_is_well_by_its_code(
    tmp_path: Path, path: str, code: int, health: grpc.StatusCode, is_well: bool
) -> None:
    with GrpcBackend() as rpc:
        rpc.health = health
        check = HealthCheck(path=path, matcher=((code, code),), timeout=timedelta(seconds=20))
        target = Target(host="127.0.0.1", port=rpc.port, origin=PLACE)
        spoken = TargetGroup(
            name="g",
            health_check=check,
            targets=(target,),
            protocol_version=ProtocolVersion.GRPC,
            origin=PLACE,
        )

        async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
            await bench.deliver(spoken)
            assert await bench.healthy("g") == ({f"127.0.0.1:{rpc.port}"} if is_well else set())

        play_in(tmp_path, scene)


def test_the_page_of_464_is_the_balancers(versions: Versions) -> None:
    [answer] = exchange(versions.port, b"GET /two HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert dict(answer.headers)[b"server"] == b"awselb/2.0"
    assert b"<h1>464 " in answer.body
