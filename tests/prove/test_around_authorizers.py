from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateline.prove.around_authorizers import GROUP, attempts, told
from gateline.prove.attempt import Attempt, Finding, Verdict

WAY: dict[str, Any] = {
    "name": "web:80",
    "host": "::1",
    "port": 8080,
    "protocol": "HTTPS",
    "groups": ["orders"],
    "paths": ["/orders"],
    "answers": False,
}


def asked(**changes: Any) -> Attempt:
    [found] = attempts({"ways_around": [{**WAY, **changes}]})
    return found


def test_the_path_of_a_guarded_method_is_asked_for_without_credentials() -> None:
    tried = asked()
    assert (tried.group, tried.place, tried.subject) == (
        GROUP,
        "[::1]:8080/orders",
        "balancer web:80, to orders",
    )
    assert tried.wire["request"].startswith("GET /orders HTTP/1.1\r\nHost: [::1]:8080\r\n")
    assert tried.wire["tls"] is not None
    assert asked(protocol="HTTP").wire["tls"] is None
    assert list(attempts({})) == []


@pytest.mark.parametrize(
    ("verdict", "detail", "answers", "shown"),
    [
        (Verdict.OPEN, "200", False, Verdict.OPEN),
        (Verdict.OPEN, "404", False, Verdict.NOT_TRIED),
        (Verdict.OPEN, "301", False, Verdict.NOT_TRIED),
        (Verdict.OPEN, "200", True, Verdict.NOT_TRIED),
        (Verdict.REFUSED, "401", False, Verdict.REFUSED),
        (Verdict.CLOSED, "connection refused", False, Verdict.NOT_TRIED),
    ],
)
def test_what_may_be_the_balancers_own_answer_shows_nothing(
    verdict: Verdict, detail: str, answers: bool, shown: Verdict
) -> None:
    tried = asked(answers=answers)
    finding = Finding(
        group=tried.group,
        subject=tried.subject,
        place=tried.place,
        point="this host",
        means=tried.means,
        verdict=verdict,
        detail=detail,
    )
    [found] = told([finding])
    assert (found.verdict, found.means) == (shown, "no credentials")
    assert replace(found, verdict=verdict, detail=detail, means=tried.means) == finding
