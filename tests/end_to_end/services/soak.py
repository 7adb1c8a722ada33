"""Deployments, changes of scale and broken versions, one after another under load: how many requests failed.

    python -m end_to_end.services.soak --deployments 20 --scales 50 --broken 3

with `src`, `tests` and `guard/src` in PYTHONPATH. Ends with 1 when a request failed, or a broken version stayed.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from end_to_end.services.conftest import Shop, request, running_shop
from end_to_end.services.test_changes import eventually, ids
from end_to_end.services.test_rollback import roll_back
from harness.busy_callers import BusyCallers

KINDS: Final = ("exits", "crashes", "ill")
COUNTS: Final = (1, 3, 2, 4, 1, 5)


def timed(what: str, times: int, work: Callable[[int], object]) -> str:
    """Do it so often; how long each took."""
    took = []
    for number in range(times):
        began = time.monotonic()
        work(number)
        took.append(time.monotonic() - began)
    if not took:
        return f"{what}: none"
    middle = statistics.median(took)
    return f"{what}: {times}, each took {min(took):.1f} to {max(took):.1f} s, in the middle {middle:.1f} s"


def deployments(shop: Shop, service: str) -> Callable[[int], None]:
    """Replaces all tasks."""

    def deploy(_: int) -> None:
        before = ids(shop.service(service))
        shop.deploy(service)
        assert set(ids(shop.until_steady(service))).isdisjoint(before)

    return deploy


def scales(shop: Shop) -> Callable[[int], None]:
    """Lets another number of tasks run."""

    def scale(number: int) -> None:
        shop.scale("orders", COUNTS[number % len(COUNTS)])
        shop.until("orders", lambda service: bool(service["steady"]))

    return scale


def broken_versions(shop: Shop) -> Callable[[int], None]:
    """Rolls out a broken version, which must go back by itself."""

    def roll_out(number: int) -> None:
        before = ids(shop.until_steady("release"))
        after = roll_back(shop, "release", "VERSION: good", f"VERSION: {KINDS[number % len(KINDS)]}")
        assert ids(after) == before

    return roll_out


def kills(shop: Shop) -> Callable[[int], None]:
    """Kills control in a deployment, and again before it has come to its end."""

    def kill(_: int) -> None:
        before = ids(shop.until_steady("orders"))
        shop.deploy("orders", wait=False)
        for _ in range(2):
            os.kill(shop.control, signal.SIGKILL)
            assert eventually(lambda: bool(ids(shop.service("orders"))))
        assert eventually(lambda: shop.service("orders")["steady"])
        assert set(ids(shop.until_steady("orders"))).isdisjoint(before)

    return kill


def reports(shop: Shop, given: argparse.Namespace) -> Iterator[str]:
    """Do all of it; a line for each part."""
    yield timed("rolling deployments", given.deployments, deployments(shop, "orders"))
    yield timed("rolling deployments with a circuit breaker", given.deployments, deployments(shop, "release"))
    yield timed("changes of scale", given.scales, scales(shop))
    yield timed("broken versions, rolled back", given.broken, broken_versions(shop))
    yield timed("deployments with control killed twice", given.kills, kills(shop))


def main(given: argparse.Namespace) -> int:
    """The exit code; what was seen is printed."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as opened:
        folder = Path(scratch) / "shop"
        shop = opened.enter_context(running_shop(folder, Path(scratch), "--log-format", "none"))
        for service in ("orders", "release"):
            shop.until_steady(service)
        answers: Counter[int] = Counter()
        refused = 0
        loads = [
            BusyCallers(shop.gateway.port, request(path), count=given.callers)
            for path in ("/orders", "/release")
        ]
        with ExitStack() as busy:
            for load in loads:
                busy.enter_context(load)
            for report in reports(shop, given):
                print(report, flush=True)
        for load in loads:
            answers += load.answers
            refused += load.refused
    failed = answers.total() - answers[200]
    print(f"{answers.total()} requests, {failed} failed, {refused} connections refused: {dict(answers)}")
    return int(bool(failed or refused))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count in {"deployments": 20, "scales": 50, "broken": 3, "kills": 3, "callers": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    sys.exit(main(parser.parse_args()))
