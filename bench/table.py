"""Rows as a table that reads well in a terminal and is Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from bench.measure import Row

HEADS = {
    "cpu_us": "CPU µs",
    "ratio": "times bare",
    "times_plain": "times plain",
    "ratio_min": "times bare (minima)",
    "budget": "budget",
    "requests_per_second": "requests/s",
    "p50_us": "p50 µs, 1 conn",
    "p50_added_us": "added µs",
    "calls_per_request": "calls/request",
    "times_gateline_hot": "times Gateline hot",
}
_NOT_CELLS = {"skipped", "error", "cpu_us_by_process"}


def table(rows: Sequence[Row]) -> str:
    """The rows; below them what was skipped, what failed to start, and costs by process."""
    full = [row for row in rows if not _NOT_CELLS & row.keys() - {"cpu_us_by_process"}]
    groups: list[list[Row]] = []
    for row in full:  # rows with other columns are another table
        if groups and _columns(row) <= _columns(groups[-1][0]) | {"budget"}:
            groups[-1].append(row)
        else:
            groups.append([row])
    blocks = [_aligned(group) for group in groups]
    notes = []
    for row in rows:
        if parts := row.get("cpu_us_by_process"):
            assert isinstance(parts, dict)
            notes.append(
                f"{row['what']}: " + ", ".join(f"{name} {spent} µs" for name, spent in parts.items())
            )
        notes += [f"{row['what']} {word}: {row[word]}" for word in ("skipped", "error") if word in row]
    return "\n\n".join([*blocks, *(["\n".join(notes)] if notes else [])]) + "\n"


def _columns(row: Row) -> set[str]:
    return row.keys() - _NOT_CELLS


def _aligned(rows: Sequence[Row]) -> str:
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in _NOT_CELLS]
    names = [name for name in names if any(row.get(name) is not None for row in rows)]
    cells = [[HEADS.get(name, name.replace("_", " ")) for name in names]]
    cells += [[_text(row.get(name)) for name in names] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    lines = [
        "| "
        + " | ".join(
            c.ljust(w) if n == 0 else c.rjust(w) for n, (c, w) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in cells
    ]
    rule = (
        "|" + "|".join("-" * (w + 2) if n == 0 else "-" * (w + 1) + ":" for n, w in enumerate(widths)) + "|"
    )
    return "\n".join([lines[0], rule, *lines[1:]])


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
