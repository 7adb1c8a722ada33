"""Authorizers that fail in every way that a process can: closed each time, never kept, and whole again after."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.guarded_gateway import Guarded, allow, authorization, bearer, policy
from harness.raw_client import Answer

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers")]

FAILURE = b'{"message":null}'
GOOD = policy(allow("*"))

FAULTS = [
    "close descriptors", "exit", "exit at once", "interrupt", "kill itself", "loop", "segfault", "sleep",
    "speak of nothing", "speak out of turn", "speak without end", "stop",
]  # fmt: skip


def is_failure(answer: Answer) -> bool:
    """Whether it is Amazon's answer to an authorizer that failed."""
    named = answer.all(b"x-amzn-errortype") == [b"AuthorizerConfigurationException"]
    return (answer.status, answer.body, named) == (500, FAILURE, True)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_authorizer_that_fails_closes_the_method_and_nothing_is_kept(guarded: Guarded, fault: str) -> None:
    line = authorization(fault=fault, say=GOOD)
    with ThreadPoolExecutor(2) as pool:  # callers with one token share one call
        assert all(
            is_failure(each) for each in pool.map(lambda _: guarded.get(b"/prod/faulty", line), range(2))
        )
    called = len(guarded.calls())
    assert called in (1, 2)
    assert is_failure(guarded.get(b"/prod/faulty", line))
    assert len(guarded.calls()) == called + 1
    assert guarded.seen() == []
    assert guarded.status(b"/prod/faulty", bearer(allow("*"))) == 200


def test_all_workers_failing_at_once_close_the_method_and_come_back(guarded: Guarded) -> None:
    lines = [authorization(fault=fault, say=GOOD) for fault in FAULTS for _ in range(2)]
    with ThreadPoolExecutor(len(lines)) as pool:
        assert all(
            is_failure(each) for each in pool.map(lambda line: guarded.get(b"/prod/faulty", line), lines)
        )
    assert guarded.status(b"/prod/faulty", bearer(allow("*"))) == 200
    assert guarded.status(b"/prod/token", bearer(allow("*"))) == 200


@pytest.mark.parametrize("fault", ["print much", "leave children", "close output"])
def test_what_a_function_does_beside_its_answer_does_not_matter(guarded: Guarded, fault: str) -> None:
    line = authorization(fault=fault, say=GOOD)
    for _ in range(2):
        assert guarded.status(b"/prod/faulty", line) == 200
    assert len(guarded.calls()) == 1
    assert len(guarded.gateway.output.text) < 10_000_000


def test_a_child_that_answers_too_is_nobody(guarded: Guarded) -> None:
    for _ in range(3):
        line = authorization(fault="answer twice", say=GOOD)
        assert guarded.status(b"/prod/faulty", line) == 200
    assert guarded.status(b"/prod/faulty", bearer(allow("*"))) == 200


def test_worker_processes_that_are_killed_are_replaced(guarded: Guarded) -> None:
    assert guarded.status(b"/prod/token", bearer(allow("*"))) == 200
    [call] = guarded.calls()
    os.kill(call.pid, signal.SIGKILL)
    statuses = [guarded.status(b"/prod/token", bearer(allow("*"))) for _ in range(10)]
    assert statuses.count(200) >= 9  # one may have been handed to it before its end was seen
    assert set(statuses) <= {200, 500}
    assert call.pid not in [each.pid for each in guarded.calls()[2:]]


def test_a_worker_that_is_killed_while_it_decides_closes_the_request(guarded: Guarded) -> None:
    never = str(guarded.folder / "never")
    line = authorization(wait_for=never, say=GOOD)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(guarded.get, b"/prod/token", line)
        while not guarded.calls():
            assert not waiting.done()
        os.kill(guarded.calls()[0].pid, signal.SIGKILL)
        assert is_failure(waiting.result())
    Path(never).touch()
    assert guarded.status(b"/prod/token", line) == 200


def test_what_went_wrong_is_told_to_the_operator_with_the_id_of_the_request(guarded: Guarded) -> None:
    raised = guarded.get(b"/prod/token", authorization(**{"raise": "private words"}))
    dead = guarded.get(b"/prod/faulty", authorization(fault="segfault"))
    for answer, words in ((raised, "private words"), (dead, "signal SIGSEGV")):
        assert is_failure(answer)
        identifier = answer.one(b"x-amzn-requestid").decode()
        output = guarded.gateway.output
        told = output.wait_for(f'"request_id":"{identifier}","{"stream" if words[0] == "p" else "trouble"}"')
        assert words in told
        assert words.encode() not in answer.raw
