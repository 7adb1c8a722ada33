from __future__ import annotations

from gateline.services.scheduler import Scheduler


def test_a_scheduler_that_was_told_nothing_keeps_no_task() -> None:
    assert Scheduler(lambda: "t").tasks == ()
