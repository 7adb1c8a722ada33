from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateline.authority.assertion import SentRequest
from gateline.host.assertions import KEPT_MS, SENT_MS, Assertions, NotSigned
from gateline.model.hosting import HostConfiguration
from host.signing import claims_of, kid_of, signing

NOW = 1_700_000_000_000
GOLD = (("tier", "gold"),)


def configured(given: HostConfiguration, **options: int) -> tuple[Assertions, list[int]]:
    """Assertions of a configuration, and the time, which a test may change."""
    now = [NOW]
    made = Assertions(now=lambda: now[0], **options)
    asyncio.run(made.configure(given))
    return made, now


def test_a_token_says_who_calls_which_stage_and_whom_it_is_for() -> None:
    made, _ = configured(signing())
    signed = made.for_caller(signing().stages[0], "ann", GOLD)
    said = claims_of(signed.token)
    assert (said["iss"], said["aud"], said["sub"]) == ("gateline:shop", "orders", "ann")
    assert (said["scope"], said["ctx"]) == ("shop/prod", {"tier": "gold"})
    assert (said["iat"], said["exp"]) == (NOW // 1000, NOW // 1000 + 60)
    assert (signed.until, signed.audience) == (NOW + SENT_MS, "orders")


def test_a_caller_gets_the_token_that_was_signed_lately_and_then_another_one() -> None:
    made, now = configured(signing())
    stage = signing().stages[0]
    first = made.for_caller(stage, "ann", GOLD)
    now[0] = NOW + KEPT_MS - 1
    assert made.for_caller(stage, "ann", GOLD) is first
    now[0] = NOW + KEPT_MS
    second = made.for_caller(stage, "ann", GOLD)
    assert second.token != first.token
    assert second.until == NOW + KEPT_MS + SENT_MS


def test_no_caller_gets_the_token_of_another_caller_stage_or_audience() -> None:
    made, _ = configured(signing())
    stage, billing = signing().stages[0], signing(audience="billing").stages[0]
    asked = [(stage, "ann", GOLD), (stage, "bob", GOLD), (stage, "ann", ()), (billing, "ann", GOLD)]
    asked.append((replace(stage, scope="shop/dev"), "ann", GOLD))
    assert len({made.for_caller(*each).token for each in asked}) == len(asked)


def test_each_request_has_a_token_of_its_own() -> None:
    made, _ = configured(signing())
    sent = SentRequest(verb="PUT", path="/a?b=1", body=b"", request_id="r1")
    one, other = (made.for_request(signing().stages[0], "ann", (), sent) for _ in range(2))
    assert one != other
    empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"  # SHA-256 of nothing
    assert claims_of(one)["req"] == {"m": "PUT", "p": "/a?b=1", "b": empty, "id": "r1"}


def test_another_key_signs_what_comes_after_it_and_what_was_signed_stays() -> None:
    made, now = configured(signing(name="a"))
    stage = signing().stages[0]
    before = made.for_caller(stage, "ann", ())
    asyncio.run(made.configure(signing(name="b")))
    assert made.for_caller(stage, "ann", ()) is before
    now[0] += KEPT_MS
    assert kid_of(made.for_caller(stage, "ann", ()).token) == signing(name="b").assertion_kid


def test_another_project_sends_nothing_that_was_signed_for_the_one_before() -> None:
    made, _ = configured(signing())
    stage = signing().stages[0]
    made.for_caller(stage, "ann", ())
    asyncio.run(made.configure(replace(signing(), assertion_issuer="gateline:other")))
    assert claims_of(made.for_caller(stage, "ann", ()).token)["iss"] == "gateline:other"


def test_without_a_key_nothing_is_signed() -> None:
    made, _ = configured(replace(signing(), assertion_kid="", assertion_key=""))
    stage = signing().stages[0]
    with pytest.raises(NotSigned):
        made.for_caller(stage, "ann", ())
    with pytest.raises(NotSigned):
        made.for_request(stage, "", (), SentRequest(verb="GET", path="/", body=b"", request_id="r"))


def test_what_is_kept_is_bounded_and_the_oldest_goes() -> None:
    made, _ = configured(signing(), largest=6000)
    stage = signing().stages[0]
    first, *_, last = [made.for_caller(stage, f"caller-{number}", ()) for number in range(8)]
    assert made.for_caller(stage, "caller-7", ()) is last
    assert made.for_caller(stage, "caller-0", ()) is not first
