"""Which tasks are started and which ones go, so that a service becomes what is wanted of it."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where a task stands."""

    STARTING = "starting"  # launched, not yet well by our own probe
    REGISTERED = "registered"  # in its target group; Envoy does not see it healthy (yet, or just now)
    HEALTHY = "healthy"
    UNWELL = "unwell"  # in its target group; to be replaced
    DRAINING = "draining"
    TERMINATING = "terminating"
    KILLING = "killing"
