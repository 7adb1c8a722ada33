from __future__ import annotations

from gateline.compile.resources import CLUSTER, SCOPED_ROUTE
from gateline.control.status import NodeStatus

from .conftest import Bench, Pieces, gateway, serving


def test_a_node_that_never_came_has_accepted_nothing(bench: Bench) -> None:
    status = NodeStatus.of("n1", bench.node, connected=False)
    assert (status.node, status.connected, status.accepted, status.versions) == ("n1", False, "", {})
    assert status.last_refusal is None


def test_a_node_says_what_it_accepted_by_type(bench: Bench, pieces: Pieces) -> None:
    snapshot = serving(bench, gateway(pieces))
    status = NodeStatus.of("n1", bench.node, connected=True)
    assert status.accepted == snapshot.version
    assert status.versions[CLUSTER] == snapshot.type_versions[CLUSTER]


def test_a_node_says_what_it_refused_last_and_what_it_still_serves(bench: Bench, pieces: Pieces) -> None:
    good = serving(bench, gateway(pieces))
    bench.envoy.refuses = {"bad": "bad is wrong"}
    bench.publish(gateway(pieces, pieces.scope("bad", pieces.route("c"))))
    status = NodeStatus.of("n1", bench.node, connected=True)
    assert status.accepted == good.version
    assert status.last_refusal is not None
    assert status.last_refusal.names == ("bad",)


def test_a_node_says_what_it_owes_an_answer_about(bench: Bench, pieces: Pieces) -> None:
    serving(bench, gateway(pieces))
    bench.envoy.silent = {SCOPED_ROUTE}
    bench.publish(gateway(pieces, routes=2))
    assert NodeStatus.of("n1", bench.node, connected=True).waiting_for == (SCOPED_ROUTE,)
