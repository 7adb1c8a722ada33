"""Authorizers in Node.js, and in whatever speaks the Lambda Runtime API, from the client to the backend."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from harness.guarded_gateway import Guarded, guarded_gateway

PROJECT: Final = Path(__file__).parent / "runtimes"

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers that change")]

KINDS = [pytest.param(b"node", marks=needs_node), b"bootstrap"]


@pytest.fixture(scope="module")
def shared_runtimes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded_gateway(PROJECT, tmp_path_factory.mktemp("runtimes"), "--log-format", "json") as guarded:
        yield guarded


@pytest.fixture
def runtimes(shared_runtimes: Guarded) -> Guarded:
    """A gateway with authorizers in other languages."""
    shared_runtimes.clear()
    return shared_runtimes


@pytest.mark.parametrize("kind", KINDS)
def test_it_decides_once_for_a_caller(runtimes: Guarded, kind: bytes) -> None:
    counts = set()
    for _ in range(3):
        runtimes.backend.clear()
        received = runtimes.reaches(b"GET", b"/prod/" + kind, b"Authorization: allow")
        assert received.all(b"x-user") == [kind]
        counts |= set(received.all(b"x-count"))
    assert len(counts) == 1
    assert runtimes.status(b"/prod/" + kind, b"Authorization: deny") == 403
    assert runtimes.status(b"/prod/" + kind) == 401


@pytest.mark.parametrize("kind", KINDS)
def test_unauthorized_is_401_and_not_kept(runtimes: Guarded, kind: bytes) -> None:
    for _ in range(2):
        answer = runtimes.get(b"/prod/" + kind, b"Authorization: unauthorized")
        assert (answer.status, answer.body) == (401, b'{"message":"Unauthorized"}')
    assert runtimes.seen() == []


@pytest.mark.parametrize("fault", [b"throw", b"exit", b"never", b"loop", b"nothing"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_closes_the_method_and_it_is_whole_again(
    runtimes: Guarded, kind: bytes, fault: bytes
) -> None:
    answer = runtimes.get(b"/prod/" + kind, b"Authorization: " + fault)
    assert (answer.status, answer.body) == (500, b'{"message":null}')
    assert runtimes.status(b"/prod/" + kind, b"Authorization: allow again after " + fault) == 200
    assert len(runtimes.seen()) == 1


@needs_node
def test_a_proxied_function_in_node_gets_its_event(runtimes: Guarded) -> None:
    answer = runtimes.send(
        b"POST", b"/prod/node/echo?a=b", b"Content-Type: text/plain", body="grüße".encode()
    )
    assert answer.status == 200
    told = json.loads(answer.body)
    assert told["id"] == answer.one(b"x-amzn-requestid").decode()
    assert (told["event"]["body"], told["event"]["queryStringParameters"]) == ("grüße", {"a": "b"})
