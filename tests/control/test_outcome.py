from __future__ import annotations

import pytest

from gateline.compile.resources import CLUSTER, SCOPED_ROUTE, SECRET
from gateline.control.outcome import (
    WITHHELD,
    Accepted,
    Outcome,
    Refusal,
    Rejected,
    Superseded,
    Unanswered,
    refusal,
)
from gateline.control.snapshot import Snapshot
from gateline.control.subscription import Refused, Send
from gateline.model import codes
from gateline.model.origin import Origin

from .conftest import Pieces

PROJECT = Origin("gateline.yaml")
ORDERS = Origin("orders.json", ("paths", "/orders"))
USERS = Origin("users.json")


def refused(message: str, *names: str) -> Refused:
    return Refused(Send(nonce="1", versions=dict.fromkeys(names, "1")), message)


@pytest.fixture
def snapshot(pieces: Pieces) -> Snapshot:
    return pieces.snapshot(
        pieces.secret("s", "hunter2"),
        origins={"c1": ORDERS, "c10": USERS, "orders GET /x": ORDERS, "users": USERS},
    )


def test_the_resource_that_envoy_quotes_is_to_blame(snapshot: Snapshot) -> None:
    found = refusal(CLUSTER, refused("Error adding/updating cluster(s) c1: bad", "c1", "c2"), snapshot)
    assert found.names == ("c1",)
    assert found.origins == (ORDERS,)


def test_a_name_inside_a_longer_one_is_not_quoted(snapshot: Snapshot) -> None:
    found = refusal(CLUSTER, refused("Error adding/updating cluster(s) c10: bad", "c1", "c10"), snapshot)
    assert found.names == ("c10",)
    assert found.origins == (USERS,)


def test_a_name_inside_a_word_is_not_quoted(snapshot: Snapshot) -> None:
    found = refusal(
        CLUSTER, refused("Error adding/updating cluster(s) bad: no ring", "c", "ring-2", "bad"), snapshot
    )
    assert found.names == ("bad",)


def test_where_nothing_is_quoted_all_that_was_sent_is_suspected(snapshot: Snapshot) -> None:
    found = refusal(SCOPED_ROUTE, refused("missing ): ((", "orders", "users"), snapshot)
    assert found.names == ("orders", "users")
    assert found.origins == (USERS,)


def test_a_quoted_route_leads_to_its_own_definition(snapshot: Snapshot) -> None:
    found = refusal(SCOPED_ROUTE, refused("route orders GET /x: bad", "users"), snapshot)
    assert found.names == ("users",)
    assert found.origins == (ORDERS,)


def test_envoys_dump_of_a_resource_is_left_out(snapshot: Snapshot) -> None:
    dump = (
        'goo.gle/debugonly \nname: "s"\n inline_string: "x"\n: Proto constraint validation failed (Too.Short)'
    )
    found = refusal(SECRET, refused(dump, "s"), snapshot)
    assert found.message == "Proto constraint validation failed (Too.Short)"


def test_a_dump_that_is_not_understood_is_withheld(snapshot: Snapshot) -> None:
    assert refusal(CLUSTER, refused('goo.gle/debugstr name: "c" key: 1', "c"), snapshot).message == WITHHELD


def test_a_reason_that_quotes_a_secrets_value_is_withheld(snapshot: Snapshot) -> None:
    assert refusal(SECRET, refused("cannot use hunter2", "s"), snapshot).message == WITHHELD
    assert refusal(SECRET, refused("cannot use it", "s"), snapshot).message == "cannot use it"


def test_a_refusal_is_told_where_it_was_defined() -> None:
    found = Refusal(type_url=CLUSTER, names=("c1",), message="bad", origins=(ORDERS,)).diagnostic(PROJECT)
    assert found.code is codes.REFUSED_BY_ENVOY
    assert found.origin == ORDERS
    assert found.message == "Envoy refused cluster 'c1': bad"


def test_a_refusal_whose_place_is_not_certain_is_told_at_the_project() -> None:
    several = Refusal(type_url=SCOPED_ROUTE, names=("a", "b"), message="bad", origins=(ORDERS, USERS))
    nowhere = Refusal(type_url=SECRET, names=("s",), message="bad")
    assert several.diagnostic(PROJECT).origin == PROJECT
    assert several.diagnostic(PROJECT).message == "Envoy refused one of scoped routes 'a', 'b': bad"
    assert nowhere.diagnostic(PROJECT).origin == PROJECT


def test_every_refusal_of_a_rejection_is_told() -> None:
    refusals = tuple(Refusal(type_url=CLUSTER, names=(name,), message="bad") for name in "ab")
    told = Rejected(version="1", refusals=refusals, restored=True).diagnostics(PROJECT)
    assert [each.message for each in told] == [
        "Envoy refused cluster 'a': bad",
        "Envoy refused cluster 'b': bad",
    ]


def test_silence_is_told_with_what_is_missing() -> None:
    (told,) = Unanswered(version="1", waiting_for=(CLUSTER, SECRET)).diagnostics(PROJECT)
    assert told.code is codes.UNANSWERED_BY_ENVOY
    assert told.origin == PROJECT
    assert told.message == "an Envoy did not answer in time about: cluster, secret"


def test_an_outcome_is_accepted_when_all_accepted() -> None:
    rejected = Rejected(version="1", refusals=(), restored=True)
    assert Outcome(version="1", by_node={"a": Accepted(version="1")}).accepted
    mixed = Outcome(version="1", by_node={"a": Accepted(version="1"), "b": rejected})
    assert not mixed.accepted
    assert mixed.rejections == (rejected,)
    assert not Outcome(version="1", by_node={"a": Superseded(version="1")}).accepted
