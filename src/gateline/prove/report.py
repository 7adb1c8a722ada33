"""The report: what was found, summed up, as JSON, and as the rows of a table that is read in a minute."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from gateline.prove.attempt import WORST_FIRST, Finding, Verdict

FORMAT: Final = 1

COLUMNS: Final = ("what", "from", "verdict", "tried", "seen")

_NAMED: Final = 3  # so many different details stand in a row


def made_report(
    inventory: Mapping[str, Any], findings: Sequence[Finding], *, version: str, now: datetime
) -> dict[str, Any]:
    """The report as a value that JSON can hold.

    Args:
        inventory: what was tried.
        findings: what came of it.
        version: Gateline's.
        now: when, with its time zone.

    """
    counted = Counter(each.verdict for each in findings)
    return {
        "format": FORMAT,
        "project": inventory["project"],
        "gateline": version,
        "made_at": now.isoformat(timespec="seconds"),
        "url": inventory["url"],
        "hosts": list(inventory["hosts"]),
        "summary": {verdict.value: counted[verdict] for verdict in Verdict},
        "holds": not counted[Verdict.OPEN] and not counted[Verdict.ABSENT],
        "findings": [asdict(each) for each in findings],
    }


def read_findings(report: Mapping[str, Any]) -> list[Finding]:
    """The findings of a report.

    Raises:
        ValueError: it is none.

    """
    try:
        return [Finding(**{**each, "verdict": Verdict(each["verdict"])}) for each in report["findings"]]
    except (KeyError, TypeError) as error:
        raise ValueError("it holds no findings") from error


def exit_code(report: Mapping[str, Any], *, strict: bool) -> int:
    """1: something is open; 2: somebody was not there to be tried; 0: neither.

    If strict, also 1 when a service was connected to at all, shares the gateway's user, or something was not tried.
    """
    findings = read_findings(report)
    worse = {Verdict.OPEN, Verdict.NOT_TRIED, Verdict.NOT_ISOLATED} if strict else {Verdict.OPEN}
    if any(each.verdict in worse or (strict and _is_reached_backend(each)) for each in findings):
        return 1
    return 2 if any(each.verdict is Verdict.ABSENT for each in findings) else 0


def _is_reached_backend(finding: Finding) -> bool:
    return finding.verdict is Verdict.REFUSED and finding.group.startswith(("service ", "targets of "))


def rows(findings: Iterable[Finding]) -> Iterator[dict[str, Any]]:
    """The rows of the table: of each part and vantage point the worst that was found, and how often."""
    gathered: dict[str, dict[str, list[Finding]]] = {}
    for each in findings:
        gathered.setdefault(each.group, {}).setdefault(each.point, []).append(each)
    parts = [(group, point, found) for group, points in gathered.items() for point, found in points.items()]
    for group, point, found in parts:
        counted = Counter(each.verdict for each in found)
        worst = next(verdict for verdict in WORST_FIRST if counted[verdict])
        details = Counter(each.detail.partition(": ")[0] for each in found if each.verdict is worst)
        yield {
            "what": group,
            "from": point,
            "verdict": worst.value,
            "tried": ", ".join(f"{counted[each]} {each.value}" for each in WORST_FIRST if counted[each]),
            "seen": ", ".join(detail for detail, _ in details.most_common(_NAMED)),
        }


def open_ones(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """What is open, each with the way by which it was found."""
    return [
        {"open": each.subject, "place": each.place, "from": each.point, "by": each.means, "seen": each.detail}
        for each in findings
        if each.verdict is Verdict.OPEN
    ]


def canonical(report: Mapping[str, Any]) -> bytes:
    """The bytes of a report that are signed: its JSON with sorted names and no blanks, in ASCII."""
    return json.dumps(report, sort_keys=True, separators=(",", ":")).encode("ascii")
