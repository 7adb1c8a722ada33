"""Throttles over HTTP: buckets that all workers share, of a key, of a key's method, of a method."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from end_to_end.keys.test_keys import key
from harness.guarded_gateway import Guarded
from harness.raw_client import Answer

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("keys")]


def statuses(keyed: Guarded, path: bytes, name: str, times: int) -> list[int]:
    """The statuses of so many requests with a key, in order."""
    return [keyed.status(path, key(name)) for _ in range(times)]


def assert_too_many(answer: Answer) -> None:
    """The whole of what a client gets that is too fast."""
    assert (answer.status, answer.body) == (429, b'{"message":"Too Many Requests"}')
    assert answer.one(b"x-amzn-errortype") == b"TooManyRequestsException"
    assert answer.one(b"content-type") == b"application/json"
    assert answer.one(b"x-amzn-requestid")
    assert answer.one(b"retry-soon") == b"yes"
    told = [name for name, _ in answer.headers if b"ratelimit" in name or b"envoy" in name]
    assert told == []


def test_a_key_is_throttled_over_all_methods_and_for_one_besides(keyed: Guarded) -> None:
    assert statuses(keyed, b"/prod/mock", "sue", 3) == [200, 200, 429]  # two for the method
    assert 200 in statuses(keyed, b"/prod/hosted", "sue", 1)
    answers = [keyed.get(b"/prod/proxy", key("sue")) for _ in range(3)]
    assert_too_many(answers[-1])
    assert len(keyed.seen()) <= 1


def test_each_key_has_a_bucket_of_its_own(keyed: Guarded) -> None:
    assert statuses(keyed, b"/prod/proxy", "tom", 5) == [200] * 4 + [429]
    assert statuses(keyed, b"/prod/proxy", "uma", 5) == [200] * 4 + [429]
    assert len(keyed.seen()) == 8


def test_throttles_of_nothing_let_nothing_pass(keyed: Guarded) -> None:
    assert statuses(keyed, b"/prod/mock", "vic", 2) == [429, 429]
    assert_too_many(keyed.get(b"/prod/proxy", key("vic")))
    assert_too_many(keyed.get(b"/busy/closed", key("ann")))
    assert keyed.status(b"/prod/closed", key("ann")) == 200


def test_methods_of_a_stage_have_buckets_whoever_calls(keyed: Guarded) -> None:
    def burst(path: bytes) -> list[int]:
        with ThreadPoolExecutor(8) as pool:  # new connections, so that both workers take part
            return sorted(pool.map(lambda _: keyed.status(path, key("ann")), range(24)))

    assert burst(b"/busy/mock").count(200) == 5  # its own
    assert burst(b"/busy/free").count(200) == 3  # as all of the stage
    assert burst(b"/busy/hosted").count(200) == 3
    assert burst(b"/busy/proxy").count(200) == 3
    assert set(burst(b"/prod/free")) == {200}


def test_a_client_chooses_no_bucket(keyed: Guarded) -> None:
    assert statuses(keyed, b"/busy/free", "ann", 4)[-1] == 429
    for line in (
        b"plan: other",
        b"key: other",
        b"method: other",
        b"x-gl-throttle: other",
        b"x-gl-plan: gold",
    ):
        assert_too_many(keyed.get(b"/busy/free", key("ann"), line))
    for number in range(5):
        assert_too_many(keyed.get(b"/busy/free", b"x-api-key: made-up-%d" % number))
