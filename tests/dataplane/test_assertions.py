"""Assertions as the script sees them: what a backend is sent, how often the host is asked, and that it fails closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from compile.gateways import http_proxy, literal, mapping, method, of_request
from dataplane.asking import (
    GOOD,
    LATER,
    TestHost,
    allow,
    deny,
    front,
    guarded,
    netstrings,
    policy_reply,
    served,
    split,
)
from dataplane.simulated_envoy import SimulatedEnvoy
from gateline.compile.resources import Resources
from gateline.model.assertion import ASSERTION_HEADER, Assertion, Binding
from gateline.model.integration import ParameterMapping
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, Stage

NOWHERE = Origin("gateline.yaml")


def stage(audience: str = "orders", binding: Binding = Binding.CALLER, *, everywhere: bool = True) -> Stage:
    """A stage whose backends all are sent assertions, unless a test says otherwise."""
    return Stage(
        name="dev",
        assertion=Assertion(audience=audience, binding=binding, everywhere=everywhere, origin=NOWHERE),
        origin=NOWHERE,
    )


def open_method(path: str = "/a", *mappings: ParameterMapping, **fields: Any) -> Method:
    """A method that nobody guards."""
    return method("ANY", path, http_proxy("http://b.test/x", *mappings, **fields))


@dataclass(slots=True)
class Signer:
    """Signs what is asked: tokens are numbered. `meanwhile` happens once while it is asked."""

    until: int = LATER
    status: str = "200"
    audience: str = "orders"
    questions: list[tuple[str, list[str], str]] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None

    def __call__(self, path: str, body: str, call: str) -> tuple[str, str]:
        told = (path, split(call), body) if path == "/bind" else (path, split(body), "")
        self.questions.append(told)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return self.status, netstrings(f"token-{len(self.questions)}", self.until, self.audience)


def asserted(reply: str, signed: str = "of-ann", until: int = LATER, audience: str = "orders") -> str:
    """What the host answers when it signs, too."""
    return netstrings("asserted", signed, until, audience) + reply


def worker(resources: Resources, host: TestHost | None = None) -> tuple[SimulatedEnvoy, Signer]:
    """A worker with a host that signs."""
    envoy = front(resources, host or TestHost())
    envoy.signer = signer = Signer()
    return envoy, signer


def test_what_an_authorizer_decides_brings_the_assertion_and_hits_ask_nobody() -> None:
    host = TestHost(asserted(policy_reply(allow("*"))))
    envoy, signer = worker(served(guarded(), stage=stage()), host)
    sent = [envoy.request("GET", "/dev/a/1", GOOD) for _ in range(3)]
    assert [each.header(ASSERTION_HEADER) for each in sent] == ["of-ann"] * 3
    assert [len(each.asked) for each in sent] == [1, 0, 0]
    assert signer.questions == []


def test_an_assertion_that_is_over_is_asked_for_anew_and_kept() -> None:
    host = TestHost(asserted(policy_reply(allow("*")), "first", 1_760_000_050_000))
    envoy, _ = worker(served(guarded(), stage=stage()), host)
    assert envoy.request("GET", "/dev/a/1", GOOD).header(ASSERTION_HEADER) == "first"
    envoy.now = 1_760_000_050_000
    host.reply = asserted(policy_reply(allow("*")), "second", 1_760_000_100_000)
    sent = [envoy.request("GET", "/dev/a/1", GOOD).header(ASSERTION_HEADER) for _ in range(2)]
    assert (sent, len(host.questions)) == (["second", "second"], 2)


def test_an_assertion_for_another_audience_counts_no_more() -> None:
    host = TestHost(asserted(policy_reply(allow("*"))))
    envoy, _ = worker(served(guarded(), stage=stage()), host)
    envoy.request("GET", "/dev/a/1", GOOD)
    envoy.publish(served(guarded(), stage=stage("billing")))
    host.reply = asserted(policy_reply(allow("*")), "for-billing", audience="billing")
    assert envoy.request("GET", "/dev/a/1", GOOD).header(ASSERTION_HEADER) == "for-billing"
    assert envoy.request("GET", "/dev/a/1", GOOD).asked == ()


def test_a_refusal_that_is_remembered_needs_no_assertion() -> None:
    host = TestHost(policy_reply(deny("*")))
    envoy, _ = worker(served(guarded(), stage=stage()), host)
    verdicts = [envoy.request("GET", "/dev/a/1", GOOD).verdict for _ in range(2)]
    assert (verdicts, len(host.questions)) == (["403 authorizer_explicit_deny"] * 2, 1)


def test_a_decision_without_an_assertion_lets_nothing_through() -> None:
    envoy, _ = worker(served(guarded(), stage=stage()), TestHost(policy_reply(allow("*"))))
    outcome = envoy.request("GET", "/dev/a/1", [*GOOD, (ASSERTION_HEADER, "forged")])
    assert (outcome.verdict, outcome.sealed) == ("500 assertion_missing", False)


def test_what_a_client_sends_under_the_name_is_overwritten() -> None:
    envoy, _ = worker(served(guarded(), stage=stage()), TestHost(asserted(policy_reply(allow("*")))))
    copies = [(ASSERTION_HEADER, "forged"), (ASSERTION_HEADER, "forged-too")]
    outcome = envoy.request("GET", "/dev/a/1", [*GOOD, *copies])
    assert [value for name, value in outcome.headers if name == ASSERTION_HEADER] == ["of-ann"]


def test_a_stage_without_an_authorizer_asks_once_while_its_assertion_holds() -> None:
    envoy, signer = worker(served(open_method(), open_method("/b"), stage=stage()))
    signer.until = envoy.now + 50_000
    sent = [envoy.request("GET", path).header(ASSERTION_HEADER) for path in ("/dev/a", "/dev/b", "/dev/a")]
    assert sent == ["token-1"] * 3
    assert [(path, question[0]) for path, question, _ in signer.questions] == [("/assert", "orders/dev")]
    envoy.now += 50_000
    signer.until = envoy.now + 50_000
    assert envoy.request("GET", "/dev/a").header(ASSERTION_HEADER) == "token-2"


def test_a_stage_asks_ahead_of_time_and_goes_on_with_what_it_has_while_the_host_is_away() -> None:
    envoy, signer = worker(served(open_method(), stage=stage()))
    signer.until = envoy.now + 50_000
    envoy.request("GET", "/dev/a")
    envoy.now += 41_000
    signer.status = "503"
    sent = [envoy.request("GET", "/dev/a").header(ASSERTION_HEADER) for _ in range(3)]
    assert (sent, len(signer.questions)) == (["token-1"] * 3, 2)  # one of them has asked
    signer.status, signer.until = "200", envoy.now + 50_000
    envoy.now += 1_000
    assert envoy.request("GET", "/dev/a").header(ASSERTION_HEADER) == "token-3"


@pytest.mark.parametrize(
    ("status", "reply"),
    [
        ("503", ""),
        ("500", netstrings("token", LATER, "orders")),
        ("200", ""),
        ("200", netstrings("unsigned")),
        ("200", netstrings("", LATER, "orders")),
        ("200", "nonsense"),
    ],
)
@pytest.mark.parametrize("binding", list(Binding))
def test_without_the_host_nothing_passes_unsigned(status: str, reply: str, binding: Binding) -> None:
    envoy, _ = worker(served(open_method(), stage=stage(binding=binding)))
    envoy.signer = lambda _path, _body, _call: (status, reply)
    for _ in range(2):
        outcome = envoy.request("GET", "/dev/a", [(ASSERTION_HEADER, "forged")])
        assert (outcome.verdict, outcome.sealed) == ("500 assertion_down", False)


def test_each_request_is_bound_as_it_goes_to_the_backend() -> None:
    mapped = open_method(
        "/a/{id}", mapping("path.id", of_request("path.id")), mapping("querystring.v", literal("2")),
        http_method="PUT",
    )  # fmt: skip
    mapped = replace(mapped, integration=replace(mapped.integration, uri="http://b.test/items/{id}"))
    envoy, signer = worker(served(mapped, stage=stage(binding=Binding.REQUEST)))
    outcome = envoy.request("POST", "/dev/a/7?q=1", body="the body")
    assert outcome.header(ASSERTION_HEADER) == "token-1"
    ((path, call, body),) = signer.questions
    assert (path, body, call[0]) == ("/bind", "the body", "orders/dev")
    assert call[3:] == ["127.0.0.1", "PUT", outcome.path, "", "0"]
    assert (outcome.path, outcome.header(":method")) == ("/items/7?q=1&v=2", "PUT")
    assert envoy.request("POST", "/dev/a/7").header(ASSERTION_HEADER) == "token-2"


def test_a_bound_assertion_says_what_the_authorizer_said() -> None:
    host = TestHost(policy_reply(allow("*"), context={"tier": "gold"}))
    envoy, signer = worker(served(guarded(), stage=stage(binding=Binding.REQUEST)), host)
    for _ in range(2):
        envoy.request("GET", "/dev/a/1", GOOD)
    assert [call[4:] for _, call, _ in signer.questions] == [["GET", "/x", "alice", "1", "tier", "gold"]] * 2
    assert len(host.questions) == 1  # the decision is remembered as ever


def test_a_body_that_is_not_what_its_coding_says_is_refused() -> None:
    envoy, _ = worker(served(open_method(), stage=stage(binding=Binding.REQUEST)))
    envoy.signer = lambda _path, _body, _call: ("200", netstrings("undecodable"))
    assert envoy.request("POST", "/dev/a", body="x").verdict == "415 body_coding"


@pytest.mark.parametrize("binding", list(Binding))
def test_a_change_while_the_host_signs_has_the_request_decided_anew(binding: Binding) -> None:
    before = served(open_method(), stage=stage(binding=binding))
    after = served(open_method("/a", mapping("header.x-new", literal("1"))), stage=stage(binding=binding))
    envoy, signer = worker(before)
    signer.meanwhile = lambda: envoy.publish(after)
    outcome = envoy.request("POST", "/dev/a", body="x")
    assert (outcome.verdict, outcome.path) == ("orders/dev ANY /a", "/x")
    assert outcome.header(ASSERTION_HEADER) == f"token-{len(signer.questions)}"


def test_a_host_that_a_uri_names_is_sent_none_unless_the_stage_says_so() -> None:
    envoy, signer = worker(served(open_method(), stage=stage(everywhere=False)))
    outcome = envoy.request("GET", "/dev/a")
    assert (outcome.header(ASSERTION_HEADER), signer.questions) == (None, [])
