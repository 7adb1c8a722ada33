"""API keys as the script sees them: who passes, when the host is asked, and that no quota is overshot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compile.gateways import http_proxy, mapping, method
from dataplane.asking import LATER, allow, deny, netstrings, policy_reply, split
from dataplane.keyed import (
    GOLD,
    THROTTLED,
    KeyHost,
    api_key,
    keyed,
    keyed_by_authorizer,
    plan,
    project,
    quota,
    resources_of,
)
from dataplane.simulated_envoy import Headers, Outcome, SimulatedEnvoy
from gateline.compile.resources import Resources
from gateline.dataplane import keys
from gateline.model.integration import ContextSource
from gateline.model.rest_api import ApiKeySource, Method
from gateline.model.usage_plan import ApiKey, UsagePlan

PASSED = "orders/dev GET /a"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[KeyHost]:
    """A host that counts in a database of its own."""
    made = KeyHost(tmp_path / "usage.db")
    yield made
    made.usage.close()


def front(
    host: KeyHost,
    *methods: Method,
    plans: tuple[UsagePlan, ...] = (plan(),),
    known: tuple[ApiKey, ...] = (api_key(),),
) -> SimulatedEnvoy:
    """A worker, and the host configured as its Envoy is."""
    envoy = SimulatedEnvoy(resources(*methods, plans=plans, known=known))
    host.configure(known, plans)
    envoy.host = host
    return envoy


def resources(
    *methods: Method, plans: tuple[UsagePlan, ...] = (plan(),), known: tuple[ApiKey, ...] = (api_key(),)
) -> Resources:
    """A stage with a method that asks for a key."""
    return resources_of(project(*(methods or (keyed(),)), plans=plans), known)


def shown(value: str = GOLD) -> Headers:
    """The headers of a caller with this key."""
    return [("x-api-key", value)]


def call(envoy: SimulatedEnvoy, value: str = GOLD, path: str = "/dev/a") -> Outcome:
    """One request with a key."""
    return envoy.request("GET", path, shown(value))


def test_a_known_key_passes_and_the_host_is_asked_once(host: KeyHost) -> None:
    envoy = front(host)
    assert [call(envoy).verdict for _ in range(3)] == [PASSED] * 3
    assert len(host.questions) == 1


@pytest.mark.parametrize(
    ("headers", "why", "asked"),
    [
        ([], "key_missing", 0),
        ([("x-api-key", "")], "key_missing", 0),
        ([("x-api-key", "made-up")], "key_unknown", 1),
        ([("x-api-key", GOLD.upper())], "key_unknown", 1),
        ([("x-api-key", GOLD + ",other")], "key_unknown", 1),
        ([("x-api-key", f"{GOLD} {GOLD}")], "key_unknown", 1),
        ([("x-api-key", "\xff\xfe\x80")], "key_unknown", 1),
        ([("x-api-key", "5:" + GOLD)], "key_unknown", 1),
        ([("x-api-key", "k" * 1025)], "key_length", 0),
        ([("authorization", GOLD)], "key_missing", 0),
    ],
)
def test_whoever_shows_no_key_of_a_plan_is_forbidden(
    host: KeyHost, headers: Headers, why: str, asked: int
) -> None:
    outcome = front(host).request("GET", "/dev/a", headers)
    assert outcome.verdict == f"403 {why}"
    assert outcome.answer is not None
    assert outcome.answer.body == '{"message":"Forbidden"}'
    assert outcome.answer.headers["x-amzn-errortype"] == "ForbiddenException"
    assert len(host.questions) == asked


def test_a_key_that_is_disabled_or_of_a_plan_for_another_stage_is_forbidden(host: KeyHost) -> None:
    elsewhere = plan("elsewhere", stages=())
    known = (
        api_key("off" * 9, "k2", enabled=False),
        api_key("lost" * 9, "k3", plans=("elsewhere",)),
        api_key(),
    )
    envoy = front(host, plans=(plan(), elsewhere), known=known)
    assert [call(envoy, "off" * 9).verdict, call(envoy, "lost" * 9).verdict] == ["403 key_unknown"] * 2
    assert call(envoy).verdict == PASSED


def test_a_method_that_asks_for_no_key_never_looks_at_one(host: KeyHost) -> None:
    envoy = front(host, keyed(), method("GET", "/open"))
    assert call(envoy, "made-up", "/dev/open").verdict == "orders/dev GET /open"
    assert host.questions == []


def test_without_any_plan_nobody_passes_and_nobody_is_asked(host: KeyHost) -> None:
    assert call(front(host, plans=(), known=())).verdict == "403 no_plan"
    assert host.questions == []


def test_two_keys_are_one_caller_too_many(host: KeyHost) -> None:
    outcome = front(host).request("GET", "/dev/a", [*shown("made-up"), *shown()])
    assert outcome.verdict == "400 two_keys"
    assert host.questions == []


def test_a_made_up_key_is_remembered_as_such_for_a_minute(host: KeyHost) -> None:
    envoy = front(host)
    for later, asked in ((0, 1), (59_999, 1), (60_000, 2)):
        host.now = envoy.now = 1_760_000_000_123 + later
        assert call(envoy, "made-up").verdict == "403 key_unknown"
        assert len(host.questions) == asked


def test_a_flood_of_made_up_keys_drives_no_good_one_out(host: KeyHost) -> None:
    envoy = front(host)
    call(envoy)
    for number in range(2_000):
        call(envoy, f"made-up-{number}")
    assert len(host.questions) == 2_001
    call(envoy)
    assert len(host.questions) == 2_001


def test_keys_of_another_generation_count_no_more(host: KeyHost) -> None:
    envoy = front(host)
    assert call(envoy).verdict == PASSED
    host.configure((), (plan(),))  # revoked
    envoy.publish(resources(known=()))
    assert call(envoy).verdict == "403 key_unknown"


def test_a_key_that_is_added_is_known_at_once(host: KeyHost) -> None:
    envoy = front(host, known=())
    assert call(envoy).verdict == "403 key_unknown"
    host.configure((api_key(),), (plan(),))
    envoy.publish(resources())
    assert call(envoy).verdict == PASSED


def test_a_host_that_does_not_answer_lets_nobody_pass_and_is_asked_again(host: KeyHost) -> None:
    envoy = front(host)
    host.down = True
    outcome = call(envoy)
    assert outcome.verdict == "500 key_host_down"
    assert outcome.answer is not None
    assert outcome.answer.headers["x-amzn-errortype"] == "InternalServerErrorException"
    host.down = False
    assert call(envoy).verdict == PASSED


@pytest.mark.parametrize("reply", ["", "5:known", netstrings("unready", 0, "", "", "", ""), "junk"])
def test_an_answer_that_is_none_lets_nobody_pass(host: KeyHost, reply: str) -> None:
    envoy = front(host)
    envoy.host = lambda _: ("200", reply)
    assert call(envoy).verdict == "500 key_host_down"


def test_a_quota_is_exact_to_the_last_request(host: KeyHost) -> None:
    envoy = front(host, plans=(plan(quota=quota(5)),))
    verdicts = [call(envoy).verdict for _ in range(8)]
    assert verdicts == [PASSED] * 5 + ["429 quota"] * 3
    assert len(host.questions) == 6  # the refusal is remembered
    answer = call(envoy).answer
    assert answer is not None
    assert answer.body == '{"message":"Limit Exceeded"}'
    assert answer.headers["x-amzn-errortype"] == "LimitExceededException"


def test_two_workers_share_a_quota_exactly(host: KeyHost) -> None:
    plans = (plan(quota=quota(5)),)
    first, second = front(host, plans=plans), front(host, plans=plans)
    verdicts = [call(envoy).verdict for _ in range(5) for envoy in (first, second)]
    assert verdicts.count(PASSED) == 5
    assert set(verdicts) == {PASSED, "429 quota"}


def test_a_large_quota_is_leased_in_blocks_and_never_overshot(host: KeyHost) -> None:
    plans = (plan(quota=quota(2_000)),)
    workers = [front(host, plans=plans) for _ in range(3)]
    passed = 0
    for number in range(2_600):
        passed += call(workers[number * number % 3]).verdict == PASSED
    assert 2_000 - 3 * 20 <= passed <= 2_000
    assert len(host.questions) < 900


def test_a_quota_outlives_a_restart_of_host_and_worker(host: KeyHost) -> None:
    plans = (plan(quota=quota(5)),)
    assert [call(front(host, plans=plans)).verdict for _ in range(3)] == [PASSED] * 3
    host.restart()
    envoy = front(host, plans=plans)
    assert [call(envoy).verdict for _ in range(3)] == [PASSED, PASSED, "429 quota"]


def test_the_next_period_begins_anew(host: KeyHost) -> None:
    envoy = front(host, plans=(plan(quota=quota(3, offset=1)),))
    assert [call(envoy).verdict for _ in range(3)] == [PASSED, PASSED, "429 quota"]
    envoy.now = host.now = host.now + 86_400_000
    assert [call(envoy).verdict for _ in range(4)] == [PASSED] * 3 + ["429 quota"]


def test_what_a_worker_has_not_used_it_hands_back_when_its_lease_ends(host: KeyHost) -> None:
    plans = (plan(quota=quota(1_000)),)
    envoy = front(host, plans=plans)
    call(envoy)
    envoy.now = host.now = host.now + 60_000
    call(envoy)
    assert split(host.questions[1].decode())[4:6] == ["1", "9"]  # of ten


def test_a_lease_of_a_former_plan_is_not_handed_back_to_another(host: KeyHost) -> None:
    silver, gold = plan("silver", quota=quota(1_000)), plan(quota=quota(1_000))
    envoy = front(host, plans=(silver, gold), known=(api_key(plans=("silver",)),))
    call(envoy)
    host.configure((api_key(),), (silver, gold))
    envoy.publish(resources(plans=(silver, gold)))
    assert [call(envoy).verdict for _ in range(10)] == [PASSED] * 10
    assert len(host.questions) == 2
    call(envoy)
    assert len(host.questions) == 3  # ten were leased, and none added from before


def test_who_asks_while_another_does_takes_one_request_alone(host: KeyHost) -> None:
    envoy = front(host, plans=(plan(quota=quota(1_000)),))
    host.meanwhile = lambda: call(envoy)
    assert call(envoy).verdict == PASSED
    assert [split(each.decode())[4] for each in host.questions] == ["1", "0"]
    for _ in range(8):
        call(envoy)
    assert len(host.questions) == 2  # one and then nine were leased, ten are made
    call(envoy)
    assert len(host.questions) == 3


def test_what_one_has_leased_is_good_for_another_who_came_too_late(host: KeyHost) -> None:
    envoy = front(host, plans=(plan(quota=quota(1_000)),))
    lease = ("DAY 2025-10-09 k1 gold", "")

    def late(_: str) -> tuple[str, str]:
        envoy.host = lambda _: ("200", netstrings("known", LATER, "k1", *lease, "3"))
        assert call(envoy).verdict == PASSED
        envoy.host = late
        return "200", netstrings("spent", LATER, "k1", "", "", "")

    envoy.host = late
    assert [call(envoy).verdict for _ in range(2)] == [PASSED] * 2
    host.configure((), ())
    envoy.host = host
    assert call(envoy).verdict == "403 key_unknown"  # three were leased, three are made


def test_rules_that_change_while_the_host_is_asked_are_those_that_count(host: KeyHost) -> None:
    envoy = front(host, plans=(plan(quota=quota(5)),))
    changed = resources(keyed(), method("GET", "/b"), plans=(plan(quota=quota(5)),))
    host.meanwhile = lambda: envoy.publish(changed)
    assert call(envoy).verdict == PASSED
    assert len(host.questions) == 1  # what was leased before is still there
    assert [call(envoy).verdict for _ in range(5)] == [PASSED] * 4 + ["429 quota"]


def test_a_denied_caller_costs_no_quota(host: KeyHost) -> None:
    plans = (plan(quota=quota(1)),)
    envoy = front(host, keyed_by_authorizer(), plans=plans)
    reply = policy_reply(deny("*"))

    def both(question: str) -> tuple[str, str]:
        return ("200", reply) if split(question)[1] == "token" else host(question)

    envoy.host = both
    refused = envoy.request("GET", "/dev/a", [*shown(), ("authorization", "bad")])
    assert refused.verdict == "403 authorizer_explicit_deny"
    reply = policy_reply(allow("*"))
    verdicts = [
        envoy.request("GET", "/dev/a", [*shown(), ("authorization", "good")]).verdict for _ in range(2)
    ]
    assert verdicts == [PASSED, "429 quota"]


@pytest.mark.parametrize(
    ("usage_key", "verdict"), [(GOLD, PASSED), ("", "403 key_missing"), ("no", "403 key_unknown")]
)
def test_the_authorizer_says_the_key_and_the_header_counts_for_nothing(
    host: KeyHost, usage_key: str, verdict: str
) -> None:
    plans, known = (plan(),), (api_key(),)
    given = project(keyed_by_authorizer(), plans=plans, source=ApiKeySource.AUTHORIZER)
    envoy = SimulatedEnvoy(resources_of(given, known))
    host.configure(known, plans)
    reply = policy_reply(allow("*"), usage_key=usage_key)
    envoy.host = lambda question: ("200", reply) if split(question)[1] == "token" else host(question)
    headers = [("authorization", "good"), ("x-api-key", GOLD if verdict != PASSED else "no")]
    assert envoy.request("GET", "/dev/a", headers).verdict == verdict


def test_a_key_from_the_authorizer_needs_an_authorizer(host: KeyHost) -> None:
    given = project(keyed(), plans=(plan(),), source=ApiKeySource.AUTHORIZER)
    envoy = SimulatedEnvoy(resources_of(given, (api_key(),)))
    envoy.host = host
    assert call(envoy).verdict == "403 key_missing"


def test_a_backend_can_be_told_the_key(host: KeyHost) -> None:
    told = [
        mapping("header.X-Key-Id", ContextSource("identity.apiKeyId")),
        mapping("header.X-Key", ContextSource("identity.apiKey")),
    ]
    one = method("GET", "/a", http_proxy("http://b.test/x", *told), authorization=keyed().authorization)
    open_ = method("GET", "/b", http_proxy("http://b.test/x", *told))
    envoy = front(host, one, open_)
    outcome = call(envoy)
    assert (outcome.header("x-key-id"), outcome.header("x-key")) == ("k1", GOLD)
    lied = envoy.request("GET", "/dev/b", [*shown(), ("x-key-id", "k1")])
    assert (lied.verdict, lied.header("x-key-id"), lied.header("x-key")) == ("orders/dev GET /b", None, None)


def test_only_a_plan_that_throttles_is_told_to_envoy(host: KeyHost) -> None:
    quiet = call(front(host))
    assert keys.THROTTLE not in quiet.metadata
    told = call(front(host, plans=(plan(throttle=THROTTLED),))).metadata[keys.THROTTLE]
    assert dict(told.items()) == {"plan": "gold", "key": "k1"}  # type: ignore[attr-defined]


def test_a_remembered_key_takes_few_instructions(host: KeyHost) -> None:
    plans = (plan(throttle=THROTTLED, quota=quota(100_000)),)
    envoy = SimulatedEnvoy(resources(keyed(), method("GET", "/b"), plans=plans), count=True)
    host.configure((api_key(),), plans)
    envoy.host = host

    def cost(path: str) -> int:
        found = []
        for _ in range(4):
            before = envoy.instructions
            call(envoy, path=path)
            found.append(envoy.instructions - before)
        return min(found)

    assert cost("/dev/a") - cost("/dev/b") < 250
