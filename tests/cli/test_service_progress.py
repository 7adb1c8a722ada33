from __future__ import annotations

from typing import Any

from gateline.cli.service_progress import Progress


def listing(*tasks: str, state: str = "IN_PROGRESS", number: int = 2, **more: Any) -> dict[str, Any]:
    """A service with tasks from words like `5:new:starting`."""
    primary = {"number": number, "rollout_state": state, "rollout_state_reason": "", "revision": "new"}
    told = [dict(zip(("id", "revision", "health"), task.split(":"), strict=True)) for task in tasks]
    return {"deployments": [primary | {"rolls_back": None} | more], "tasks": told}


def test_what_is_new_of_each_task_is_told_once_with_the_time_that_it_took() -> None:
    begin = listing("3:old:healthy", "5:new:starting")
    progress = Progress(2, begin)
    assert [step.text() for step in progress.see(begin, 0.0)] == [
        "   0.0 s  task 5 of revision new: starting"
    ]
    assert progress.see(begin, 1.0) == []
    [step] = progress.see(listing("3:old:healthy", "5:new:registered"), 1.5)
    assert step.text() == "   1.5 s  task 5: registered, not seen healthy yet (starting for 1.5 s)"
    steps = progress.see(listing("3:old:draining", "5:new:healthy", state="COMPLETED"), 2.0)
    assert [step.told() for step in steps] == [
        {
            "at": 2.0,
            "task": "3",
            "revision": "old",
            "health": "draining",
            "before": "healthy",
            "lasted": 2.0,
        },
        {
            "at": 2.0,
            "task": "5",
            "revision": "new",
            "health": "healthy",
            "before": "registered",
            "lasted": 0.5,
        },
    ]
    assert (progress.is_over, progress.verdict) == (True, "")


def test_a_task_that_is_gone_has_ended() -> None:
    progress = Progress(2, listing("3:old:draining"))
    [step] = progress.see(listing(), 4.0)
    assert step.text() == "   4.0 s  task 3: ended (draining for 4.0 s)"
    assert progress.see(listing(), 5.0) == []


def test_without_a_rollback_a_failed_deployment_is_over_at_once() -> None:
    progress = Progress(2, listing())
    progress.see(listing(state="FAILED", rollout_state_reason="3 failed"), 1.0)
    assert (progress.is_over, progress.verdict) == (True, "failed: 3 failed")


def test_a_rollback_is_followed_until_what_comes_back_is_well() -> None:
    progress = Progress(2, listing())
    for state, over in (("IN_PROGRESS", False), ("COMPLETED", True)):
        seen = listing(number=3, state=state, rolls_back=2)
        seen["deployments"].append({"number": 2, "rollout_state": "FAILED", "rollout_state_reason": "why"})
        progress.see(seen, 1.0)
        assert (progress.is_over, progress.verdict) == (over, "failed: why; rolled back to revision new")


def test_a_deployment_that_makes_room_for_another_one_is_over() -> None:
    progress = Progress(2, listing())
    progress.see(listing(number=3), 1.0)
    assert (progress.is_over, progress.verdict) == (True, "ended: another one took its place")
