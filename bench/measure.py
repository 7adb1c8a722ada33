"""Measuring: many cases in turn, round after round, each set against the bare Envoy of the same round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine
from bench.load import Asked, Load, Tokens, load
from bench.servers import Server

Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that is asked of one server. The first case of a run is bare Envoy."""

    name: str
    server: Server
    path: str
    tokens: Tokens | None = None
    asked: Asked | None = None  # in place of tokens
    calls: Path | None = None  # grows by a byte whenever an authorizer decides
    budget: float | None = None  # times bare Envoy's processor time, DESIGN section 6


@dataclass(slots=True)
class _Seen:
    costs: list[float] = field(default_factory=list)  # microseconds of processor time a request
    rates: list[float] = field(default_factory=list)  # requests a second
    latencies: list[float] = field(default_factory=list)  # microseconds, median, one connection
    parts: list[dict[str, float]] = field(default_factory=list)  # costs, by process
    requests: int = 0
    failed: int = 0
    calls: int = 0


def interleaved(cases: Sequence[Case], rounds: int, seconds: float = 1, latency_rounds: int = 0) -> list[Row]:
    """A row for each case: medians over the rounds, ratios to the first case of the same round."""
    seen = {case.name: _Seen() for case in cases}
    for _ in range(rounds):
        for case in cases:
            _once(case, seen[case.name], seconds)
    for _ in range(latency_rounds):
        for case in cases:
            alone = _load(case, seconds, connections=1)
            seen[case.name].latencies.append(alone.median)
            seen[case.name].failed += alone.failed
    bare = seen[cases[0].name]
    return [_row(case, seen[case.name], bare) for case in cases]


def _once(case: Case, seen: _Seen, seconds: float) -> None:
    calls, before = counted(case.calls), machine.tree_cpu_times(*case.server.pids)
    result = _load(case, seconds)
    after = machine.tree_cpu_times(*case.server.pids)
    requests = max(result.requests, 1)
    spent = {name: (total - before.get(name, 0.0)) / requests for name, total in after.items()}
    seen.costs.append(sum(spent.values()))
    seen.parts.append(spent)
    seen.rates.append(result.requests / result.seconds)
    seen.requests += result.requests
    seen.failed += result.failed
    seen.calls += counted(case.calls) - calls


def _load(case: Case, seconds: float, connections: int | None = None) -> Load:
    url = case.server.url + case.path
    if connections is None:
        return load(url, case.tokens or case.asked, seconds=seconds)
    return load(url, case.tokens or case.asked, seconds=seconds, connections=connections)


def counted(calls: Path | None) -> int:
    """How often an authorizer has decided so far."""
    return calls.stat().st_size if calls and calls.exists() else 0


def _row(case: Case, seen: _Seen, bare: _Seen) -> Row:
    ratio = statistics.median(own / base for own, base in zip(seen.costs, bare.costs, strict=True))
    row: Row = {
        "what": case.name,
        "cpu_us": round(statistics.median(seen.costs), 1),
        "ratio": round(ratio, 2),
        "ratio_min": round(min(seen.costs) / min(bare.costs), 2),
        "budget": case.budget,
        "requests_per_second": round(statistics.median(seen.rates)),
    }
    if seen.latencies:
        # The best round: latency suffers from whatever else the machine does.
        row["p50_us"] = round(min(seen.latencies))
        row["p50_added_us"] = round(min(seen.latencies) - min(bare.latencies))
    if case.calls:
        row["calls_per_request"] = round(seen.calls / max(seen.requests, 1), 3)
    row["failed"] = seen.failed
    names = sorted({name for parts in seen.parts for name in parts})
    if len(names) > 1:
        row["cpu_us_by_process"] = {
            name: round(statistics.median(parts.get(name, 0.0) for parts in seen.parts), 1) for name in names
        }
    return row
