"""`make bench`: every figure of this version as tables, and as JSON with `--output FILE`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import machine
from bench.authorizers import authorizer_rows
from bench.balancers import balancer_rows
from bench.logins import login_rows
from bench.measure import Row
from bench.private import private_rows
from bench.projects import SECRET, SECRET_VARIABLE
from bench.rest_api import rest_api_rows
from bench.routes import change_rows, cost_rows, start_rows
from bench.servers import Server, backend
from bench.stickiness import stickiness_rows
from bench.table import table

# name: what it measures, whether it needs wrk
PARTS: dict[str, tuple[Callable[[Path, Server, int], list[Row]], bool]] = {
    "authorizers": (authorizer_rows, True),
    "cost": (cost_rows, True),
    "start": (start_rows, False),
    "change": (change_rows, True),
    "balancers": (balancer_rows, True),
    "login": (login_rows, True),
    "private": (private_rows, True),
    "rest_api": (rest_api_rows, True),
    "stickiness": (stickiness_rows, True),
}
ROUNDS, QUICK = 5, 2


def main() -> int:
    """Run it; 1 when a request failed or something did not come up."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help=f"rounds of a second for each case; default {ROUNDS}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rounds: the order of magnitude")
    parser.add_argument("--output", type=Path, help="write the figures there, as JSON")
    parser.add_argument("--only", choices=list(PARTS), action="append", help="may be repeated")
    chosen = parser.parse_args()
    rounds = chosen.rounds or (QUICK if chosen.quick else ROUNDS)
    os.environ[SECRET_VARIABLE] = SECRET
    results: dict[str, list[Row]] = {}
    # The system's own folder for temporary files, for the paths of Unix sockets must be short.
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        Path(name).chmod(0o711)
        for part in chosen.only or PARTS:
            results[part] = _rows(part, Path(name), rounds)
            print(f"\n## {part}\n\n{table(results[part])}", flush=True)
    if chosen.output:
        figures: dict[str, object] = {"about": {**machine.about(), "rounds": rounds}, **results}
        chosen.output.write_text(json.dumps(figures, indent=2) + "\n")
    broken = [row for rows in results.values() for row in rows if row.get("failed") or "error" in row]
    for row in broken:
        print(f"not as it must be: {row['what']}: {row.get('error') or row['failed']}", file=sys.stderr)
    return 1 if broken else 0


def _rows(part: str, folder: Path, rounds: int) -> list[Row]:
    measure, needs_wrk = PARTS[part]
    if needs_wrk and machine.found("wrk") is None:
        return [{"what": part, "skipped": "wrk is not installed (Debian: apt-get install wrk)"}]
    try:
        with backend(folder) as upstream:
            return measure(folder, upstream, rounds)
    except machine.NotUp as error:
        return [{"what": part, "error": str(error)}]


if __name__ == "__main__":
    sys.exit(main())
