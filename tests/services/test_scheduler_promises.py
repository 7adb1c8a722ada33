"""Whatever happens in whatever order: the promises of `fleet.Fleet` hold, and all ends well."""

from __future__ import annotations

from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from gateline.model.service import CircuitBreaker, ThresholdType
from gateline.services.action import Launch
from gateline.services.event import Deploy, Drained, Elapsed, Exited, Launched, Probed, Scale, Seen, Stop
from gateline.services.rollout import RolloutState
from services.fleet import Fleet

BREAKERS: Final = (
    CircuitBreaker(),
    CircuitBreaker(enable=True),
    CircuitBreaker(enable=True, rollback=True),
    CircuitBreaker(enable=True, rollback=True, threshold_type=ThresholdType.COUNT, threshold=1),
)
PICK: Final = st.integers(min_value=0, max_value=1000)


class World(RuleBasedStateMachine):
    """A world that may do anything, well or ill, early or late."""

    def __init__(self) -> None:
        super().__init__()
        self.fleet = Fleet()
        self.fleet.want("r0", desired_count=2)

    def pick(self, among: set[str], number: int) -> str:
        names = sorted(among)
        return names[number % len(names)]

    @rule(
        revision=st.sampled_from(["r0", "r1", "stubborn", "busy", "crashing", "ill", "fickle"]),
        desired=st.integers(min_value=0, max_value=5),
        percents=st.sampled_from(
            [(100, 200), (50, 100), (0, 100), (50, 150), (100, 100), (100, 150), (66, 133)]
        ),
        breaker=st.sampled_from(BREAKERS),
    )
    def want(self, revision: str, desired: int, percents: tuple[int, int], breaker: CircuitBreaker) -> None:
        self.fleet.want(
            revision,
            desired_count=desired,
            minimum_healthy_percent=percents[0],
            maximum_percent=percents[1],
            circuit_breaker=breaker,
        )

    @rule(count=st.integers(min_value=0, max_value=5))
    def scale(self, count: int) -> None:
        self.fleet.tell(Scale(count))

    @rule(renew=st.booleans())
    def deploy(self, *, renew: bool) -> None:
        self.fleet.tell(Deploy(renew))

    @rule()
    def control_comes_back(self) -> None:
        self.fleet.come_back()

    @precondition(lambda self: self.fleet.pending)
    @rule(number=PICK)
    def launched(self, number: int) -> None:
        self.fleet.tell(Launched(self.pick(self.fleet.pending, number)))

    @precondition(lambda self: self.fleet.probes)
    @rule(number=PICK, well=st.booleans())
    def probed(self, number: int, *, well: bool) -> None:
        self.fleet.tell(Probed(self.pick(self.fleet.probes, number), well))

    @precondition(lambda self: self.fleet.members)
    @rule(number=PICK, healthy=st.booleans())
    def seen(self, number: int, *, healthy: bool) -> None:
        self.fleet.tell(Seen(self.pick(self.fleet.members, number), healthy))

    @precondition(lambda self: self.fleet.draining)
    @rule(number=PICK)
    def drained(self, number: int) -> None:
        self.fleet.tell(Drained(self.pick(self.fleet.draining, number)))

    @precondition(lambda self: self.fleet.alive)
    @rule(number=PICK, status=st.sampled_from([0, 1, -9]))
    def exited(self, number: int, status: int) -> None:
        self.fleet.tell(Exited(self.pick(set(self.fleet.alive), number), status))

    @precondition(lambda self: self.fleet.timers)
    @rule(number=PICK)
    def elapsed(self, number: int) -> None:
        serials = sorted(self.fleet.timers)
        self.fleet.tell(Elapsed(serials[number % len(serials)]))

    @rule(number=PICK)
    def stray(self, number: int) -> None:
        name = f"nobody{number}"
        events = (
            Launched(name),
            Probed(name, well=True),
            Seen(name, healthy=False),
            Drained(name),
            Exited(name, 1),
        )
        assert self.fleet.tell(*events, Elapsed(10_000 + number)) == []

    @rule()
    def go_by_itself(self) -> None:
        self.fleet.run(1.0)

    @rule(times=st.integers(min_value=1, max_value=2))
    def stop_and_come_back(self, times: int) -> None:
        for _ in range(times):
            self.fleet.tell(Stop())
        self.fleet.want("r0")

    def teardown(self) -> None:
        """From wherever it got to: a verdict is come to, what is good becomes what is wanted, and all ends."""
        self.fleet.run(4000)
        primary = self.fleet.scheduler.history.primary
        assert primary
        if self.fleet.service.circuit_breaker.enable and not primary.rolls_back:
            assert primary.state is not RolloutState.IN_PROGRESS
        if primary.state is RolloutState.FAILED:
            assert [action for action in self.fleet.run(4000) if isinstance(action, Launch)] == []
        self.fleet.want("good")
        self.fleet.run(1000)
        assert self.fleet.scheduler.steady
        assert set(self.fleet.revisions()) <= {"good"}
        assert len(self.fleet.members - self.fleet.draining) == self.fleet.scheduler.desired
        before = self.fleet.finished
        self.fleet.tell(Stop())
        self.fleet.run(100)
        assert self.fleet.finished == before + 1
        assert not self.fleet.alive
        assert not self.fleet.members


TestWorld: Final = World.TestCase
TestWorld.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
