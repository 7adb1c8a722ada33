"""Which clients may speak with which target groups, and 464 for the others (load-balancers.md section 8).

A rule that forwards has routes in front of its own, with its own conditions and what does not fit: Envoy answers
them by itself, whatever form the target has and whatever becomes of a script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gateline.model.target_group import ProtocolVersion, TargetGroup

PROTOCOL_HEADER: Final = "x-gl-protocol"
"""What a client speaks; stripped from clients' own, and never sent to targets."""

MISMATCH: Final = 464
MISMATCH_SCRIPT: Final = "mismatch.lua"
"""Says 464 to gRPC clients too, whom Envoy would tell 200 and a code of gRPC."""

Match = Mapping[str, object]


def asks_versions(groups: Iterable[TargetGroup]) -> bool:
    """Whether it matters what clients speak: then listeners tell routes, in a header of their own."""
    return any(group.protocol_version is not ProtocolVersion.HTTP1 for group in groups)


def misfits(match: Match, version: ProtocolVersion) -> list[dict[str, object]]:
    """The matches of those requests, among the ones of a rule, that its target groups cannot take.

    Args:
        match: the rule's own.
        version: what its target groups speak.

    """
    if version is ProtocolVersion.HTTP1:
        return [{**match, "grpc": {}}]
    old = {"name": PROTOCOL_HEADER, "string_match": {"exact": "HTTP/2"}, "invert_match": True}
    found = [_with(match, old)]
    if version is ProtocolVersion.GRPC:
        found.append(
            _with(match, {"name": ":method", "string_match": {"exact": "POST"}, "invert_match": True})
        )
    return found


def _with(match: Match, condition: dict[str, object]) -> dict[str, object]:
    headers = match.get("headers", ())
    assert isinstance(headers, list | tuple)
    return {**match, "headers": [*headers, condition]}
