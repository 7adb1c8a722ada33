from __future__ import annotations

import pytest

from gateline.runtime.processes import LocalProcesses
from gateline.runtime.service_memory import ServiceMemory, forced


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


def test_deployments_are_counted_for_their_revision_alone(memory: ServiceMemory) -> None:
    assert memory.forced("abc") == 0
    memory.keep_deployed("abc+2")
    assert memory.forced("abc") == 2
    assert memory.forced("def") == 0
    assert (forced("abc"), forced("abc+7")) == (0, 7)
