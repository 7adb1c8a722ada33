"""Laying one file's tree over another's: `--overlay` replaces, `include` only adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin
from gateline.sources.tree import Node, Pointer, dotted


def lay_over(under: Node, over: Node) -> Node:
    """The lower tree changed by the upper: maps merge deep, anything else replaces, null removes."""
    if not isinstance(under.value, Mapping) or not isinstance(over.value, Mapping):
        return _without_nulls(over)
    merged = dict(under.value)
    for key, below in over.value.items():
        if below.value is None:
            merged.pop(key, None)
        elif key in merged:
            merged[key] = lay_over(merged[key], below)
        else:
            merged[key] = _without_nulls(below)
    return Node(merged, under.origin)


def _without_nulls(node: Node) -> Node:
    """What an overlay adds: a null in it says `not there`, also where nothing was there before."""
    if not isinstance(node.value, Mapping):
        return node
    kept = {key: _without_nulls(below) for key, below in node.value.items() if below.value is not None}
    return Node(kept, node.origin)


def join(
    first: Node,
    second: Node,
    say: Callable[[Origin], str],
    complaints: Complaints,
    here: Pointer = (),
) -> Node:
    """Both trees in one. A key that both set is a complaint at the second place, naming the first."""
    if isinstance(first.value, Mapping) and isinstance(second.value, Mapping):
        merged = dict(first.value)
        for key, below in second.value.items():
            known = merged.get(key)
            merged[key] = below if known is None else join(known, below, say, complaints, (*here, key))
        return Node(merged, first.origin)
    complaints.add(
        codes.INCLUDE_CONFLICT,
        second.origin,
        f"{dotted(here)} is set here and at {say(first.origin)}",
        help="files that are included add to each other; use --overlay to replace a value",
    )
    return first
