from __future__ import annotations

import pytest

from gateline.runtime.processes import LocalProcesses
from gateline.runtime.service_memory import ServiceMemory
from gateline.services.recipe import Recipe
from gateline.services.rollout import Deployment, History, RolloutState

RECIPE = Recipe(
    command=("orders", "{port}"),
    cwd="/srv",
    target_group="orders",
    environment=(("PASSWORD", "hunter2"),),
    secrets=(("TOKEN", "Token"),),
)
GOOD = Deployment(number=1, revision="a", recipe=RECIPE, state=RolloutState.COMPLETED)
BAD = Deployment(
    number=2,
    revision="b",
    recipe=RECIPE,
    state=RolloutState.FAILED,
    failed_tasks=3,
    reason="3 failed in a row",
)
HISTORY = History(
    primary=Deployment(number=3, revision="a", recipe=RECIPE, rolls_back=2), completed=GOOD, failed=BAD
)


@pytest.fixture
def memory() -> ServiceMemory:
    return ServiceMemory(LocalProcesses(), "orders")


def test_no_two_tasks_have_one_name(memory: ServiceMemory) -> None:
    assert [memory.mint(), memory.mint()] == ["1", "2"]


def test_a_scale_counts_as_long_as_the_definition_wants_the_same(memory: ServiceMemory) -> None:
    assert memory.scale(instead_of=2) is None
    memory.keep_scale(5, instead_of=2)
    assert memory.scale(instead_of=2) == 5
    assert memory.scale(instead_of=3) is None


def test_deployments_are_kept_whole_until_the_service_ends() -> None:
    processes = LocalProcesses()
    memory = ServiceMemory(processes, "orders")
    assert memory.deployments() == (History(), {})
    memory.keep_deployments(HISTORY, {2: 20.5, 1: 10.0})
    assert ServiceMemory(processes, "orders").deployments() == (HISTORY, {1: 10.0, 2: 20.5})
    memory.forget_deployments()
    assert memory.deployments() == (History(), {})


def test_what_an_environment_holds_is_not_shown() -> None:
    assert "hunter2" not in repr(HISTORY)
