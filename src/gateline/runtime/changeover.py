"""What Envoy holds while its workers change over, where the host sends requests to backends through it.

The host performs a request by the configuration that let it in, and sends it to the egress scope of that revision.
So a new egress scope is there before any request needs it, and an old one until none can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.resources import CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE, SECRET, Resources


def prepared(before: Resources, after: Resources) -> Resources:
    """What serves, and the egress of what comes; the same object when that needs nothing new."""
    return _with_egress(before, after)


def lingering(before: Resources, after: Resources) -> Resources:
    """What comes, and the egress of what served; the same object when nothing of that would be missing."""
    return _with_egress(after, before)


def _with_egress(held: Resources, other: Resources) -> Resources:
    scopes = _egress(other)
    missing = {name: scopes[name] for name in scopes.keys() - _egress(held).keys()}
    if not missing:
        return held
    by_type = dict(held.by_type)
    for kind in (SECRET, CLUSTER, ENDPOINT):
        by_type[kind] = {**other.by_type[kind], **held.by_type[kind]}
    by_type[SCOPED_ROUTE] = {**missing, **held.by_type[SCOPED_ROUTE]}
    by_type[LISTENER] = {names.EGRESS: other.by_type[LISTENER][names.EGRESS], **held.by_type[LISTENER]}
    return replace(
        held,
        by_type=by_type,
        lookups=tuple(dict.fromkeys((*held.lookups, *other.lookups))),
        target_groups={**other.target_groups, **held.target_groups},
        origins={**other.origins, **held.origins},
    )


def _egress(of: Resources) -> Mapping[str, Message]:
    scopes = of.by_type[SCOPED_ROUTE]
    return {name: scope for name, scope in scopes.items() if names.EGRESS_SCOPE in name}
