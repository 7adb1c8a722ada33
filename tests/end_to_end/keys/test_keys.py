"""API keys over HTTP (api-gateway.md section 15): who is let in, to the byte, before every kind of integration."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from end_to_end.keys.conftest import KEYS, PROJECT
from harness.guarded_gateway import Guarded, allow, authorization, bearer, deny, guarded_gateway, policy
from harness.http2_client import Http2Connection
from harness.raw_client import Answer

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("keys")]

EVERY_KIND = [b"/prod/proxy", b"/prod/mock", b"/prod/hosted"]


def key(name: str) -> bytes:
    """The header line of that name's key."""
    return b"x-api-key: " + KEYS[f"KEY_{name.upper()}"].encode()


def assert_forbidden(answer: Answer) -> None:
    """The whole of what a client without a good key gets."""
    assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')
    assert answer.one(b"x-amzn-errortype") == b"ForbiddenException"
    assert answer.one(b"content-type") == b"application/json"


@pytest.mark.parametrize("path", EVERY_KIND)
def test_a_key_of_a_plan_for_the_stage_opens_it(keyed: Guarded, path: bytes) -> None:
    assert [keyed.status(path, key("ann")) for _ in range(4)] == [200] * 4
    assert keyed.status(path, key("ann").replace(b"x-api-key", b"X-API-Key")) == 200


@pytest.mark.parametrize("path", EVERY_KIND)
@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"x-api-key:"],
        [b"x-api-key: made-up"],
        [key("off")],
        [key("eve")],
        [key("ann") + b"x"],
        [key("ann").upper()],
        [key("ann") + b"," + key("ann")[11:]],
        [key("ann") + b"\xff"],
        [b"x-api-key: " + b"k" * 1025],
        [b"x_api_key: " + key("ann")[11:]],
        [b"Authorization: " + key("ann")[11:]],
    ],
)
def test_nobody_else_is_let_in_and_no_backend_hears_of_it(
    keyed: Guarded, path: bytes, lines: list[bytes]
) -> None:
    assert_forbidden(keyed.get(path, *lines))
    assert keyed.seen() == []
    assert keyed.calls() == []


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_body_that_must_be_looked_at_waits_for_the_word_about_its_key(keyed: Guarded, size: int) -> None:
    body = b'{"name": "a", "rest": "%s"}' % (b"x" * size)
    path, off = b"/prod/inspected", b"x-api-key: made-up-%d" % size  # nobody knows it yet
    assert_forbidden(keyed.send(b"POST", path, off, body=body))
    assert_forbidden(keyed.send(b"POST", path, body=body))
    assert keyed.seen() == []
    assert keyed.send(b"POST", path, key("one"), body=body).status == 200  # each is leased by itself
    [received] = keyed.seen()
    assert received.body == body
    assert received.all(b"x-name") == [b"a"]


def test_two_keys_are_refused(keyed: Guarded) -> None:
    answer = keyed.get(b"/prod/proxy", b"x-api-key: made-up", key("ann"))
    assert (answer.status, answer.body) == (400, b'{"message":"Bad Request"}')
    assert keyed.seen() == []


def test_a_plan_is_for_its_stages_alone(keyed: Guarded) -> None:
    assert keyed.status(b"/other/mock", key("eve")) == 200
    assert_forbidden(keyed.get(b"/other/mock", key("ann")))


def test_a_method_without_a_key_is_open_to_all(keyed: Guarded) -> None:
    assert keyed.status(b"/prod/free") == 200


def test_a_backend_is_told_the_keys_id_by_the_gateway_alone(keyed: Guarded) -> None:
    received = keyed.reaches(b"GET", b"/prod/proxy", key("ann"), b"X-Key-Id: forged")
    [told] = [value for name, value in received.headers if name.lower() == b"x-key-id"]
    assert told
    assert told != b"forged"


def test_over_http2_it_is_the_same(keyed: Guarded) -> None:
    def status(*headers: tuple[bytes, bytes]) -> int:
        with Http2Connection(keyed.port) as connection:
            head = [(b":method", b"GET"), (b":path", b"/prod/mock"), (b":scheme", b"http")]
            return connection.request([*head, (b":authority", b"localhost"), *headers]).status

    value = KEYS["KEY_ANN"].encode()
    assert status((b"x-api-key", value)) == 200
    assert status((b"x-api-key", b"made-up")) == status() == 403
    assert status((b"x-api-key", b"made-up"), (b"x-api-key", value)) == 400


def test_a_quota_is_exact_over_all_workers_and_its_answer_amazons(keyed: Guarded) -> None:
    answers = [keyed.get(b"/prod/mock", key("bob")) for _ in range(9)]
    assert [answer.status for answer in answers] == [200] * 5 + [429] * 4
    assert answers[-1].body == b'{"message":"Limit Exceeded"}'
    assert answers[-1].one(b"x-amzn-errortype") == b"LimitExceededException"
    assert answers[-1].one(b"retry-tomorrow") == b"yes"


def test_a_quota_is_exact_under_many_callers_at_once(keyed: Guarded) -> None:
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: keyed.status(b"/prod/mock", key("max")), range(220)))
    assert (statuses.count(200), statuses.count(429)) == (150, 70)


def test_a_key_that_the_authorizer_says_counts_and_the_header_does_not(keyed: Guarded) -> None:
    def caller(value: str, *statements: dict[str, object]) -> bytes:
        return bearer(*statements, usageIdentifierKey=value)

    host = b"told.localhost"

    def status(line: bytes, *lines: bytes) -> int:
        return keyed.send(b"GET", b"/prod/told", line, *lines, host=host).status

    assert status(caller(KEYS["KEY_KIM"], deny("*"))) == 403
    assert [status(caller(KEYS["KEY_KIM"], allow("*"))) for _ in range(6)] == [200] * 5 + [429]
    assert status(caller("made-up", allow("*")), key("ann")) == 403
    assert status(bearer(allow("*")), key("ann")) == 403
    assert status(authorization(say=policy(allow("*"), usageIdentifierKey=7)), key("ann")) == 500


def test_a_killed_host_or_a_new_gateway_gives_no_quota_back(tmp_path: Path) -> None:
    def used(guarded: Guarded, times: int) -> list[int]:
        return [guarded.status(b"/prod/mock", key("joe")) for _ in range(times)]

    with guarded_gateway(PROJECT, tmp_path, environ=KEYS) as guarded:
        assert used(guarded, 2) == [200, 200]
        os.kill(guarded.gateway.pids["host"], signal.SIGKILL)
        statuses = used(guarded, 1)
        while statuses[-1] == 500:  # closed until it is back
            statuses += used(guarded, 1)
        assert statuses[-1] == 200
    with guarded_gateway(PROJECT, tmp_path, environ=KEYS) as guarded:
        assert used(guarded, 4) == [200, 200, 429, 429]
    kept = b"".join(file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file())
    assert not [value for value in KEYS.values() if value.encode() in kept]
