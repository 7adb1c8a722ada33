from __future__ import annotations

from typing import Any

import pytest

from gateline.prove.attempt import Attempt, Kind, Verdict
from gateline.prove.judgement import finding, judged

ATTEMPT = Attempt(
    group="service orders", subject="task orders/1", place="p", means="m", kind=Kind.RAW, wire={}
)


def answered(status: int, **more: bool) -> dict[str, Any]:
    return {"outcome": "answered", "status": status, **more}


@pytest.mark.parametrize(
    "outcome",
    ["connection refused", "unreachable", "missing", "permission denied", "no answer to the connection"],
)
@pytest.mark.parametrize("kind", Kind)
def test_without_a_connection_it_is_closed(kind: Kind, outcome: str) -> None:
    assert judged(kind, {"outcome": outcome}) == (Verdict.CLOSED, outcome)


@pytest.mark.parametrize(
    ("kind", "seen", "verdict"),
    [
        (Kind.SERVICE, answered(401), Verdict.REFUSED),
        (Kind.SERVICE, answered(403), Verdict.REFUSED),
        (Kind.SERVICE, answered(200), Verdict.OPEN),
        (Kind.SERVICE, answered(404), Verdict.OPEN),
        (Kind.SERVICE, answered(500), Verdict.OPEN),
        (Kind.SERVICE, answered(400), Verdict.OPEN),
        (Kind.SERVICE, answered(400, no_certificate=True), Verdict.REFUSED),
        (Kind.SERVICE, answered(404, by_gateway=True), Verdict.OPEN),
        (Kind.SERVICE, answered(0), Verdict.OPEN),
        (Kind.SERVICE, {"outcome": "hung up"}, Verdict.REFUSED),
        (Kind.SERVICE, {"outcome": "TLS refused", "detail": "X"}, Verdict.REFUSED),
        (Kind.SERVICE, {"outcome": "silent"}, Verdict.OPEN),
        (Kind.SERVICE, {"outcome": "something new"}, Verdict.OPEN),
        (Kind.SERVICE, {}, Verdict.OPEN),
        (Kind.SERVICE, answered(405), Verdict.OPEN),
        (Kind.VERB, answered(405), Verdict.REFUSED),
        (Kind.VERB, answered(501), Verdict.REFUSED),
        (Kind.VERB, answered(204), Verdict.OPEN),
        (Kind.RAW, {"outcome": "connected"}, Verdict.OPEN),
        (Kind.RAW, {"outcome": "hung up"}, Verdict.REFUSED),
        (Kind.HEALTH, answered(200), Verdict.SERVES),
        (Kind.HEALTH, answered(401), Verdict.REFUSED),
        (Kind.GUARDED, answered(401, by_gateway=True), Verdict.REFUSED),
        (Kind.GUARDED, answered(200, by_gateway=True), Verdict.OPEN),
        (Kind.GUARDED, answered(401), Verdict.OPEN),
        (Kind.GUARDED, answered(404), Verdict.OPEN),
        (Kind.DOOR, {"outcome": "connected"}, Verdict.SERVES),
        (Kind.DOOR, answered(403), Verdict.SERVES),
        (Kind.SOCKET, {"outcome": "connected"}, Verdict.OPEN),
        (Kind.SOCKET, answered(403), Verdict.OPEN),
        (Kind.SERVICE, {"outcome": "fault", "detail": "no memory"}, Verdict.NOT_TRIED),
    ],
)
def test_an_outcome_is_judged_by_who_answered(kind: Kind, seen: dict[str, Any], verdict: Verdict) -> None:
    assert judged(kind, seen)[0] is verdict


def test_a_finding_says_what_was_tried_from_where() -> None:
    found = finding(ATTEMPT, "this host", {"outcome": "connected"})
    assert (found.subject, found.point, found.means, found.verdict, found.detail) == (
        "task orders/1",
        "this host",
        "m",
        Verdict.OPEN,
        "takes the connection",
    )


def test_a_door_says_where_it_serves() -> None:
    door = Attempt(group="g", subject="gateway", place="[::1]:80", means="m", kind=Kind.DOOR, wire={})
    found = finding(door, "another network", {"outcome": "connected"})
    assert (found.verdict, found.detail) == (Verdict.SERVES, "at [::1]:80")


def test_who_listens_unasked_and_speaks_something_else_is_open() -> None:
    hung_up = {"outcome": "hung up"}
    assert judged(Kind.UNKNOWN, hung_up) == (Verdict.OPEN, "takes the connection, and does not speak HTTP")
    assert judged(Kind.SERVICE, hung_up)[0] is Verdict.REFUSED
    assert judged(Kind.UNKNOWN, {"outcome": "answered", "status": 401})[0] is Verdict.REFUSED
    assert judged(Kind.UNKNOWN, {"outcome": "answered", "status": 404})[0] is Verdict.OPEN
