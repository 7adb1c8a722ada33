"""Parts about routes: what one costs among many, how long a start takes, and how long a change."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import statistics
import threading
import time
from pathlib import Path

from bench import machine
from bench.load import Load, load
from bench.measure import Case, Row, interleaved
from bench.projects import PATH, definition, write_authorized_project, write_project
from bench.servers import Server, bare_envoy, gateline

EXAMPLE = Path(__file__).parents[1] / "examples" / "storefront"
EXAMPLES_SECRETS = {"API_GATEWAY_SECRET": "bench", "TOKEN_KEY": "bench"}
SIZES = (10, 1_000, 10_000)


def cost_rows(folder: Path, upstream: Server, rounds: int) -> list[Row]:
    """Processor time a request, first and last of 10, 1,000 and 10,000 routes, interleaved with bare Envoy."""
    with contextlib.ExitStack() as stack:
        bare = stack.enter_context(bare_envoy(folder, upstream.port))
        cases = [Case(name="bare Envoy", server=bare, path="/items/7")]
        for prefix, label in (("", ""), ("/{tenant}", " under /{tenant}")):
            for size in SIZES if not prefix else SIZES[-1:]:
                project = folder / f"cost{size}{prefix.strip('/{}')}"
                write_project(project, size, upstream.port, prefix=prefix)
                server = stack.enter_context(gateline(project, "--no-watch"))
                lead = "/acme" if prefix else ""
                for name, number in (("first", 0), ("last", size - 1)):
                    path = f"/prod{lead}/r{number}/7"
                    cases.append(Case(name=f"{name} of {size:,} routes{label}", server=server, path=path))
        return interleaved(cases, rounds)


def start_rows(folder: Path, upstream: Server, rounds: int) -> list[Row]:  # noqa: ARG001 - as the other parts
    """From the command to the ready file, and memory at rest."""
    projects = [
        (
            f"start, {size:,} routes",
            write_project(folder / f"start{size}", size, upstream.port),
            "/prod/r0/7",
            200,
        )
        for size in (10, 10_000)
    ]
    calls = folder / "start.calls"
    calls.touch()
    calls.chmod(0o666)
    authorized = write_authorized_project(folder / "starthost", upstream.port, calls)
    projects.append(("start, 1 route with a Lambda authorizer", authorized, f"{PATH}7", 401))
    example = shutil.copytree(EXAMPLE, folder / "example")
    projects.append(("start, the example: 3 services of 2 tasks", example, "/prod/catalog/1", 200))
    rows: list[Row] = []
    for what, project, path, status in projects:
        with gateline(project, "--no-watch", environ=EXAMPLES_SECRETS) as server:
            if not machine.answers(server.url + path, status=status):
                raise machine.NotUp(f"{what}: ready, and {path} does not answer {status}")
            told = json.loads((project / "ready.json").read_text())
            tasks = sum(machine.proportional_memory(pid) for pid in told["pids"].get("tasks", {}).values())
            memory = machine.proportional_memory(server.pids[0]) - tasks  # services are the user's
            rows.append({"what": what, "seconds": round(server.seconds, 2), "memory_mb": round(memory / 1e6)})
    return rows


def change_rows(folder: Path, upstream: Server, rounds: int) -> list[Row]:
    """One route changed among 3,000 over 30 APIs: from the edit until a client sees it, under load."""
    changes = 4 * rounds
    project = write_project(folder / "change", 3_000, upstream.port, apis=30)
    with gateline(project, cpus=machine.ANY_CPU) as server:
        seen: list[Load] = []
        url = f"{server.url}/prod/r1/7"
        under = threading.Thread(target=lambda: seen.append(load(url, seconds=changes)))
        under.start()
        waits = [_seen_after(project, server.port, number) for number in range(changes)]
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
    while time.monotonic() - started < machine.STARTING:
        connection.request("GET", f"/prod/new{number}/7")
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            connection.close()
            return (time.monotonic() - started) * 1000
        time.sleep(0.001)
    raise machine.NotUp("an edit is not seen after half a minute")
