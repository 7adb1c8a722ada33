"""The part about authorizers: the whole job with Gateline and with what people use instead.

The job: decide by the token with a Lambda TOKEN authorizer (or a server that decides the same), map the path, add
the secret header, tell the backend who it is. Everything but wrk and the backend runs on one processor.
"""

from __future__ import annotations

import contextlib
import os
import threading
import urllib.request
from pathlib import Path

from bench import machine
from bench.load import Load, Tokens, herd, load
from bench.measure import Case, Row, counted, interleaved
from bench.projects import PATH, SECRET, write_authorized_project
from bench.rivals.proxies import envoy_asking, nginx_asking
from bench.servers import ECHO, Server, bare_envoy, gateline

GATELINE_HOT = "Gateline, hot token"
MANY, HERD = 10_000, 500
HOT = Tokens(prefix="Bearer hot")
RING = Tokens(prefix="Bearer ring", count=MANY)
NEW = Tokens(prefix="Bearer new", count=0)
BANNED = Tokens(prefix="Bearer banned", status=403)


def authorizer_rows(folder: Path, upstream: Server, rounds: int) -> list[Row]:
    """Each way to do the job, hot, with 10,000 tokens, with new tokens only, and refused."""
    with contextlib.ExitStack() as stack:
        bare = stack.enter_context(bare_envoy(folder, upstream.port))
        cases = [Case(name="bare Envoy, plain proxying", server=bare, path=f"{PATH}7", tokens=HOT)]
        rows: list[Row] = []
        for label, add in (
            ("Gateline", _gateline_cases),
            ("Envoy + ext_authz, gRPC", _grpc_cases),
            ("Envoy + ext_authz, HTTP", _http_cases),
            ("Envoy + ext_authz, HTTP, Starlette", _starlette_cases),
            ("nginx auth_request", _nginx_cases),
        ):
            if label.startswith("nginx") and machine.found("nginx") is None:
                rows.append(
                    {"what": label, "skipped": "nginx is not installed (Debian: apt-get install nginx-light)"}
                )
                continue
            try:
                cases += add(stack, folder, upstream.port)
            except machine.NotUp as error:
                rows.append({"what": label, "error": str(error)})
        for case in cases:
            _warm(case)
        measured = interleaved(cases, rounds, latency_rounds=max(1, rounds // 2))
        _compare(measured)
        return [*measured, *_herd_rows(cases), *_flood_rows(cases), *rows]


def _compare(rows: list[Row]) -> None:
    """Say of each what it costs in terms of Gateline's hot token."""
    costs = {str(row["what"]): row["cpu_us"] for row in rows}
    hot = costs.get(GATELINE_HOT)
    for row in rows:
        cost = row["cpu_us"]
        if isinstance(hot, float) and isinstance(cost, float) and "calls_per_request" in row:
            row["times_gateline_hot"] = round(cost / max(hot, 0.1), 2)


def _gateline_cases(stack: contextlib.ExitStack, folder: Path, port: int) -> list[Case]:
    kept, missed = folder / "kept.calls", folder / "missed.calls"
    for calls in (kept, missed):  # as root, a function is a user of its own
        calls.touch()
        calls.chmod(0o666)
    warm = stack.enter_context(gateline(write_authorized_project(folder / "kept", port, kept), "--no-watch"))
    cold = stack.enter_context(
        gateline(write_authorized_project(folder / "missed", port, missed), "--no-watch")
    )
    prove(warm)
    prove(cold)
    return [
        _case(GATELINE_HOT, warm, HOT, kept, 1.25),
        _case("Gateline, 10,000 tokens, all kept", warm, RING, kept, 1.4),
        _case("Gateline, deny", warm, BANNED, kept),
        _case("Gateline, every token new", cold, NEW, missed, 5.0),
    ]


def _grpc_cases(stack: contextlib.ExitStack, folder: Path, port: int) -> list[Case]:
    server, calls = stack.enter_context(envoy_asking(folder, "grpc", port)), folder / "ext_authz-grpc.calls"
    prove(server)
    return [
        _case("Envoy + ext_authz, gRPC, any token", server, HOT, calls),
        _case("Envoy + ext_authz, gRPC, deny", server, BANNED, calls),
    ]


def _http_cases(stack: contextlib.ExitStack, folder: Path, port: int) -> list[Case]:
    server, calls = stack.enter_context(envoy_asking(folder, "http", port)), folder / "ext_authz-http.calls"
    prove(server)
    return [
        _case("Envoy + ext_authz, HTTP, any token", server, HOT, calls),
        _case("Envoy + ext_authz, HTTP, deny", server, BANNED, calls),
    ]


def _starlette_cases(stack: contextlib.ExitStack, folder: Path, port: int) -> list[Case]:
    server = stack.enter_context(envoy_asking(folder, "starlette", port))
    prove(server)
    calls = folder / "ext_authz-starlette.calls"
    return [_case("Envoy + ext_authz, HTTP (Starlette), any token", server, HOT, calls)]


def _nginx_cases(stack: contextlib.ExitStack, folder: Path, port: int) -> list[Case]:
    kept = stack.enter_context(nginx_asking(folder, port, cached=True))
    asking = stack.enter_context(nginx_asking(folder, port, cached=False))
    prove(kept)
    prove(asking)
    calls = folder / "nginx-cached.calls"
    return [
        _case("nginx auth_request, cached, hot token", kept, HOT, calls),
        _case("nginx auth_request, cached, 10,000 tokens", kept, RING, calls),
        _case("nginx auth_request, cached, deny", kept, BANNED, calls),
        _case("nginx auth_request, not cached, any token", asking, HOT, folder / "nginx.calls"),
    ]


def _case(name: str, server: Server, tokens: Tokens, calls: Path, budget: float | None = None) -> Case:
    return Case(name=name, server=server, path=f"{PATH}7", tokens=tokens, calls=calls, budget=budget)


def prove(server: Server) -> None:
    """See that the job is done: who may come in reaches the mapped path with secret and name, others don't.

    Raises:
        NotUp: it is not.

    """
    for token, status in (("Bearer banned", 403), ("Basic x", 401)):
        if not machine.answers(f"{server.url}{PATH}7", status=status, headers={"Authorization": token}):
            raise machine.NotUp(f"{server.url} does not answer {status} to the token {token!r}")
    headers = {"Authorization": "Bearer jane", "Passthrough": "forged", "X-Principal": "forged"}
    asked = urllib.request.Request(f"{server.url}{PATH}echo", headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            said = answer.read().decode().strip()
    except OSError as error:
        raise machine.NotUp(f"{server.url} answers {error} to a good token") from error
    if said != f"{ECHO} {SECRET} jane":
        raise machine.NotUp(f"the backend behind {server.url} got {said!r}")


def _warm(case: Case) -> None:
    """Have every token decided once that is to be kept."""
    for _ in range(5):
        before = counted(case.calls)
        count = case.tokens.count if case.tokens else 1
        requests = load(case.server.url + case.path, case.tokens).requests
        while requests < count:
            requests += load(case.server.url + case.path, case.tokens, seconds=2).requests
        decided = counted(case.calls) - before
        if decided == 0 or decided >= requests:  # all are kept, or none ever is
            return


def _herd_rows(cases: list[Case]) -> list[Row]:
    """500 requests at once with one token that nobody has seen."""
    rows: list[Row] = []
    for case in cases:
        if case.tokens == NEW:
            before = counted(case.calls)
            answered = herd(case.server.port, case.path, f"Bearer slow{os.getpid()}", HERD)
            rows.append(
                {
                    "what": f"Gateline, {HERD} at once with one new token",
                    "calls": counted(case.calls) - before,
                    "answers": answered,
                    "failed": HERD - answered.get(200, 0),
                }
            )
    return rows


def _flood_rows(cases: list[Case]) -> list[Row]:
    """What a hot token gets while others send nothing but new ones."""
    rows: list[Row] = []
    for case in cases:
        if case.tokens != NEW:
            continue
        url, flooded = case.server.url + case.path, list[Load]()
        alone = load(url, HOT, seconds=2, connections=4)
        flood = threading.Thread(target=lambda url=url, seen=flooded: seen.append(load(url, NEW, seconds=4)))
        flood.start()
        during = load(url, HOT, seconds=2, connections=4)
        flood.join()
        rows.append(
            {
                "what": "Gateline, hot token on 4 connections, beside new tokens on 16",
                "p50_us_alone": round(alone.median),
                "p50_us_beside": round(during.median),
                "requests_per_second": round(during.requests / during.seconds),
                "new_per_second": round(flooded[0].requests / flooded[0].seconds),
                "failed": alone.failed + during.failed + flooded[0].failed,
            }
        )
    return rows
