"""Node: how one Envoy is brought from one snapshot to the next so that no request fails. No I/O, no clock.

New things come before what names them, old things go when nothing names them any more (make before break):

    secrets ─► clusters, endpoints ─► scoped routes ─► listeners ─► accepted ┄ linger ┄► old clusters go

Each arrow waits for the Envoy's answers to what stands before it. A type that it has not asked for is
passed over: a starting Envoy asks for clusters, then for what they name, for listeners when its clusters
are warm, for scoped routes when a listener wants them. Old scoped routes and listeners go with the update
of their type. Old clusters linger, because a request that waits for its authorizer has chosen its cluster
long before it uses it. Endpoints and secrets need no removal: Envoy unsubscribes when nothing names them.

A refusal (NACK) anywhere stops the run. The Envoy is brought back to what it accepted last, in the same
order, and what became of the snapshot is told when that is done. Traps: docs/decisions/0006-delta-ads.md.
"""

from __future__ import annotations

from typing import Final, assert_never

from gateline.compile.resources import CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE, SECRET, TYPES
from gateline.control import subscription as one_type
from gateline.control.exchange import Action, Complain, Finished, Linger, Request, Respond, Watch
from gateline.control.outcome import (
    Accepted,
    NodeOutcome,
    Refusal,
    Rejected,
    Superseded,
    Unanswered,
    refusal,
)
from gateline.control.snapshot import Snapshot, nothing
from gateline.control.subscription import Subscription

STAGES: Final = ((SECRET,), (CLUSTER, ENDPOINT), (SCOPED_ROUTE,), (LISTENER,))
"""What is told together; the next is told when the Envoy has accepted all of the one before."""

_STAGE_OF: Final = {type_url: stage for stage, types in enumerate(STAGES) for type_url in types}

_WILDCARD: Final = frozenset({CLUSTER, SCOPED_ROUTE, LISTENER})
"""Types of which an Envoy gets everything. The others by name only: nobody is sent a secret unasked."""

_EXACT: Final = frozenset({SCOPED_ROUTE, LISTENER})
"""Types whose old resources go with the update: nothing names them."""


class Node:
    """One Envoy: what it has accepted, what it is being told, what comes next.

    A run brings it to a goal. The goal is the subject, which is what was published, or a former snapshot
    while the subject is being taken back.
    """

    def __init__(self) -> None:
        self._subscriptions = _fresh()
        self._holds_something = False  # when the stream began
        self._accepted: Snapshot | None = None
        self._last_good: Snapshot | None = None  # of other nodes
        self._last_refusal: Refusal | None = None
        self._refused_version = ""
        self._subject: Snapshot | None = None
        self._goal: Snapshot | None = None
        self._refusals: tuple[Refusal, ...] = ()  # of the subject
        self._owed: tuple[str, ...] = ()  # the types of the subject that were not answered in time
        self._next: Snapshot | None = None
        self._stage: int | None = None  # None: no run; len(STAGES): all is told, answers are missing
        self._run = 0
        self._overdue = False
        self._due: frozenset[str] = frozenset()  # clusters whose time came during a run

    @property
    def accepted(self) -> Snapshot | None:
        """The last snapshot that the Envoy accepted whole."""
        return self._accepted

    @property
    def last_refusal(self) -> Refusal | None:
        """What the Envoy refused last, if ever."""
        return self._last_refusal

    @property
    def running(self) -> bool:
        """Whether the Envoy is being told something and has not answered all of it."""
        return self._stage is not None

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The types of which the Envoy owes an answer."""
        return tuple(type_url for type_url in TYPES if self.running and not self._complete(type_url))

    @property
    def _taking_back(self) -> bool:
        return self._goal is not self._subject

    def connect(self, latest: Snapshot | None, last_good: Snapshot | None = None) -> list[Action]:
        """A new stream began: tell the latest, or what was accepted if the latest was refused."""
        self._last_good = last_good
        self._subscriptions = _fresh()
        self._holds_something = False
        self._next = None
        if self._subject is not None and self.running:
            if latest is None or latest.version == self._subject.version:
                return self._start()  # the same once more, also if it was being taken back
            return [self._left(), *self._begin(latest)]
        if latest is not None and latest.version == self._refused_version:
            latest = self._accepted or last_good or latest
        return self._begin(latest) if latest is not None else []

    def disconnect(self) -> list[Action]:
        """The stream ended. What was under way begins anew with the next stream; nobody waits for that."""
        actions: list[Action] = []
        if self.running:
            self._run += 1  # its time does not count any more
            actions.append(Finished(self._unanswered()))
        if self._next is not None:
            actions.append(Finished(Unanswered(version=self._next.version, waiting_for=TYPES)))
            self._next = None
        return actions

    def publish(self, snapshot: Snapshot, last_good: Snapshot | None = None) -> list[Action]:
        """Bring the Envoy to a snapshot, now or after the one under way. The newest that waits wins.

        Args:
            snapshot: what it is to be told.
            last_good: what another Envoy accepted: what one that accepted nothing itself is brought back to.

        """
        self._last_good = last_good
        actions: list[Action] = []
        if self._next is not None:
            actions.append(Finished(Superseded(version=self._next.version)))
            self._next = None
        if self._subject is None or not self.running:
            return actions + self._begin(snapshot)
        again = snapshot.version == self._subject.version and not self._taking_back
        if self._overdue:
            return actions + ([] if again else [self._left()]) + self._begin(snapshot)
        if again:
            return actions
        if not self._taking_back and snapshot.differs_only_in_endpoints(self._subject):
            # A task that died must not get requests for as long as another cluster warms.
            return [*actions, self._left(), *self._begin(snapshot)]
        self._next = snapshot
        return actions

    def overdue(self, run: int) -> list[Action]:
        """The time for a run is over: what was not accepted whole by now is taken back.

        An Envoy may keep a refusal to itself: when a response holds a cluster that it refuses late and
        another one that warms, clusters stay unanswered until the bad one is taken away (seen on 1.40).
        """
        if run != self._run or self._subject is None or not self.running:
            return []
        if not self._taking_back and self._accepted and self._accepted.version != self._subject.version:
            self._owed = self.waiting_for
            return self._take_back(self._accepted)
        self._overdue = True
        return [Finished(self._unanswered()), *self._begin_next()]

    def retire(self, clusters: frozenset[str]) -> list[Action]:
        """Take old clusters away, unless they came back meanwhile; during a run, when it has ended."""
        self._due |= clusters
        if self.running or not self._due:
            return []
        due, self._due = self._due, frozenset()
        return self._tell(CLUSTER, one_type.Retired(due))

    def request(self, request: Request) -> list[Action]:
        """Take in what the Envoy said."""
        subscription = self._subscriptions.get(request.type_url)
        if subscription is None:
            return []  # a type that no resource of ours asks for
        actions: list[Action] = []
        if request.nonce and request.refusal is None:
            actions += self._tell(request.type_url, one_type.Acked(request.nonce))
        elif request.nonce:
            actions += self._tell(request.type_url, one_type.Nacked(request.nonce, request.refusal or ""))
        if request.unsubscribe:
            actions += self._tell(request.type_url, one_type.Unsubscribed(request.unsubscribe))
        first = not subscription.subscribed
        if request.subscribe or first:
            self._holds_something |= bool(request.known)
            asked = one_type.Subscribed(
                names=request.subscribe - {"*"},
                wildcard=request.type_url in _WILDCARD and (first or "*" in request.subscribe),
                known=request.known,
            )
            actions += self._tell(request.type_url, asked)
        return actions + self._advance()

    def _begin(self, snapshot: Snapshot) -> list[Action]:
        """Start a run. What another left undone does not matter: the difference to what was told is told."""
        self._subject = self._goal = snapshot
        self._refusals = ()
        self._owed = ()
        return self._start()

    def _begin_next(self) -> list[Action]:
        waiting, self._next = self._next, None
        return self._begin(waiting) if waiting else []

    def _start(self) -> list[Action]:
        self._overdue = False
        self._run += 1
        self._stage = 0
        assert self._goal is not None
        return [Watch(self._run, self._goal.checking_seconds), *self._offer(*STAGES[0]), *self._advance()]

    def _advance(self) -> list[Action]:
        """Go on as far as the answers allow."""
        actions: list[Action] = []
        while self._stage is not None and self._stage < len(STAGES) and self._passed(self._stage):
            self._stage += 1
            if self._stage < len(STAGES):
                actions += self._offer(*STAGES[self._stage])
        if self._stage == len(STAGES) and all(self._complete(type_url) for type_url in TYPES):
            actions += self._finish(restored=True)
        return actions

    def _passed(self, stage: int) -> bool:
        """Whether what comes next may rely on this stage."""
        assert self._goal is not None
        if not all(self._answered(type_url) for type_url in STAGES[stage]):
            return False
        if CLUSTER not in STAGES[stage]:
            return True
        # Routes need clusters that are there, warm, with the secrets that they hold.
        named = self._goal.named_by[CLUSTER]
        return (
            self._subscriptions[CLUSTER].subscribed
            and self._asked(ENDPOINT, named.assignments)
            and self._asked(SECRET, named.secrets)
        )

    def _answered(self, type_url: str) -> bool:
        """Whether the Envoy owes nothing of what it has asked for."""
        subscription = self._subscriptions[type_url]
        return subscription.settled or not subscription.subscribed

    def _asked(self, type_url: str, names: set[str]) -> bool:
        """Whether the Envoy has asked for these, and accepted them."""
        return names <= self._subscriptions[type_url].names and self._answered(type_url)

    def _complete(self, type_url: str) -> bool:
        """Whether the Envoy has asked for all that the goal makes it ask for, and accepted it."""
        assert self._goal is not None
        named = self._goal.references
        if self._goal.empty or (type_url == SCOPED_ROUTE and not named.scoped_routes):
            return self._answered(type_url)
        if type_url == SECRET:
            return self._asked(type_url, named.secrets)
        if type_url == ENDPOINT:
            return self._asked(type_url, named.assignments)
        return self._subscriptions[type_url].settled

    def _finish(self, *, restored: bool) -> list[Action]:
        assert self._subject is not None
        version = self._subject.version
        outcome: NodeOutcome
        if self._refusals:
            self._refused_version = version
            outcome = Rejected(version=version, refusals=self._refusals, restored=restored)
        elif self._taking_back:
            outcome = self._unanswered()
        else:
            self._accepted, self._refused_version = self._subject, ""
            outcome = Accepted(version=version)
        if self._taking_back and restored and self._goal is not None and not self._goal.empty:
            self._accepted = self._goal
        self._stage = None
        actions: list[Action] = [Finished(outcome), *self.retire(frozenset())]
        old = self._subscriptions[CLUSTER].surplus
        if old and restored:
            actions.append(Linger(old))
        return actions + self._begin_next()

    def _unanswered(self) -> NodeOutcome:
        assert self._subject is not None
        if self._refusals:
            return Rejected(version=self._subject.version, refusals=self._refusals, restored=False)
        return Unanswered(version=self._subject.version, waiting_for=self._owed or self.waiting_for)

    def _left(self) -> Finished:
        """The subject is left for another."""
        assert self._subject is not None
        return Finished(self._unanswered() if self._refusals else Superseded(version=self._subject.version))

    def _offer(self, *type_urls: str) -> list[Action]:
        assert self._goal is not None
        actions: list[Action] = []
        for type_url in type_urls:
            versions = self._goal.versions[type_url]
            actions += self._tell(type_url, one_type.Offered(versions=versions, exactly=type_url in _EXACT))
        return actions

    def _tell(self, type_url: str, event: one_type.Event) -> list[Action]:
        actions: list[Action] = []
        for each in self._subscriptions[type_url].handle(event):
            match each:
                case one_type.Send():
                    actions += self._respond(type_url, each)
                case one_type.Refused():
                    actions += self._refused(type_url, each)
                case _:
                    assert_never(each)
        return actions

    def _respond(self, type_url: str, sent: one_type.Send) -> list[Action]:
        assert self._goal is not None
        held = self._goal.by_type[type_url]
        resources = tuple(held[name] for name in sent.versions)
        response = Respond(type_url=type_url, nonce=sent.nonce, resources=resources, removed=sent.removed)
        if type_url != CLUSTER or not resources:
            return [response]
        # A cluster that changed warms until its endpoints come, and Envoy does not ask for them again:
        # without this it would wait for its fetch timeout of 15 seconds (envoy-facts.md section 1).
        needed = frozenset[str]().union(*(each.references.assignments for each in resources))
        self._subscriptions[ENDPOINT].handle(one_type.Repeated(needed))
        return [response, *self._offer(ENDPOINT)]

    def _refused(self, type_url: str, refused: one_type.Refused) -> list[Action]:
        """Answer a refusal."""
        assert self._goal is not None
        assert self._subject is not None
        found = refusal(type_url, refused, self._subject)
        self._last_refusal = found
        if self._stage is None:
            return [Complain(found)]
        offered, sent = self._goal.versions[type_url], refused.sent.versions
        if sent and not any(offered.get(name) == version for name, version in sent.items()):
            # Not of this goal: of a run that was left, or of the subject that is being taken back.
            if self._taking_back:
                self._refusals += (found,)
            return self._offer(type_url) if self._stage >= _STAGE_OF[type_url] else []
        self._refusals += (found,)
        former = None if self._taking_back else self._former()
        if former is None:
            return self._finish(restored=False)  # nothing is left to try: it keeps what it has
        return self._take_back(former)

    def _take_back(self, former: Snapshot) -> list[Action]:
        """Bring the Envoy back to what it had, because it refused the subject or did not answer."""
        assert self._subject is not None
        unnamed = self._stage is not None and self._stage <= _STAGE_OF[CLUSTER]
        self._goal = former
        if not unnamed:
            return self._start()
        # No route knows the new clusters yet, so they go at once. They must: a cluster that Envoy refused
        # late stays in its list of warming ones and holds up every answer about clusters until it is taken
        # away.
        added = frozenset(self._subject.versions[CLUSTER].keys() - former.versions[CLUSTER].keys())
        return [*self._offer(CLUSTER), *self._tell(CLUSTER, one_type.Retired(added)), *self._start()]

    def _former(self) -> Snapshot | None:
        """What to bring the Envoy back to after it refused the subject."""
        assert self._subject is not None
        for candidate in (self._accepted, self._last_good):
            if candidate is not None and candidate.version != self._subject.version:
                return candidate
        # An Envoy that served before this process knew it holds what we do not have: it is left alone, it
        # serves on.
        return None if self._holds_something else nothing()


def _fresh() -> dict[str, Subscription]:
    return {type_url: Subscription() for type_url in TYPES}
