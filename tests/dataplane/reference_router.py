"""A router as api-gateway.md section 3 says it, in the plainest way: try every template, keep the best.

Independent of the script's trie on purpose. The best template is the one that is most specific at the first
segment where two differ: static before parameter before greedy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_RANKS = {"static": 0, "parameter": 1, "greedy": 2}


def segments_of(path: str) -> list[str]:
    """The segments of a request's path; one trailing slash does not count."""
    if path == "/":
        return []
    return path[1:].removesuffix("/").split("/")


def ranks(template: str, segments: list[str]) -> tuple[int, ...] | None:
    """How specifically a template fits at each of its segments, or None when it does not fit."""
    parts = [] if template == "/" else template[1:].split("/")
    found: list[int] = []
    for index, part in enumerate(parts):
        rest = segments[index:]
        if re.fullmatch(r"\{.+\+\}", part):
            if not any(rest):
                return None
            return (*found, _RANKS["greedy"])
        if not rest:
            return None
        if part.startswith("{"):
            if rest[0] == "":
                return None
            found.append(_RANKS["parameter"])
        elif part == rest[0]:
            found.append(_RANKS["static"])
        else:
            return None
    return tuple(found) if len(parts) == len(segments) else None


def route(methods: Iterable[str], verb: str, path: str) -> str:
    """The method (`VERB /template`) that serves a request, "" for none."""
    segments = segments_of(path)
    best: tuple[tuple[int, ...], int, str] | None = None
    for method in methods:
        method_verb, template = method.split(" ", 1)
        fit = ranks(template, segments)
        if fit is None or method_verb not in (verb, "ANY"):
            continue
        candidate = (fit, int(method_verb == "ANY"), method)
        if best is None or candidate < best:
            best = candidate
    return best[2] if best else ""
