"""`make bench`: every figure of this version in one table, and as JSON with `--output FILE`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import machine
from bench.projects import SECRET_VARIABLE, definition, write_project

BACKEND, BARE, FIRST = 19901, 19902, 19910
SIZES = (10, 1_000, 10_000)


def cost_rows(folder: Path, rounds: int) -> list[dict[str, object]]:
    """Processor time a request, first and last of 10, 1,000 and 10,000 routes, interleaved with bare Envoy."""
    with contextlib.ExitStack() as stack:
        bare = stack.enter_context(machine.bare_envoy(folder, BARE, BACKEND))
        cases: dict[str, tuple[int, str]] = {"bare Envoy": (bare.pid, f"http://127.0.0.1:{BARE}/items/7")}
        port = FIRST
        for prefix, label in (("", ""), ("/{tenant}", " under /{tenant}")):
            for size in SIZES if not prefix else SIZES[-1:]:
                port += 1
                project = write_project(folder / f"p{port}", size, BACKEND, prefix=prefix)
                ready = stack.enter_context(machine.gateline(project, port, "--no-watch"))
                lead = "/acme" if prefix else ""
                for name, number in (("first", 0), ("last", size - 1)):
                    url = f"http://127.0.0.1:{port}/prod{lead}/r{number}/7"
                    machine.wait_for(url)
                    cases[f"{name} of {size:,} routes{label}"] = (ready.envoy, url)
        return _interleaved(cases, rounds)


def _interleaved(cases: dict[str, tuple[int, str]], rounds: int) -> list[dict[str, object]]:
    costs: dict[str, list[float]] = {name: [] for name in cases}
    failed = dict.fromkeys(cases, 0)
    for _ in range(rounds):
        for name, (pid, url) in cases.items():
            before = machine.cpu_time(pid)
            seen = machine.load(url)
            costs[name].append((machine.cpu_time(pid) - before) / max(seen.requests, 1))
            failed[name] += seen.failed
    base = statistics.median(costs["bare Envoy"])
    return [
        {
            "what": name,
            "cpu_us": round(statistics.median(values), 1),
            "cpu_us_min": round(min(values), 1),
            "ratio": round(statistics.median(values) / base, 2),
            "ratio_min": round(min(values) / min(costs["bare Envoy"]), 2),
            "failed": failed[name],
        }
        for name, values in costs.items()
    ]


def start_rows(folder: Path) -> list[dict[str, object]]:
    """From the command to the ready file, and memory at rest."""
    rows = []
    for number, size in enumerate((10, 10_000)):
        project = write_project(folder / f"start{size}", size, BACKEND)
        with machine.gateline(project, FIRST + 50 + number, "--no-watch") as ready:
            machine.wait_for(f"http://127.0.0.1:{FIRST + 50 + number}/prod/r0/7")
            memory = machine.proportional_memory(ready.process.pid)
            rows.append(
                {
                    "what": f"start, {size:,} routes",
                    "seconds": round(ready.seconds, 2),
                    "memory_mb": round(memory / 1e6),
                }
            )
    return rows


def change_rows(folder: Path, changes: int = 20) -> list[dict[str, object]]:
    """One route changed among 3,000 over 30 APIs: from the edit until a client sees it, under load."""
    import threading  # noqa: PLC0415 - only here

    port = FIRST + 60
    project = write_project(folder / "change", 3_000, BACKEND, apis=30)
    with machine.gateline(project, port, cpu=""):
        url = f"http://127.0.0.1:{port}/prod/r1/7"
        machine.wait_for(url)
        seen: list[machine.Load] = []
        under = threading.Thread(target=lambda: seen.append(machine.load(url, seconds=changes)))
        under.start()
        waits = [_seen_after(project, port, number) for number in range(changes)]
        under.join()
    return [
        {
            "what": "one route changed, 3,000 over 30 APIs, under load",
            "ms_from_edit": round(statistics.median(waits), 1),
            "ms_max": round(max(waits), 1),
            "requests": seen[0].requests,
            "failed": seen[0].failed,
        }
    ]


def _seen_after(project: Path, port: int, number: int) -> float:
    """Milliseconds from an edit that adds a route until the route answers."""
    import http.client  # noqa: PLC0415 - only here

    document = definition(100)
    paths = document["paths"]
    assert isinstance(paths, dict)
    paths[f"/new{number}/{{id}}"] = paths["/r0/{id}"]
    text = json.dumps(document)
    draft = project / "draft.tmp"
    draft.write_text(text)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    started = time.monotonic()
    draft.replace(project / "api0.json")
    while True:
        connection.request("GET", f"/prod/new{number}/7")
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            return (time.monotonic() - started) * 1000
        time.sleep(0.001)


def main() -> int:
    """Run all of it."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--only", choices=["cost", "start", "change"])
    chosen = parser.parse_args()
    missing = machine.missing_tools()
    if missing:
        print(f"bench needs {', '.join(missing)} (Debian: apt-get install wrk nginx-light util-linux)")
        return 1
    os.environ[SECRET_VARIABLE] = "bench-secret-value"
    parts: dict[str, Callable[[Path], list[dict[str, object]]]] = {
        "cost": lambda folder: cost_rows(folder, chosen.rounds),
        "start": start_rows,
        "change": change_rows,
    }
    results: dict[str, list[dict[str, object]]] = {}
    with tempfile.TemporaryDirectory() as name, machine.backend(Path(name), BACKEND):
        for part, measure in parts.items():
            if chosen.only in (None, part):
                results[part] = measure(Path(name))
                for row in results[part]:
                    print("  ".join(f"{key}={value}" for key, value in row.items()), flush=True)
    if chosen.output:
        chosen.output.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
