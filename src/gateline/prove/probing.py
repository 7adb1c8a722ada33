"""Runs the prober at a vantage point, and tells what it saw."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gateline.prove.attempt import Attempt, Finding, Point, Verdict
from gateline.prove.judgement import finding

_PROBER: Final = Path(__file__).with_name("prober.py")
_SECONDS: Final = 300.0


def tried(point: Point, attempts: Sequence[Attempt]) -> list[Finding]:
    """The findings of these attempts from there, in their order."""
    if not attempts:
        return []
    seen = _seen(point, attempts)
    if isinstance(seen, str):
        return [untried(each, point.name, seen) for each in attempts]
    return [finding(attempt, point.name, outcome) for attempt, outcome in zip(attempts, seen, strict=True)]


def untried(attempt: Attempt, point: str, why: str, verdict: Verdict = Verdict.NOT_TRIED) -> Finding:
    """An attempt that could not be made."""
    return Finding(
        group=attempt.group,
        subject=attempt.subject,
        place=attempt.place,
        point=point,
        means=attempt.means,
        verdict=verdict,
        detail=why,
    )


def _seen(point: Point, attempts: Sequence[Attempt]) -> list[dict[str, Any]] | str:
    """What the prober saw of each; or why it could not."""
    if point.why_not:
        return point.why_not
    words = [sys.executable, "-I", "-S", str(_PROBER), point.namespace, str(point.uid)]
    try:
        done = subprocess.run(
            words,
            input=json.dumps([_from(point, each.wire) for each in attempts]).encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the attempts took longer than {_SECONDS:.0f} s"
    except OSError as error:
        return f"the prober cannot be started: {error.strerror}"
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return f"the prober failed: {last or done.returncode}"
    return found


def _from(point: Point, wire: Mapping[str, Any]) -> dict[str, Any]:
    """What the prober is told; of an address of this machine, where we are on it, that it must be one."""
    here = point.addresses if point.namespace == "-" else ()
    return {**wire, "own": wire.get("address") in {each.partition("%")[0] for each in here}}
