"""Attempts at balancers of the internet behind which stand the targets of guarded methods: nobody asks who calls there.

What answers 2xx is open; an answer of another kind may be the balancer's own, which tells nothing of the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from gateline.prove.attempt import Attempt, Finding, Kind, Verdict
from gateline.prove.backend import MOST_PATHS, NO_CERTIFICATE, place, request_text

GROUP: Final = "balancers beside authorizers"


def attempts(inventory: Mapping[str, Any]) -> Iterator[Attempt]:
    """The paths of guarded methods, asked for without credentials."""
    for way in inventory.get("ways_around", ()):
        host, port = str(way["host"]), int(way["port"])
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        for path in way["paths"][:MOST_PATHS]:
            yield Attempt(
                group=GROUP,
                subject=f"balancer {way['name']}, to {', '.join(way['groups'])}",
                place=f"{authority}{path}",
                means="own answer" if way["answers"] else "no credentials",
                kind=Kind.SERVICE,
                wire={
                    **place(host, port),
                    "prefix": "",
                    "request": request_text("GET", path, authority, ()),
                    "tls": dict(NO_CERTIFICATE) if way["protocol"] == "HTTPS" else None,
                },
            )


def told(findings: Iterable[Finding]) -> Iterator[Finding]:
    """What these have shown."""
    for each in findings:
        says_little = each.verdict is Verdict.CLOSED or each.means == "own answer"
        if says_little or (each.verdict is Verdict.OPEN and not each.detail.startswith("2")):
            why = f"{each.detail}: perhaps the balancer's own answer"
            yield replace(each, means="no credentials", verdict=Verdict.NOT_TRIED, detail=why)
        else:
            yield each
