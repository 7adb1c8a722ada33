"""Transcripts of one Envoy, as modelled in conftest: what it is sent, in which order."""

from __future__ import annotations

from gateline.compile.resources import CLUSTER, ENDPOINT, SCOPED_ROUTE, SECRET
from gateline.control.exchange import Request, Respond
from gateline.control.node import Node
from gateline.control.outcome import Accepted, Superseded, Unanswered

from .conftest import Bench, Pieces, gateway, serving, with_secret


def test_a_starting_envoy_gets_things_in_the_order_in_which_it_asks(bench: Bench, pieces: Pieces) -> None:
    snapshot = with_secret(pieces, "s")
    bench.connect(snapshot)
    assert bench.envoy.heard == ["CDS keeper s", "EDS s", "SDS s", "LDS edge", "SRDS api"]
    assert bench.outcomes == [Accepted(version=snapshot.version)]
    assert bench.node.accepted is snapshot


def test_an_envoy_that_came_first_is_told_when_there_is_something(bench: Bench, pieces: Pieces) -> None:
    bench.connect(None)
    assert bench.envoy.heard == []
    assert bench.publish(gateway(pieces)) == ["CDS c", "EDS c", "LDS edge", "SRDS api"]


def test_nothing_is_accepted_before_every_type_is_answered(bench: Bench, pieces: Pieces) -> None:
    bench.envoy.silent = {SCOPED_ROUTE}
    bench.connect(gateway(pieces))
    assert bench.outcomes == []
    assert bench.node.waiting_for == (SCOPED_ROUTE,)
    bench.envoy.answer(SCOPED_ROUTE, "1")
    assert isinstance(bench.outcomes[0], Accepted)
    assert not bench.node.running


def test_the_same_snapshot_sends_nothing(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    assert bench.publish(gateway(pieces)) == []
    assert bench.outcomes == [Accepted(version=gateway(pieces).version)]


def test_a_changed_route_is_all_that_is_sent(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    assert bench.publish(gateway(pieces, routes=2)) == ["SRDS api"]


def test_a_changed_endpoint_is_all_that_is_sent(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    assert bench.publish(gateway(pieces, port=2)) == ["EDS c"]


def test_a_rotated_secret_is_all_that_is_sent(bench: Bench, pieces: Pieces) -> None:
    serving(bench, with_secret(pieces, "s"))
    assert bench.publish(with_secret(pieces, "s", "rotated")) == ["SDS s"]


def test_a_changed_cluster_is_followed_by_its_endpoints(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    assert bench.publish(gateway(pieces, seconds=6)) == ["CDS c", "EDS c"]


def test_new_things_come_before_what_names_them_and_old_ones_go_last(bench: Bench, pieces: Pieces) -> None:
    serving(bench, with_secret(pieces, "old"))
    assert bench.publish(with_secret(pieces, "new")) == ["CDS keeper new", "EDS new", "SDS new", "SRDS api"]
    assert isinstance(bench.outcomes[0], Accepted)
    assert bench.linger() == ["CDS -old"]


def test_routes_wait_until_clusters_are_accepted(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {CLUSTER}
    more = (pieces.cluster("d"), pieces.endpoints("d", 1))
    assert bench.publish(gateway(pieces, *more, routes=2)) == ["CDS d", "EDS d"]
    bench.envoy.answer(CLUSTER, "2")
    assert bench.envoy.heard[-1] == "SRDS api"


def test_routes_wait_until_the_secrets_that_clusters_hold_are_accepted(bench: Bench, pieces: Pieces) -> None:
    serving(bench, with_secret(pieces, "old"))
    bench.envoy.silent = {SECRET}
    assert bench.publish(with_secret(pieces, "new")) == ["CDS keeper new", "EDS new", "SDS new"]
    bench.envoy.answer(SECRET, "2")
    assert bench.envoy.heard[-1] == "SRDS api"


def test_a_removed_scope_goes_with_the_update_of_its_type(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces, pieces.scope("other", pieces.route("c"))))
    assert bench.publish(gateway(pieces)) == ["SRDS -other"]


def test_a_lingering_cluster_that_came_back_stays(bench: Bench, pieces: Pieces) -> None:
    serving(bench, with_secret(pieces, "a"))
    bench.publish(with_secret(pieces, "b"))
    assert bench.publish(with_secret(pieces, "a")) == ["CDS keeper", "SDS a", "SRDS api"]
    assert bench.linger() == ["CDS -b"]


def test_a_clusters_time_that_ends_during_a_run_is_the_runs_end(bench: Bench, pieces: Pieces) -> None:
    serving(bench, with_secret(pieces, "a"))
    bench.publish(with_secret(pieces, "b"))
    bench.envoy.silent = {SCOPED_ROUTE}
    bench.publish(with_secret(pieces, "c"))
    assert bench.linger() == []
    bench.envoy.silent = set()
    bench.envoy.answer(SCOPED_ROUTE, "3")
    assert bench.envoy.heard[-1] == "CDS -a"


def test_a_reconnecting_envoy_that_has_everything_gets_nothing_and_has_accepted(
    bench: Bench, pieces: Pieces
) -> None:
    snapshot = serving(bench, with_secret(pieces, "s"))
    restarted = Bench()
    restarted.envoy = bench.envoy
    restarted.envoy.deliver = lambda request: restarted.perform(restarted.node.request(request))
    restarted.connect(snapshot)
    assert bench.envoy.heard == []
    assert restarted.outcomes == [Accepted(version=snapshot.version)]


def test_a_reconnecting_envoy_is_brought_from_what_it_holds(bench: Bench, pieces: Pieces) -> None:
    serving(bench, with_secret(pieces, "old"))
    bench.perform(bench.node.disconnect())
    bench.connect(with_secret(pieces, "new"))
    assert bench.envoy.heard == ["CDS keeper new", "EDS new", "SDS new", "SRDS api"]
    assert bench.linger() == ["CDS -old"]


def test_a_reconnecting_envoys_changed_cluster_gets_endpoints_that_it_knows(
    bench: Bench, pieces: Pieces
) -> None:
    serving(bench, gateway(pieces))
    bench.connect(gateway(pieces, seconds=6))
    assert bench.envoy.heard == ["CDS c", "EDS c"]


def test_the_newest_of_those_that_wait_wins(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    first, second, third = (gateway(pieces, routes=count) for count in (2, 3, 4))
    bench.envoy.silent = {SCOPED_ROUTE}
    bench.publish(first)
    assert bench.publish(second) == []
    assert bench.publish(third) == []
    assert bench.outcomes == [Superseded(version=second.version)]
    bench.envoy.silent = set()
    bench.envoy.answer(SCOPED_ROUTE, "2")
    assert bench.outcomes[1:] == [Accepted(version=first.version), Accepted(version=third.version)]
    assert bench.envoy.heard == ["SRDS api", "SRDS api"]


def test_the_same_once_more_waits_for_the_run_under_way(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {SCOPED_ROUTE}
    subject = gateway(pieces, routes=2)
    bench.publish(subject)
    assert bench.publish(subject) == []
    bench.envoy.answer(SCOPED_ROUTE, "2")
    assert bench.outcomes == [Accepted(version=subject.version)]


def test_endpoints_do_not_wait_for_a_cluster_that_warms(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {CLUSTER}
    first = gateway(pieces, seconds=6)
    bench.publish(first)
    moved = gateway(pieces, seconds=6, port=2)
    assert bench.publish(moved) == ["EDS c"]
    assert bench.outcomes == [Superseded(version=first.version)]
    bench.envoy.answer(CLUSTER, "2")
    assert bench.outcomes[1:] == [Accepted(version=moved.version)]


def test_when_the_stream_ends_nobody_waits_for_it(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {SCOPED_ROUTE}
    first, second = gateway(pieces, routes=2), gateway(pieces, routes=3)
    bench.publish(first)
    bench.publish(second)
    bench.perform(bench.node.disconnect())
    told = {each.version: each for each in bench.outcomes}
    assert isinstance(told[first.version], Unanswered)
    assert isinstance(told[second.version], Unanswered)
    assert bench.overdue() == []


def test_an_idle_stream_that_ends_has_no_outcome(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    assert bench.node.disconnect() == []


def test_a_run_that_was_cut_off_begins_anew_with_the_next_stream(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {SCOPED_ROUTE}
    subject = gateway(pieces, routes=2)
    bench.publish(subject)
    bench.perform(bench.node.disconnect())
    bench.envoy.silent = set()
    bench.outcomes.clear()
    bench.connect(subject)
    assert bench.outcomes == [Accepted(version=subject.version)]


def test_a_newer_snapshot_replaces_what_was_cut_off(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {SCOPED_ROUTE}
    bench.publish(gateway(pieces, routes=2))
    bench.envoy.silent = set()
    newer = gateway(pieces, routes=3)
    bench.connect(newer)
    assert bench.outcomes[-1] == Accepted(version=newer.version)


def test_nobody_is_sent_a_secret_or_endpoints_by_asking_for_everything(pieces: Pieces) -> None:
    node = Node()
    node.connect(with_secret(pieces, "s"))
    for type_url in (SECRET, ENDPOINT):
        assert node.request(Request(type_url=type_url, subscribe=frozenset({"*"}))) == []


def test_a_type_that_no_resource_asks_for_is_not_answered(pieces: Pieces) -> None:
    node = Node()
    node.connect(gateway(pieces))
    assert node.request(Request(type_url="type.googleapis.com/envoy.Other")) == []


def test_routes_wait_until_endpoints_are_asked_for(pieces: Pieces) -> None:
    node = Node()
    node.connect(gateway(pieces))
    node.request(Request(type_url=CLUSTER))
    node.request(Request(type_url=SCOPED_ROUTE))
    assert node.request(Request(type_url=CLUSTER, nonce="1")) == []
    node.request(Request(type_url=ENDPOINT, subscribe=frozenset({"c"})))
    (response,) = node.request(Request(type_url=ENDPOINT, nonce="1"))
    assert isinstance(response, Respond)
    assert response.type_url == SCOPED_ROUTE
