"""Secrets that are rotated every second for a minute under load: how many requests failed, and who let stale ones in.

    python -m end_to_end.rotation.soak --seconds 60

with `src`, `tests` and `guard/src` in PYTHONPATH. Ends with 1 when a request failed, or a stale value was let in.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from end_to_end.rotation.conftest import Rotating, request, rotating_gateway
from harness.busy_callers import BusyCallers

EVERY_SECOND: Final = ("Filed", "Probed")
OVERLAY: Final = "".join(
    f"secrets: {{{', '.join(f'{name}: {{rotate_every_seconds: 1}}' for name in EVERY_SECOND)}}}\n"
)


def watched(rotating: Rotating, name: str, seconds: float) -> tuple[int, Counter[int]]:
    """How often a secret was rotated, and what tasks have answered to the value that each rotation dropped."""
    answers: Counter[int] = Counter()
    stale: set[bytes] = set()
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        former = rotating.stale(name)
        step = rotating.secrets()[name]["step"]
        # what is kept is a moment ahead of what is told
        if former and former not in stale and step not in {"settled", "dropped"}:
            stale.add(former)
            answers.update(rotating.directly(name, former))
        time.sleep(0.02)
    return len(stale), answers


def main(seconds: float, callers: int) -> int:
    """The exit code; what was seen is printed."""
    names = (*EVERY_SECOND, "Started")
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as opened:
        overlay = Path(scratch) / "overlay.yaml"
        overlay.write_text(OVERLAY)
        rotating = opened.enter_context(
            rotating_gateway(Path(scratch), "--overlay", str(overlay), "--log-format", "none")
        )
        with ThreadPoolExecutor() as threads, ExitStack() as busy:
            loads = [BusyCallers(rotating.gateway.port, request(name), count=callers) for name in names]
            for load in loads:
                busy.enter_context(load)
            watching = [threads.submit(watched, rotating, name, seconds) for name in names]
            again_and_again(rotating, seconds)
            seen = [each.result() for each in watching]
        problems = {name: each["problem"] for name, each in rotating.secrets().items() if each["problem"]}
    bad = bool(problems)
    for name, load, (rotations, stale) in zip(names, loads, seen, strict=True):
        failed = load.answers.total() - load.answers[200]
        bad |= bool(failed or load.refused or stale.keys() - {401, 403})
        print(
            f"{name}: {rotations} rotations in {seconds:g} s; {load.answers.total()} requests, {failed} failed, "
            f"{load.refused} connections refused; the stale values were answered {dict(stale)}"
        )
    print(f"rotations that did not come to their end: {problems or 'none'}")
    return int(bad)


def again_and_again(rotating: Rotating, seconds: float) -> None:
    """Rotate the secret that takes two deployments as often as that goes."""
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        rotating.rotate("Started")
        rotating.reached("Started")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--callers", type=int, default=2)
    given = parser.parse_args()
    sys.exit(main(given.seconds, given.callers))
