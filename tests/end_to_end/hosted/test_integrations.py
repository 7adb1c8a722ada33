"""Integrations that the host performs, over HTTP: api-gateway.md sections 5, 6, 9, 13, 14 and 19."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

from harness.raw_client import Answer

from .conftest import Hosted

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("hosted")]

JSON = b"Content-Type: application/json"
WRONG = b'{"message": "Internal server error"}'
WAIT_SECONDS = 10.0


def said(answer: Answer) -> tuple[int, bytes]:
    return answer.status, answer.body


def test_a_backend_gets_only_what_is_mapped_and_the_client_only_what_is_mapped_back(hosted: Hosted) -> None:
    hosted.backend.answers[b"/base/a%2Fb"] = (
        b"HTTP/1.1 201 Made\r\nX-Back: yes\r\nX-Other: no\r\nContent-Length: 2\r\n\r\nok"
    )
    answer = hosted.send(
        b"POST", b"/orders/a%2Fb?q=1&q=2&r=3", b'{"a": [1, 2]}', JSON, b"X-Own: mine", b"Cookie: a=b"
    )
    (received,) = hosted.backend.received()
    assert not received.faults
    assert (received.verb, received.target) == (b"PUT", b"/base/a%2Fb?fixed=1&q=2")
    assert json.loads(received.body) == {"id": "a%2Fb", "body": [1, 2]}
    assert received.all(b"host") == [b"127.0.0.1:%d" % hosted.backend.port]
    assert received.all(b"accept") == [b"application/json"]
    assert received.all(b"user-agent")[0].startswith(b"AmazonAPIGateway_")
    assert received.all(b"x-sent") == answer.all(b"x-amzn-requestid")
    hidden = {name for name in received.names if name.startswith((b"x-gl-", b"x-envoy-"))}
    assert hidden | (received.names & {b"x-own", b"cookie"}) == set()
    assert said(answer) == (200, b"ok")
    assert answer.all(b"x-got") == [b"yes"]
    assert answer.all(b"x-other") == []
    assert answer.all(b"content-type") == [b"application/json"]
    assert len(answer.all(b"x-amzn-trace-id")) == len(answer.all(b"x-amz-apigw-id")) == 1


def test_a_status_of_the_backend_selects_the_response(hosted: Hosted) -> None:
    hosted.backend.answers[b"/base/7"] = b"HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone"
    assert said(hosted.send(b"POST", b"/orders/7", b"{}", JSON)) == (404, b"gone")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        (b"/closed", 502, b'{"message": "Network error communicating with endpoint"}'),
        (b"/silent", 504, b'{"message": "Endpoint request timed out"}'),
        (b"/nowhere", 500, WRONG),
    ],
)
def test_a_backend_that_is_not_there_is_said_in_the_stages_words(
    hosted: Hosted, path: bytes, status: int, body: bytes
) -> None:
    answer = hosted.send(b"GET", path)
    assert said(answer) == (status, body)
    assert answer.all(b"x-amzn-errortype") == [b"InternalServerErrorException"]
    assert answer.all(b"x-failed") == ([b"yes"] if path == b"/closed" else [])
    assert answer.all(b"x-amzn-trace-id") == []


@pytest.mark.parametrize(
    ("event", "status", "body"),
    [
        ({"a": "b"}, 200, b'{"a": "b"}'),
        ({"do": "raise", "message": "order not found"}, 404, b'{"error": "order not found"}'),
        ({"do": "raise", "message": "boom"}, 500, None),
        ({"do": "exit"}, 500, None),
        ({"do": "sleep"}, 504, None),
    ],
)
def test_what_a_function_does_selects_the_response(
    hosted: Hosted, event: dict[str, str], status: int, body: bytes | None
) -> None:
    answer = hosted.send(b"POST", b"/function", json.dumps(event).encode(), JSON)
    assert answer.status == status, answer.body
    assert "errorMessage" in json.loads(answer.body) if body is None else answer.body == body


def test_an_asynchronous_event_is_answered_at_once_and_runs(hosted: Hosted, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for each in (tmp_path, *tmp_path.parents):
        if each.owner() == "root" and each != Path("/"):
            each.chmod(each.stat().st_mode | 0o011)
    event = {"do": "write", "path": str(tmp_path / "ran")}
    answer = hosted.send(b"POST", b"/event", json.dumps(event).encode(), JSON)
    assert said(answer) == (200, b"")
    end = time.monotonic() + WAIT_SECONDS
    while not (tmp_path / "ran").exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert (tmp_path / "ran").read_bytes() == answer.all(b"x-amzn-requestid")[0]


def test_an_asynchronous_event_that_cannot_run_long_is_still_answered(hosted: Hosted) -> None:
    assert said(hosted.send(b"POST", b"/event", b'{"do": "exit"}', JSON)) == (200, b"")


def test_a_service_is_called(hosted: Hosted) -> None:
    answer = hosted.send(b"POST", b"/queue?name=orders")
    assert (answer.status, b"/orders</QueueUrl>" in answer.body) == (200, True)
    assert hosted.send(b"POST", b"/queue?name=").status == 400


@pytest.mark.parametrize(
    ("body", "line", "status", "answered"),
    [
        (b'{"status": 200}', JSON, 200, b""),
        (b'{"status": 404}', JSON, 418, b'{"said": "127.0.0.1"}'),
        (b'{"status": "200"}', JSON, 500, WRONG),
        (b"{}", JSON, 500, WRONG),
        (b'{"status": 200}', b"Content-Type: text/plain", 415, b'{"message": "Unsupported Media Type"}'),
    ],
)
def test_a_mock_answers_by_its_templates(
    hosted: Hosted, body: bytes, line: bytes, status: int, answered: bytes
) -> None:
    assert said(hosted.send(b"POST", b"/mock", body, line)) == (status, answered)


@pytest.mark.parametrize(
    ("body", "status"), [(b'{"name": "Rex"}', 200), (b'{"name": 7}', 400), (b"", 400), (b"no", 400)]
)
def test_a_body_must_fit_its_model(hosted: Hosted, body: bytes, status: int) -> None:
    hosted.backend.answers[b"/pets"] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    answer = hosted.send(b"POST", b"/pets", body, JSON)
    assert answer.status == status
    assert len(hosted.backend.received()) == (status == 200)
    if status == 400:
        assert answer.body == b'{"message": "Invalid request body"}'
        assert answer.all(b"x-amzn-errortype") == [b"BadRequestException"]


def test_ten_megabytes_pass_and_more_are_refused(hosted: Hosted) -> None:
    text = b"Content-Type: text/plain"
    big = b"x" * 10_485_760
    hosted.backend.answers[b"/base/big"] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(big) + big
    answer = hosted.send(b"POST", b"/orders/big", big, text)
    assert (answer.status, answer.body == big) == (200, True)
    assert hosted.backend.received()[0].body == big
    answer = hosted.send(b"POST", b"/orders/big", big + b"x", text)
    assert said(answer) == (413, b"HTTP content length exceeded 10485760 bytes.")
    hosted.backend.answers[b"/base/big"] = (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(big) + 1) + big + b"x"
    )
    assert said(hosted.send(b"POST", b"/orders/big", b"{}", JSON)) == (500, WRONG)


@pytest.mark.parametrize(
    "lines",
    [
        b"x-gl-scope: hosted/prod egress nothing\r\n",
        b"x: %s\r\n" % (b"a" * 100_000),
        b"a b: no name\r\n",
        b"Transfer-Encoding: no-such\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    ],
)
def test_whatever_envoy_answers_itself_says_so_to_the_host(hosted: Hosted, lines: bytes) -> None:
    """Else the host would take it for a backend's answer, and a default response would make it 200."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(hosted.egress))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nx-gl-egress: nothing\r\n" + lines + b"\r\n")
        assert b"\r\nx-gl-failure: " in connection.recv(65536)
