"""Anomaly mitigation: a target that fails many requests gets none for a while (load-balancers.md section 8.1).

Amazon weighs such a target less and less. Envoy knows no weight that its answers change; it leaves it out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gateline.model.target_group import TargetGroup

LOOK_EVERY: Final = timedelta(seconds=10)
"""A target is judged by its answers of this time."""

LEFT_OUT: Final = timedelta(seconds=30)
"""For how long, the first time; each further time so much longer."""

_LEFT_OUT_AT_MOST: Final = timedelta(minutes=5)
_MANY: Final = 50  # percent of requests: 5xx, or no answer
_REQUESTS: Final = 20  # fewer tell nothing
_TARGETS: Final = 3  # Amazon compares no fewer; so many must have had so many requests
_MOST_LEFT_OUT: Final = 50  # percent of targets


def anomaly_mitigation(group: TargetGroup) -> dict[str, object]:
    """The cluster's outlier detection; empty where the group wants none.

    Health checks go on beside it, and a good one brings no target back: whoever fails requests may pass them.
    """
    if not group.anomaly_mitigation:
        return {}
    off = {"value": 0}
    return {
        "outlier_detection": {
            "interval": LOOK_EVERY,
            "base_ejection_time": LEFT_OUT,
            "max_ejection_time": _LEFT_OUT_AT_MOST,
            "max_ejection_percent": {"value": _MOST_LEFT_OUT},
            "failure_percentage_threshold": {"value": _MANY},
            "failure_percentage_request_volume": {"value": _REQUESTS},
            "failure_percentage_minimum_hosts": {"value": _TARGETS},
            "enforcing_failure_percentage": {"value": 100},
            "enforcing_consecutive_5xx": off,
            "enforcing_consecutive_gateway_failure": off,
            "enforcing_success_rate": off,
            "successful_active_health_check_uneject_host": {"value": False},
        }
    }
