"""Matching: the method of an API that serves a request, as `gateway.lua` finds it (api-gateway.md section 3).

For commands that explain a request without sending it; `tests/model/test_matching.py` compares it with the
reference that the script is compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gateline.model.rest_api import Method, PathTemplate, SegmentKind

ANY: Final = "ANY"
VERBS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "DELETE"})
"""The verbs of API Gateway, each of which ANY stands for."""

_RANKS: Final = {SegmentKind.STATIC: 0, SegmentKind.PARAMETER: 1, SegmentKind.GREEDY: 2}


@dataclass(frozen=True, slots=True)
class Matched:
    """The method that serves a request, and its path parameters as they were sent."""

    method: Method
    path_parameters: tuple[tuple[str, str], ...]


def matched(methods: Iterable[Method], verb: str, path: str) -> Matched | None:
    """The method that serves `verb` on `path` (below the stage, with its leading slash), if there is one.

    The best is the most specific at the first segment where two differ: static before parameter before greedy;
    then the verb itself before ANY.
    """
    if verb not in VERBS:
        return None
    segments = path[1:].removesuffix("/").split("/") if len(path) > 1 else []
    best: tuple[tuple[int, ...], bool, Matched] | None = None
    for method in methods:
        if method.http_method not in {verb, ANY}:
            continue
        parameters = _parameters(method.path, segments)
        if parameters is None:
            continue
        ranks = tuple(_RANKS[segment.kind] for segment in method.path.segments)
        if best is None or (ranks, method.http_method == ANY) < best[:2]:
            best = ranks, method.http_method == ANY, Matched(method, parameters)
    return best[2] if best else None


def _parameters(template: PathTemplate, segments: Sequence[str]) -> tuple[tuple[str, str], ...] | None:
    """The parameters' values when the template fits, else None."""
    found: list[tuple[str, str]] = []
    for index, part in enumerate(template.segments):
        rest = segments[index:]
        if part.kind is SegmentKind.GREEDY:
            return (*found, (part.text, "/".join(rest))) if any(rest) else None
        if not rest:
            return None
        if part.kind is SegmentKind.STATIC:
            if rest[0] != part.text:
                return None
        elif rest[0] == "":
            return None
        else:
            found.append((part.text, rest[0]))
    return tuple(found) if len(template.segments) == len(segments) else None
