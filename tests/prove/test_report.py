from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from gateline.prove.attempt import Finding, Verdict
from gateline.prove.report import canonical, exit_code, made_report, open_ones, read_findings, rows

INVENTORY = {"project": "shop", "url": "http://127.0.0.1:80", "hosts": ["localhost"]}


def found(verdict: Verdict, *, group: str = "service orders", point: str = "this host") -> Finding:
    return Finding(
        group=group,
        subject="task orders/1",
        place="127.0.0.1:9",
        point=point,
        means="no proof",
        verdict=verdict,
        detail="200",
    )


def report(*verdicts: Verdict) -> dict[str, object]:
    findings = [found(each) for each in verdicts]
    return made_report(INVENTORY, findings, version="1", now=datetime(2026, 1, 2, tzinfo=UTC))


def test_a_report_counts_each_verdict_and_reads_back() -> None:
    made = report(Verdict.OPEN, Verdict.CLOSED, Verdict.CLOSED)
    assert made["summary"] == {
        "closed": 2,
        "refused": 0,
        "serves": 0,
        "same user: not isolated": 0,
        "not tried": 0,
        "absent": 0,
        "open": 1,
    }
    assert made["holds"] is False
    assert read_findings(json.loads(canonical(made)))[0] == found(Verdict.OPEN)


@pytest.mark.parametrize(
    ("verdict", "plain", "strict"),
    [
        (Verdict.CLOSED, 0, 0),
        (Verdict.REFUSED, 0, 1),
        (Verdict.SERVES, 0, 0),
        (Verdict.NOT_ISOLATED, 0, 1),
        (Verdict.NOT_TRIED, 0, 1),
        (Verdict.ABSENT, 2, 2),
        (Verdict.OPEN, 1, 1),
    ],
)
def test_what_is_open_fails_and_strictly_all_that_is_not_closed(
    verdict: Verdict, plain: int, strict: int
) -> None:
    made = report(verdict, Verdict.CLOSED)
    assert (exit_code(made, strict=False), exit_code(made, strict=True)) == (plain, strict)


def test_what_is_open_counts_more_than_who_is_absent() -> None:
    made = report(Verdict.ABSENT, Verdict.OPEN)
    assert (exit_code(made, strict=False), made["holds"]) == (1, False)
    assert report(Verdict.ABSENT)["holds"] is False


def test_the_gateways_own_refusals_do_not_fail_strictly() -> None:
    made = made_report(
        INVENTORY,
        [found(Verdict.REFUSED, group="guarded methods of a/b")],
        version="1",
        now=datetime(2026, 1, 2, tzinfo=UTC),
    )
    assert exit_code(made, strict=True) == 0


def test_a_row_says_the_worst_and_counts_all() -> None:
    findings = [found(Verdict.CLOSED), found(Verdict.OPEN), found(Verdict.CLOSED, point="another network")]
    first, second = rows(findings)
    assert (first["verdict"], first["tried"], first["seen"]) == ("open", "1 open, 1 closed", "200")
    assert (second["from"], second["verdict"]) == ("another network", "closed")
    assert [each["by"] for each in open_ones(findings)] == ["no proof"]


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(ValueError, match="findings"):
        read_findings({"findings": [{"verdict": "open"}]})
