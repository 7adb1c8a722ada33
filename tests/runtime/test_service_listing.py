from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateline.model.service import CircuitBreaker, ThresholdType
from gateline.runtime.service_listing import service_listing
from services.fleet import Fleet, steady

ON = CircuitBreaker(enable=True, rollback=True, threshold_type=ThresholdType.COUNT, threshold=1)


def told(fleet: Fleet) -> list[tuple[Any, ...]]:
    listed = service_listing("orders", fleet.scheduler, {}, {1: 1.0})
    keys = ("number", "status", "rollout_state", "revision", "running", "pending", "failed_tasks")
    return [tuple(each.get(key) for key in keys) for each in listed["deployments"]]


def test_a_service_that_nobody_wants_yet_has_no_deployment() -> None:
    listed = service_listing("orders", Fleet().scheduler, {}, {})
    assert (listed["deployments"], listed["rollout_state"], listed["target_group"]) == ([], "", "")


def test_the_old_deployment_is_active_until_its_last_task_is_gone() -> None:
    fleet = steady(2)
    assert told(fleet) == [(1, "PRIMARY", "COMPLETED", "a", 2, 0, 0)]
    fleet.want("b")
    assert told(fleet) == [
        (2, "PRIMARY", "IN_PROGRESS", "b", 0, 2, 0),
        (1, "ACTIVE", "COMPLETED", "a", 2, 0, 0),
    ]
    fleet.want("c")
    assert told(fleet)[1:] == [
        (None, "ACTIVE", None, "b", 0, 0, None),
        (1, "ACTIVE", "COMPLETED", "a", 2, 0, 0),
    ]
    fleet.run(10)
    assert told(fleet) == [(3, "PRIMARY", "COMPLETED", "c", 2, 0, 0)]


def test_a_deployment_that_failed_is_inactive_in_the_end_and_says_why() -> None:
    fleet = steady(1, circuit_breaker=ON)
    fleet.want("crashing")
    fleet.run(10)
    assert told(fleet) == [
        (3, "PRIMARY", "COMPLETED", "a", 1, 0, 0),
        (2, "INACTIVE", "FAILED", "crashing", 0, 0, 1),
    ]
    primary, failed = service_listing("orders", fleet.scheduler, {}, {3: 1.0})["deployments"]
    assert failed["rollout_state_reason"] == "1 failed in a row, the last: task t2 exited with status 1"
    assert (primary["rolls_back"], primary["created_at"]) == (2, "1970-01-01T00:00:01Z")


def test_without_a_rollback_the_failed_deployment_stays_the_primary_one() -> None:
    fleet = steady(1, circuit_breaker=replace(ON, rollback=False))
    fleet.want("crashing")
    fleet.run(10)
    assert [each[:3] for each in told(fleet)] == [(2, "PRIMARY", "FAILED"), (1, "ACTIVE", "COMPLETED")]
