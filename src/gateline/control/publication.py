"""Publication: put a snapshot before every Envoy and say what became of it.

The shell around `gateline.control.node`: it performs the actions, keeps the timers and wakes those who wait.
Timers come from outside (`call_later`, as an event loop has it), so that tests need no time to pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, assert_never

from gateline.control.exchange import Action, Complain, Finished, Linger, Request, Respond, Watch
from gateline.control.node import Node
from gateline.control.outcome import Accepted, NodeOutcome, Outcome, Rejected
from gateline.control.snapshot import Snapshot
from gateline.control.status import NodeStatus, Status


class CallLater(Protocol):
    """`asyncio.AbstractEventLoop.call_later`, or a test's."""

    def __call__(self, delay: float, callback: Callable[[], None], /) -> object:
        """Call back after so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds.

    Attributes:
        answer: how long an Envoy may take for a snapshot before its outcome is `Unanswered`, health checks not
            counted.
        linger: how long clusters stay that no route names any more; requests that wait for their authorizer
            have chosen their cluster and fail if it goes before they do.

    """

    answer: float = 20.0
    linger: float = 30.0


class Peer(Protocol):
    """The stream to one Envoy."""

    def send(self, response: Respond) -> None:
        """Send a response; must not block."""

    def hang_up(self) -> None:
        """End the stream: another of the same node took its place."""


class _Member:
    """A node with its stream and those who wait for what becomes of a snapshot there."""

    def __init__(self) -> None:
        self.node = Node()
        self.peer: Peer | None = None
        self.last: NodeOutcome | None = None
        self._by_version: dict[str, list[asyncio.Future[NodeOutcome]]] = {}
        self._any: list[asyncio.Future[NodeOutcome]] = []

    @property
    def ready(self) -> bool:
        """Whether it has answered everything that it is to be told."""
        return self.peer is not None and not self.node.running and isinstance(self.last, Accepted | Rejected)

    def outcome_of(self, version: str) -> asyncio.Future[NodeOutcome]:
        """What will have become of that snapshot."""
        future: asyncio.Future[NodeOutcome] = asyncio.get_running_loop().create_future()
        self._by_version.setdefault(version, []).append(future)
        return future

    def next_outcome(self) -> asyncio.Future[NodeOutcome]:
        """What happens next, to whichever snapshot."""
        future: asyncio.Future[NodeOutcome] = asyncio.get_running_loop().create_future()
        self._any.append(future)
        return future

    def wake(self, outcome: NodeOutcome) -> None:
        """Tell those who wait."""
        self.last = outcome
        waiting = self._by_version.pop(outcome.version, []) + self._any
        self._any = []
        for future in waiting:
            if not future.done():  # cancelled by who waited
                future.set_result(outcome)


class Session:
    """One stream of a node, for the one who reads it."""

    def __init__(self, take: Callable[[Request], None], close: Callable[[], None]) -> None:
        self.take = take
        self.close = close


class Publisher:
    """The front door of the control plane: publishes snapshots to any number of Envoys."""

    def __init__(
        self,
        *,
        call_later: CallLater,
        patience: Patience | None = None,
        on_change: Callable[[NodeStatus], None] | None = None,
    ) -> None:
        self._call_later = call_later
        self._patience = patience or Patience()
        self._on_change = on_change
        self._members: dict[str, _Member] = {}
        self._latest: Snapshot | None = None
        self._last_good: Snapshot | None = None

    async def publish(self, snapshot: Snapshot) -> Outcome:
        """Bring every connected Envoy to the snapshot; those that come later get it when they come.

        An Envoy that refuses is brought back to what it accepted last, endpoints of that time included:
        after a rejection, publish the last good definitions with today's endpoints.
        """
        self._latest = snapshot
        waiting: dict[str, asyncio.Future[NodeOutcome]] = {}
        for name, member in self._members.items():
            if member.peer is not None:
                waiting[name] = member.outcome_of(snapshot.version)
                self._perform(name, member, member.node.publish(snapshot, self._last_good))
        outcomes = await asyncio.gather(*waiting.values())
        return Outcome(version=snapshot.version, by_node=dict(zip(waiting, outcomes, strict=True)))

    async def wait_ready(self, node: str) -> Accepted | Rejected:
        """Wait until an Envoy, connected or yet to come, has answered everything that it is to be told.

        Accepted means that its listeners were taken and all that they need is there. It opens its sockets
        to clients when its start is over: ask its admin interface, or connect. Waits for ever: put a
        timeout around.
        """
        member = self._members.setdefault(node, _Member())
        while not member.ready or not isinstance(member.last, Accepted | Rejected):
            await member.next_outcome()
        return member.last

    def connect(self, node: str, peer: Peer) -> Session:
        """A node opened a stream. An older stream of the same node is ended."""
        member = self._members.setdefault(node, _Member())
        former, member.peer = member.peer, peer
        if former is not None:
            former.hang_up()
        self._perform(node, member, member.node.connect(self._latest, self._last_good))
        self._tell(node, member)

        def take(request: Request) -> None:
            if member.peer is peer:
                self._perform(node, member, member.node.request(request))

        def close() -> None:
            if member.peer is peer:
                member.peer = None
                self._perform(node, member, member.node.disconnect())
                self._tell(node, member)

        return Session(take, close)

    def status(self) -> Status:
        """What every Envoy has accepted or refused."""
        return Status(
            published=self._latest.version if self._latest else "",
            nodes=tuple(
                NodeStatus.of(name, member.node, connected=member.peer is not None)
                for name, member in sorted(self._members.items())
            ),
        )

    def _perform(self, name: str, member: _Member, actions: list[Action]) -> None:
        changed = False
        for each in actions:
            match each:
                case Respond():
                    if member.peer is not None:
                        member.peer.send(each)
                case Watch(run=run, checking=seconds):
                    seconds += self._patience.answer
                    self._after(seconds, name, member, partial(member.node.overdue, run))
                case Linger(clusters=clusters):
                    self._after(self._patience.linger, name, member, partial(member.node.retire, clusters))
                case Finished(outcome=outcome):
                    if isinstance(outcome, Accepted):
                        self._last_good = member.node.accepted
                    member.wake(outcome)
                    changed = True
                case Complain():
                    changed = True
                case _:
                    assert_never(each)
        if changed:
            self._tell(name, member)

    def _after(self, seconds: float, name: str, member: _Member, then: Callable[[], list[Action]]) -> None:
        self._call_later(seconds, lambda: self._perform(name, member, then()))

    def _tell(self, name: str, member: _Member) -> None:
        if self._on_change is not None:
            self._on_change(NodeStatus.of(name, member.node, connected=member.peer is not None))
