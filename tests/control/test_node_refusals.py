"""Transcripts of one Envoy, as modelled in conftest: how it is brought back when it refuses or is silent."""

from __future__ import annotations

from gateline.compile.resources import CLUSTER, LISTENER, SCOPED_ROUTE
from gateline.control.exchange import Complain, Request
from gateline.control.outcome import Accepted, Rejected, Superseded, Unanswered
from gateline.model.origin import Origin

from .conftest import Bench, Pieces, gateway, serving, with_secret


def test_a_refused_route_is_taken_back(bench: Bench, pieces: Pieces) -> None:
    good = serving(bench, gateway(pieces))
    bench.envoy.refuses = {"bad": "no such thing"}
    subject = gateway(pieces, pieces.scope("bad", pieces.route("c")), routes=2)
    assert bench.publish(subject) == ["SRDS api bad", "SRDS api -bad"]
    (outcome,) = bench.outcomes
    assert isinstance(outcome, Rejected)
    assert (outcome.version, outcome.restored) == (subject.version, True)
    assert [each.names for each in outcome.refusals] == [("api", "bad")]
    assert bench.node.accepted is good
    assert bench.node.last_refusal is outcome.refusals[0]


def test_a_refusal_tells_the_definitions_place(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.refuses = {"bad": "scope bad is wrong"}
    place = Origin("orders.json", ("paths",))
    messages = [pieces.listener(), pieces.scope("bad", pieces.route("c")), pieces.cluster("c")]
    bench.publish(pieces.snapshot(*messages, pieces.endpoints("c", 1), origins={"bad": place}))
    (outcome,) = bench.outcomes
    assert isinstance(outcome, Rejected)
    assert outcome.refusals[0].origins == (place,)


def test_a_refused_listener_takes_everything_before_it_back(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.refuses = {"edge": "address in use"}
    subject = pieces.snapshot(
        pieces.listener(81),
        pieces.scope("api", pieces.route("d")),
        pieces.cluster("c", seconds=9),
        pieces.endpoints("c", 9),
        pieces.cluster("d"),
        pieces.endpoints("d", 1),
    )
    bench.perform(bench.node.publish(subject))
    bench.envoy.refuses["edge"] = "address in use"
    bench.envoy.pump()
    assert bench.envoy.heard[:5] == ["CDS c d", "EDS c", "EDS d", "SRDS api", "LDS edge"]
    assert bench.envoy.heard[5:] == ["CDS c", "EDS c", "SRDS api", "LDS edge"]


def test_a_refused_cluster_goes_at_once_with_the_other_new_ones(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.refuses = {"bad": "ring too small"}
    new = [pieces.cluster("bad"), pieces.endpoints("bad", 1), pieces.cluster("d"), pieces.endpoints("d", 1)]
    heard = bench.publish(gateway(pieces, *new, seconds=6))
    assert heard == ["CDS bad c d", "EDS c", "CDS c", "EDS c", "CDS -bad -d"]
    assert isinstance(bench.outcomes[0], Rejected)
    assert bench.lingering == []


def test_a_fresh_envoy_that_refuses_is_left_with_nothing(bench: Bench, pieces: Pieces) -> None:
    bench.envoy.refuses = {"edge": "address in use"}
    bench.connect(gateway(pieces))
    assert bench.envoy.heard == ["CDS c", "EDS c", "LDS edge", "LDS -edge"]
    (outcome,) = bench.outcomes
    assert isinstance(outcome, Rejected)
    assert outcome.restored
    assert bench.node.accepted is None
    assert bench.linger() == ["CDS -c"]


def test_a_fresh_envoy_that_refuses_gets_what_another_has_accepted(bench: Bench, pieces: Pieces) -> None:
    bench.connect(None)
    bench.envoy.refuses = {"bad": "bad is wrong"}
    good = gateway(pieces)
    subject = gateway(pieces, pieces.scope("bad", pieces.route("c")))
    heard = bench.publish(subject, last_good=good)
    assert heard == ["CDS c", "EDS c", "LDS edge", "SRDS api bad", "SRDS api -bad"]
    assert isinstance(bench.outcomes[0], Rejected)


def test_an_envoy_that_served_before_control_knew_it_is_left_alone_when_it_refuses(
    bench: Bench, pieces: Pieces
) -> None:
    serving(bench, with_secret(pieces, "old"))
    bench.envoy.refuses = {"api": "api is wrong"}
    restarted = Bench()
    restarted.envoy = bench.envoy
    restarted.envoy.deliver = lambda request: restarted.perform(restarted.node.request(request))
    restarted.connect(with_secret(pieces, "new"))
    assert bench.envoy.heard == ["CDS keeper new", "EDS new", "SDS new", "SRDS api"]
    (outcome,) = restarted.outcomes
    assert isinstance(outcome, Rejected)
    assert not outcome.restored
    assert restarted.lingering == []  # its routes name the old cluster still


def test_what_is_refused_a_second_time_while_taken_back_ends_it(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.refuses = {"api": "api is always wrong now"}
    assert bench.publish(gateway(pieces, routes=2)) == ["SRDS api", "SRDS api"]
    (outcome,) = bench.outcomes
    assert isinstance(outcome, Rejected)
    assert not outcome.restored
    assert len(outcome.refusals) == 2


def test_a_reconnecting_envoy_is_not_told_what_it_refused(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.refuses = {"bad": "bad is wrong"}
    subject = gateway(pieces, pieces.scope("bad", pieces.route("c")))
    bench.publish(subject)
    bench.envoy.heard.clear()
    bench.connect(subject)
    assert bench.envoy.heard == []


def test_what_was_refused_may_be_published_again(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.refuses = {"bad": "bad is wrong"}
    subject = gateway(pieces, pieces.scope("bad", pieces.route("c")))
    bench.publish(subject)
    bench.envoy.refuses = {}
    assert bench.publish(subject) == ["SRDS bad"]
    assert bench.outcomes[-1] == Accepted(version=subject.version)


def test_a_refusal_outside_a_run_is_a_complaint(bench: Bench, pieces: Pieces) -> None:
    serving(bench, with_secret(pieces, "a"))
    bench.publish(with_secret(pieces, "b"))
    bench.envoy.refuses = {"-a": "it stays"}
    bench.linger()
    (complaint,) = bench.others
    assert isinstance(complaint, Complain)
    assert (complaint.refusal.type_url, complaint.refusal.names) == (CLUSTER, ("a",))


def test_what_is_not_answered_in_time_is_taken_back(bench: Bench, pieces: Pieces) -> None:
    good = serving(bench, gateway(pieces))
    bench.envoy.silent = {CLUSTER}
    new = (pieces.cluster("d"), pieces.endpoints("d", 1))
    subject = gateway(pieces, *new)
    bench.publish(subject)
    bench.envoy.silent = set()
    assert bench.overdue() == ["CDS -d"]
    bench.envoy.answer(CLUSTER, "2")
    assert bench.outcomes == [Unanswered(version=subject.version, waiting_for=(CLUSTER,))]
    assert bench.node.accepted is good


def test_a_refusal_that_comes_when_it_is_taken_back_is_the_outcome(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {CLUSTER}
    bench.publish(gateway(pieces, pieces.cluster("d"), pieces.endpoints("d", 1)))
    bench.envoy.silent = set()
    bench.overdue()
    late = Request(type_url=CLUSTER, nonce="2", refusal="Error adding/updating cluster(s) d: too late")
    bench.envoy.deliver(late)
    (outcome,) = bench.outcomes
    assert isinstance(outcome, Rejected)
    assert (outcome.restored, outcome.refusals[0].names) == (True, ("d",))


def test_an_envoy_that_answers_nothing_at_all_is_given_up_until_it_does(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {SCOPED_ROUTE}
    subject = gateway(pieces, routes=2)
    bench.publish(subject)
    bench.overdue()
    assert bench.outcomes == []
    bench.overdue()
    assert bench.outcomes == [Unanswered(version=subject.version, waiting_for=(SCOPED_ROUTE,))]


def test_a_starting_envoy_is_waited_for_and_accepts_late(bench: Bench, pieces: Pieces) -> None:
    bench.envoy.silent = {LISTENER}
    snapshot = gateway(pieces)
    bench.connect(snapshot)
    assert bench.overdue() == []
    assert bench.outcomes == [Unanswered(version=snapshot.version, waiting_for=(LISTENER,))]
    bench.envoy.answer(LISTENER, "1")
    assert bench.outcomes[1:] == [Accepted(version=snapshot.version)]


def test_after_too_long_a_newer_snapshot_waits_no_more(bench: Bench, pieces: Pieces) -> None:
    bench.envoy.silent = {LISTENER}
    first, second = gateway(pieces), gateway(pieces, seconds=6)
    bench.connect(first)
    bench.overdue()
    assert bench.publish(second) == ["CDS c", "EDS c"]
    assert bench.outcomes[1:] == [Superseded(version=first.version)]


def test_after_too_long_the_same_is_waited_for_once_more(bench: Bench, pieces: Pieces) -> None:
    bench.envoy.silent = {LISTENER}
    snapshot = gateway(pieces)
    bench.connect(snapshot)
    run = bench.run
    bench.overdue()
    assert bench.publish(snapshot) == []
    assert bench.run > run
    assert len(bench.outcomes) == 1


def test_the_time_of_a_run_that_is_over_does_not_count(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    assert bench.overdue() == []
    run = bench.run
    bench.envoy.silent = {SCOPED_ROUTE}
    bench.publish(gateway(pieces, routes=2))
    assert bench.node.overdue(run) == []


def test_what_waits_is_told_when_a_run_took_too_long(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {SCOPED_ROUTE}
    first, second = gateway(pieces, routes=2), gateway(pieces, port=2, routes=3)
    bench.publish(first)
    bench.publish(second)
    bench.overdue()
    assert "EDS c" not in bench.envoy.heard
    assert bench.overdue() == ["EDS c", "SRDS api"]


def test_a_refusal_of_a_run_that_was_left_is_not_the_new_ones_fault(bench: Bench, pieces: Pieces) -> None:
    bench.envoy.silent = {SCOPED_ROUTE}
    bench.connect(gateway(pieces))
    bench.overdue()
    bench.publish(gateway(pieces, routes=2))
    bench.envoy.deliver(Request(type_url=SCOPED_ROUTE, nonce="1", refusal="bad"))
    bench.envoy.answer(SCOPED_ROUTE, "2")
    assert isinstance(bench.outcomes[-1], Accepted)


def test_a_late_refusal_of_routes_does_not_bring_new_ones_before_their_clusters(
    bench: Bench, pieces: Pieces
) -> None:
    bench.envoy.silent = {SCOPED_ROUTE}
    bench.connect(gateway(pieces))
    bench.overdue()
    bench.envoy.silent = {SCOPED_ROUTE, CLUSTER}
    assert bench.publish(gateway(pieces, seconds=6, routes=2)) == ["CDS c", "EDS c"]
    bench.envoy.deliver(Request(type_url=SCOPED_ROUTE, nonce="1", refusal="bad"))
    bench.envoy.pump()
    assert bench.envoy.heard[-1] == "EDS c"
    bench.envoy.answer(CLUSTER, "2")
    assert bench.envoy.heard[-1] == "SRDS api"


def test_what_one_run_owed_is_not_told_of_the_next(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {CLUSTER}
    bench.publish(gateway(pieces, seconds=6))
    bench.overdue()
    bench.envoy.answer(CLUSTER, "2")
    bench.envoy.answer(CLUSTER, "3")
    bench.envoy.silent = {SCOPED_ROUTE}
    subject = gateway(pieces, routes=2)
    bench.publish(subject)
    bench.perform(bench.node.disconnect())
    assert bench.outcomes[-1] == Unanswered(version=subject.version, waiting_for=(SCOPED_ROUTE,))


def test_a_refusal_is_told_although_something_newer_came_while_it_was_taken_back(
    bench: Bench, pieces: Pieces
) -> None:
    serving(bench, gateway(pieces))
    subject = gateway(pieces, routes=2)
    bench.perform(bench.node.publish(subject))
    bench.envoy.deliver(Request(type_url=SCOPED_ROUTE, nonce="2", refusal="bad"))
    bench.connect(gateway(pieces, routes=3))
    refused, accepted = bench.outcomes
    assert isinstance(refused, Rejected)
    assert refused.version == subject.version
    assert isinstance(accepted, Accepted)
