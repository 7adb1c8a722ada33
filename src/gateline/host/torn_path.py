"""Paths that a balancer behind an `http` integration would take for those of different rules.

A rule compares a path as it stands, a target may decode it (`is_torn` of `dataplane/lua/routing.lua`, for proxies).
"""

from __future__ import annotations

from collections.abc import Iterable

from gateline.authorizers.glob import Steps, matches
from gateline.authorizers.readings import readings
from gateline.expressions.automaton import accepts, is_table


def is_torn(patterns: Iterable[str], target: str) -> bool:
    """Whether the readings of a target's path satisfy different ones of these path patterns.

    Also when there are more readings, or more comparisons, than are worth making.
    """
    path = target.partition("?")[0]
    if not any(sign in path for sign in ("%", ";", "//")):
        return False
    others = readings(path)
    if others is None:
        return True
    steps = Steps()
    texts = [each.encode("utf-8", "surrogateescape") for each in (path, *others)]
    for pattern in patterns:
        if is_table(pattern):
            judged = {accepts(pattern, text) for text in texts}
        else:
            judged = {matches(pattern.encode(), text, steps) for text in texts}
        if len(judged) > 1 or None in judged or steps.left <= 0:
            return True
    return False
