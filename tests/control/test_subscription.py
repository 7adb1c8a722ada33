"""Transcripts of one subscription."""

from __future__ import annotations

import pytest

from gateline.control.subscription import (
    Acked,
    Nacked,
    Offered,
    Refused,
    Repeated,
    Retired,
    Send,
    Subscribed,
    Subscription,
    Unsubscribed,
)

ALL = Subscribed(wildcard=True)


def offered(*, exactly: bool = False, **versions: str) -> Offered:
    return Offered(versions=versions, exactly=exactly)


def send(nonce: str, *removed: str, **versions: str) -> Send:
    return Send(nonce=nonce, versions=versions, removed=removed)


def names(*wanted: str) -> Subscribed:
    return Subscribed(names=frozenset(wanted))


@pytest.fixture
def subscription() -> Subscription:
    return Subscription()


def test_nothing_is_sent_before_it_is_asked_for(subscription: Subscription) -> None:
    assert subscription.handle(offered(a="1")) == []
    assert subscription.handle(ALL) == [send("1", a="1")]


def test_nothing_is_sent_before_there_is_an_offer(subscription: Subscription) -> None:
    assert subscription.handle(ALL) == []
    assert subscription.handle(offered(a="1")) == [send("1", a="1")]


def test_who_asks_for_all_gets_all_that_changes(subscription: Subscription) -> None:
    subscription.handle(offered(a="1", b="1"))
    assert subscription.handle(ALL) == [send("1", a="1", b="1")]
    assert subscription.handle(offered(a="2", b="1", c="1")) == [send("2", a="2", c="1")]


def test_who_asks_by_name_gets_nothing_else(subscription: Subscription) -> None:
    subscription.handle(offered(a="1", b="1"))
    assert subscription.handle(names("b")) == [send("1", b="1")]
    assert subscription.handle(offered(a="2", b="1")) == []


def test_an_equal_version_is_not_sent_again_even_before_it_is_accepted(subscription: Subscription) -> None:
    subscription.handle(ALL)
    subscription.handle(offered(a="1"))
    assert subscription.handle(offered(a="1")) == []


def test_it_is_settled_when_every_response_is_accepted(subscription: Subscription) -> None:
    subscription.handle(ALL)
    assert not subscription.settled
    subscription.handle(offered(a="1"))
    subscription.handle(offered(a="2"))
    subscription.handle(Acked("1"))
    assert not subscription.settled
    subscription.handle(Acked("2"))
    assert subscription.settled


def test_an_empty_offer_is_answered_since_envoy_waits_for_a_first_answer(subscription: Subscription) -> None:
    subscription.handle(ALL)
    assert subscription.handle(offered()) == [send("1")]
    assert not subscription.settled
    subscription.handle(Acked("1"))
    assert subscription.settled
    assert subscription.handle(offered()) == []


def test_who_reconnects_with_everything_gets_nothing_and_counts_as_settled(
    subscription: Subscription,
) -> None:
    subscription.handle(offered(a="1", b="1"))
    assert subscription.handle(Subscribed(wildcard=True, known={"a": "1", "b": "1"})) == []
    assert subscription.settled


def test_who_reconnects_gets_what_changed_meanwhile(subscription: Subscription) -> None:
    subscription.handle(offered(a="2", b="1", exactly=True))
    known = {"a": "1", "b": "1", "old": "1"}
    assert subscription.handle(Subscribed(wildcard=True, known=known)) == [send("1", "old", a="2")]


def test_a_name_asked_for_once_more_is_sent_once_more(subscription: Subscription) -> None:
    subscription.handle(offered(a="1"))
    subscription.handle(names("a"))
    subscription.handle(Acked("1"))
    assert subscription.handle(names("a")) == [send("2", a="1")]


def test_what_must_be_repeated_is_sent_with_the_next_offer_only_once(subscription: Subscription) -> None:
    subscription.handle(offered(a="1", b="1"))
    subscription.handle(names("a", "b"))
    subscription.handle(Acked("1"))
    assert subscription.handle(Repeated(frozenset({"a"}))) == []
    assert subscription.handle(offered(a="1", b="1")) == [send("2", a="1")]
    assert subscription.handle(offered(a="1", b="1")) == []


def test_what_must_be_repeated_is_sent_although_a_reconnecting_client_knows_it(
    subscription: Subscription,
) -> None:
    subscription.handle(Repeated(frozenset({"a"})))
    subscription.handle(offered(a="1"))
    asked = Subscribed(names=frozenset({"a"}), known={"a": "1"})
    assert subscription.handle(asked) == [send("1", a="1")]


def test_a_repetition_of_what_is_not_offered_is_forgotten(subscription: Subscription) -> None:
    subscription.handle(names("a"))
    subscription.handle(offered(a="1"))
    subscription.handle(Repeated(frozenset({"a"})))
    assert subscription.handle(offered()) == []
    assert subscription.handle(offered(a="1")) == []


def test_old_resources_stay_unless_the_offer_is_exact(subscription: Subscription) -> None:
    subscription.handle(ALL)
    subscription.handle(offered(a="1", b="1"))
    assert subscription.handle(offered(a="1")) == []
    assert subscription.surplus == {"b"}
    assert subscription.handle(offered(a="1", exactly=True)) == [send("2", "b")]
    assert subscription.surplus == frozenset()


def test_only_what_is_not_offered_can_be_retired(subscription: Subscription) -> None:
    subscription.handle(ALL)
    subscription.handle(offered(a="1", b="1"))
    subscription.handle(offered(b="1"))
    assert subscription.handle(Retired(frozenset({"a", "b", "never"}))) == [send("2", "a")]
    assert subscription.handle(Retired(frozenset({"a"}))) == []


def test_what_was_retired_and_comes_back_is_sent(subscription: Subscription) -> None:
    subscription.handle(ALL)
    subscription.handle(offered(a="1"))
    subscription.handle(offered())
    subscription.handle(Retired(frozenset({"a"})))
    assert subscription.handle(offered(a="1")) == [send("3", a="1")]


def test_who_asks_for_a_name_that_does_not_exist_is_told_so_once(subscription: Subscription) -> None:
    subscription.handle(offered())
    assert subscription.handle(names("a")) == [send("1", "a")]
    assert subscription.handle(offered()) == []
    assert subscription.handle(offered(a="1")) == [send("2", a="1")]


def test_who_unsubscribes_gets_no_more_and_starts_anew(subscription: Subscription) -> None:
    subscription.handle(offered(a="1", b="1"))
    subscription.handle(names("a", "b"))
    subscription.handle(Acked("1"))
    subscription.handle(Unsubscribed(frozenset({"a"})))
    assert subscription.handle(offered(a="2", b="1")) == []
    assert subscription.handle(names("a")) == [send("2", a="2")]


def test_who_gets_all_cannot_unsubscribe_from_one(subscription: Subscription) -> None:
    subscription.handle(ALL)
    subscription.handle(offered(a="1"))
    subscription.handle(Unsubscribed(frozenset({"a"})))
    assert subscription.handle(offered(a="1")) == []


def test_an_answer_to_what_was_unsubscribed_meanwhile_is_not_taken_for_holding_it(
    subscription: Subscription,
) -> None:
    subscription.handle(offered(a="1"))
    subscription.handle(names("a"))
    subscription.handle(Unsubscribed(frozenset({"a"})))
    subscription.handle(Acked("1"))
    assert subscription.handle(names("a")) == [send("2", a="1")]
    assert not subscription.settled


def test_a_refusal_is_reported_with_what_was_sent(subscription: Subscription) -> None:
    subscription.handle(ALL)
    subscription.handle(offered(a="1"))
    assert subscription.handle(Nacked("1", "bad")) == [Refused(send("1", a="1"), "bad")]
    assert not subscription.settled


def test_after_a_refusal_all_of_the_response_is_told_anew(subscription: Subscription) -> None:
    subscription.handle(ALL)
    subscription.handle(offered(good="1", bad="1"))
    subscription.handle(Acked("1"))
    subscription.handle(offered(good="2", bad="2", new="1"))
    subscription.handle(Nacked("2", "bad"))
    assert subscription.handle(offered(good="1", bad="1")) == [send("3", good="1", bad="1")]
    assert subscription.handle(Retired(frozenset({"new"}))) == [send("4", "new")]


def test_a_refusal_of_an_older_response_leaves_a_newer_one_alone(subscription: Subscription) -> None:
    subscription.handle(ALL)
    subscription.handle(offered(a="1"))
    subscription.handle(offered(a="2"))
    subscription.handle(Nacked("1", "bad"))
    subscription.handle(Acked("2"))
    assert subscription.settled
    assert subscription.handle(offered(a="2")) == []


def test_a_refused_removal_is_tried_again(subscription: Subscription) -> None:
    subscription.handle(ALL)
    subscription.handle(offered(a="1", exactly=True))
    subscription.handle(offered(exactly=True))
    subscription.handle(Nacked("2", "bad"))
    assert subscription.handle(offered(exactly=True)) == [send("3", "a")]


def test_an_answer_to_an_unknown_nonce_changes_nothing(subscription: Subscription) -> None:
    subscription.handle(ALL)
    subscription.handle(offered(a="1"))
    assert subscription.handle(Acked("7")) == []
    assert subscription.handle(Nacked("7", "bad")) == []
    assert not subscription.settled


def test_a_response_speaks_of_what_it_holds_and_what_it_removes() -> None:
    assert send("1", "gone", here="1").names == {"gone", "here"}
