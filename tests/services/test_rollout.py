from __future__ import annotations

from dataclasses import replace

import pytest

from gateline.model.service import CircuitBreaker, ThresholdType
from gateline.services.recipe import Recipe
from gateline.services.rollout import History, Rollouts, RolloutState, threshold
from services.fleet import SERVICE

ON = CircuitBreaker(enable=True, rollback=True, threshold_type=ThresholdType.COUNT, threshold=2)


def recipe(name: str, group: str = "orders") -> Recipe:
    return Recipe.of(replace(SERVICE, command=(name,), target_group=group))


def completed(name: str = "a") -> Rollouts:
    rollouts = Rollouts()
    assert rollouts.want(recipe(name), name, "", ())
    rollouts.completed()
    return rollouts


def fail(rollouts: Rollouts, times: int, breaker: CircuitBreaker = ON, group: str = "orders") -> list[str]:
    return [rollouts.task_failed(breaker, 2, group, "it ended") for _ in range(times)]


@pytest.mark.parametrize(
    ("type_", "value", "desired", "count"),
    [
        (ThresholdType.BOUNDED_PERCENT, 50, 1, 3),
        (ThresholdType.BOUNDED_PERCENT, 50, 0, 3),
        (ThresholdType.BOUNDED_PERCENT, 50, 6, 3),
        (ThresholdType.BOUNDED_PERCENT, 50, 7, 4),
        (ThresholdType.BOUNDED_PERCENT, 50, 25, 13),
        (ThresholdType.BOUNDED_PERCENT, 50, 400, 200),
        (ThresholdType.BOUNDED_PERCENT, 50, 1000, 200),
        (ThresholdType.BOUNDED_PERCENT, 100, 50, 50),
        (ThresholdType.UNBOUNDED_PERCENT, 50, 1, 1),
        (ThresholdType.UNBOUNDED_PERCENT, 50, 1000, 500),
        (ThresholdType.UNBOUNDED_PERCENT, 10, 0, 1),
        (ThresholdType.COUNT, 1, 1000, 1),
        (ThresholdType.COUNT, 500, 2, 500),
    ],
)
def test_the_threshold_is_half_of_what_is_wanted_within_3_and_200_unless_told_otherwise(
    type_: ThresholdType, value: int, desired: int, count: int
) -> None:
    assert threshold(CircuitBreaker(threshold_type=type_, threshold=value), desired) == count


def test_nothing_is_known_before_anything_is_wanted() -> None:
    rollouts = Rollouts()
    assert rollouts.history == History()
    assert (rollouts.revision, rollouts.is_in_progress, rollouts.has_failed) == ("", False, False)
    assert not rollouts.deploy((), renew=False)
    assert fail(rollouts, 1) == [""]


def test_without_a_circuit_breaker_failures_are_counted_and_nothing_else() -> None:
    rollouts = completed()
    rollouts.want(recipe("b"), "b", "a", ())
    assert fail(rollouts, 500, CircuitBreaker(rollback=True)) == [""] * 500
    assert rollouts.history.primary
    assert rollouts.history.primary.failed_tasks == 500
    assert rollouts.is_in_progress


def test_failures_that_do_not_follow_each_other_are_forgiven() -> None:
    rollouts = completed()
    rollouts.want(recipe("b"), "b", "a", ())
    for _ in range(5):
        assert fail(rollouts, 1) == [""]
        rollouts.task_was_well()


def test_a_deployment_that_failed_is_rolled_back_to_the_one_that_was_completed_last() -> None:
    rollouts = completed()
    rollouts.want(recipe("b"), "b", "a", ())
    rollouts.want(recipe("c"), "c", "a", ("a", "b"))
    assert fail(rollouts, 2)[1] == (
        "deployment 3 failed (2 failed in a row, the last: it ended); back to revision a"
    )
    primary, failed = rollouts.history.primary, rollouts.history.failed
    assert primary
    assert failed
    assert (primary.number, primary.revision, primary.rolls_back, primary.recipe) == (4, "a", 3, recipe("a"))
    assert (failed.state, failed.revision) == (RolloutState.FAILED, "c")
    assert rollouts.history.refused is failed


def test_a_completed_deployment_is_not_judged_any_more() -> None:
    rollouts = completed()
    assert fail(rollouts, 10) == [""] * 10
    assert rollouts.history.primary == rollouts.history.completed


def test_a_rollback_goes_on_trying() -> None:
    rollouts = completed()
    rollouts.want(recipe("b"), "b", "a", ())
    fail(rollouts, 2)
    assert fail(rollouts, 10) == [""] * 10
    assert rollouts.is_in_progress


@pytest.mark.parametrize(
    ("breaker", "first", "group", "says"),
    [
        (replace(ON, rollback=False), "a", "orders", "; nothing more of it is started"),
        (ON, "", "orders", "; there is none to go back to, and nothing more of it is started"),
        (ON, "a", "others", "; the one before had another target group: nothing more is started"),
    ],
)
def test_a_deployment_without_a_way_back_stays_failed(
    breaker: CircuitBreaker, first: str, group: str, says: str
) -> None:
    rollouts = completed(first) if first else Rollouts()
    rollouts.want(recipe("b", group), "b", first, ())
    assert fail(rollouts, 2, breaker, group)[1].endswith(says)
    assert rollouts.has_failed
    assert not rollouts.want(recipe("b", group), "b", first, ()), "it is not tried again by itself"
    assert rollouts.has_failed
    assert rollouts.want(recipe("c", group), "c", first, ())
    assert rollouts.is_in_progress


def test_a_forced_deployment_that_failed_goes_back_to_the_same_definition_as_it_ran_before() -> None:
    rollouts = completed()
    assert rollouts.deploy(("a",), renew=False)
    assert rollouts.revision == "a+1"
    assert fail(rollouts, 2)[1].endswith("back to revision a")
    assert not rollouts.want(recipe("a"), "a", "a", ("a",))
    assert rollouts.revision == "a"


def test_after_a_rollback_the_definition_is_tried_again_only_when_it_changes_or_is_deployed() -> None:
    rollouts = completed()
    rollouts.want(recipe("b"), "b", "a", ())
    fail(rollouts, 2)
    assert not rollouts.want(recipe("b"), "b", "a", ("a", "b"))
    assert not rollouts.want(recipe("b"), "b'", "a", ("a",)), "a secret that only the broken one has"
    before = rollouts.history
    assert rollouts.want(recipe("c"), "c", "a", ("a",))
    assert rollouts.history.refused is None
    rollouts.history = before
    assert rollouts.deploy(("a", "b"), renew=False)
    assert (rollouts.revision, rollouts.history.refused) == ("b+1", None)


def test_after_a_rollback_the_definition_of_before_changes_nothing_and_the_broken_one_is_new_then() -> None:
    rollouts = completed()
    rollouts.want(recipe("b"), "b", "a", ())
    fail(rollouts, 2)
    assert not rollouts.want(recipe("a"), "a", "a", ("a",))
    assert rollouts.history.refused is None
    assert rollouts.want(recipe("b"), "b", "a", ("a",))


def test_what_came_back_gets_new_values_of_its_secrets() -> None:
    rollouts = completed()
    rollouts.want(recipe("b"), "b", "a", ())
    fail(rollouts, 2)
    assert not rollouts.is_outdated
    assert rollouts.want(recipe("b"), "b", "a with another value", ("a",))
    assert rollouts.revision == "a with another value"
    assert rollouts.history.refused is not None
    rollouts.deploy(("a with another value",), renew=True)
    assert rollouts.revision == "a with another value+1"
    assert rollouts.history.refused is not None


def test_a_value_of_a_secret_that_breaks_the_tasks_is_not_tried_again_and_is_known_to_be_missing() -> None:
    rollouts = completed()
    assert rollouts.want(recipe("a"), "a2", "a2", ("a",))
    fail(rollouts, 2)
    assert rollouts.revision == "a"
    assert rollouts.is_outdated
    assert not rollouts.want(recipe("a"), "a2", "a2", ("a",))
    assert rollouts.want(recipe("a"), "a3", "a3", ("a",))
    assert (rollouts.revision, rollouts.is_outdated) == ("a3", False)


def test_who_asks_what_became_of_a_deployment_is_told() -> None:
    rollouts = completed()
    assert rollouts.history.outcome(1) == ""
    rollouts.want(recipe("b"), "b", "a", ())
    assert rollouts.history.outcome(2) is None
    assert rollouts.history.outcome(1) == "another deployment took the place of deployment 1"
    fail(rollouts, 2)
    why = "deployment 2 failed: 2 failed in a row, the last: it ended"
    assert rollouts.history.outcome(2) == f"{why}; it was rolled back"
    rollouts.completed()
    rollouts.want(recipe("c"), "c", "a", ())
    assert rollouts.history.outcome(2) == why
    assert rollouts.history.recipes == {recipe("a"), recipe("c")}
