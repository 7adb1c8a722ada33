"""Node: how one Envoy is brought from one snapshot to the next so that no request fails, without I/O or clock.

New things come before what names them, old things go after nothing names them any more (make before break):

    secrets ─► clusters, endpoints ─► scoped routes ─► listeners ─► (accepted) ─ linger ─► old clusters go

Each arrow waits for the Envoy's answers to what stands before it, as far as it has asked for that type: a starting
Envoy asks for clusters first, for listeners when its clusters are warm, for scoped routes when a listener names
them, for secrets and endpoints by name when something names those. Old scoped routes and listeners go with the
update of their type. Old clusters linger, because a request that waits for its authorizer has chosen its cluster
long before it uses it. Endpoints and secrets need no removal: Envoy unsubscribes when nothing names them.

A refusal (NACK) anywhere stops the run. The Envoy is brought back to its last accepted snapshot in the same order,
and what became of the new one is reported when that is done. docs/decisions/0006-delta-ads.md tells the traps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from gateline.compile.resources import CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE, SECRET, TYPES
from gateline.control.outcome import (
    Accepted,
    NodeOutcome,
    Refusal,
    Rejected,
    Superseded,
    Unanswered,
    refusal,
)
from gateline.control.snapshot import Snapshot, Versioned, nothing
from gateline.control.subscription import (
    Acked,
    Action as SubscriptionAction,
    Nacked,
    Offered,
    Refused,
    Repeated,
    Retired,
    Send,
    Subscribed,
    Subscription,
    Unsubscribed,
)

STAGES: Final = ((SECRET,), (CLUSTER, ENDPOINT), (SCOPED_ROUTE,), (LISTENER,))
"""What is told together; the next begins when the Envoy has accepted all of the one before."""

_CLUSTER_STAGE: Final = 1

_WILDCARD: Final = frozenset({CLUSTER, SCOPED_ROUTE, LISTENER})
"""Types of which an Envoy gets everything. Secrets and endpoints only by name: nobody is sent a secret unasked."""

_EXACT: Final = frozenset({SCOPED_ROUTE, LISTENER})
"""Types whose old resources go with the update: nothing names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A DeltaDiscoveryRequest, taken apart."""

    type_url: str
    subscribe: frozenset[str] = frozenset()
    unsubscribe: frozenset[str] = frozenset()
    known: Mapping[str, str] = field(default_factory=dict)
    nonce: str = ""
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """Send a DeltaDiscoveryResponse."""

    type_url: str
    nonce: str
    resources: tuple[Versioned, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """This is what became of a snapshot here."""

    outcome: NodeOutcome


@dataclass(frozen=True, slots=True)
class Watch:
    """A run began: call `Node.overdue(run)` when the time for it is over."""

    run: int


@dataclass(frozen=True, slots=True)
class Linger:
    """Call `Node.retire(clusters)` in a while."""

    clusters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Complain:
    """The Envoy refused something outside a run: there is nothing to take back, but somebody should know."""

    refusal: Refusal


Action = Respond | Finished | Watch | Linger | Complain


class Node:
    """One Envoy: what it has accepted, what it is being told, what comes next."""

    def __init__(self) -> None:
        self._subscriptions = _fresh()
        self._holds_something = (
            False  # on this stream: what a fresh Envoy refuses can be taken back to nothing
        )
        self._accepted: Snapshot | None = None
        self._last_good: Snapshot | None = None  # of other nodes
        self._last_refusal: Refusal | None = None
        self._refused_version = ""
        self._subject: Snapshot | None = None  # what was published last
        self._goal: Snapshot | None = (
            None  # what the Envoy is told: the subject, or what it is brought back to
        )
        self._refusals: tuple[Refusal, ...] = ()  # of the subject
        self._owed: tuple[str, ...] = ()  # the types that were not answered in time
        self._next: Snapshot | None = None
        self._stage: int | None = None  # None: no run; len(STAGES): all is told, answers are missing
        self._run = 0
        self._overdue = False
        self._due: frozenset[str] = frozenset()  # clusters whose time has come during a run

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
    def _taking_back(self) -> bool:
        return self._goal is not self._subject

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The types of which the Envoy owes an answer."""
        return tuple(type_url for type_url in TYPES if self.running and not self._complete(type_url))

    def connect(self, latest: Snapshot | None) -> list[Action]:
        """A new stream began: the Envoy is told the latest, or what it accepted if it has refused the latest."""
        self._subscriptions = _fresh()
        self._holds_something = False
        self._due = frozenset()
        self._next = None
        if self._subject and self.running:
            if latest is None or latest.version == self._subject.version:
                return self._start()  # the same once more, also if it was being taken back
            return [Finished(Superseded(version=self._subject.version)), *self._begin(latest)]
        if latest and latest.version == self._refused_version:
            latest = self._accepted or self._last_good or latest
        return self._begin(latest) if latest else []

    def publish(self, snapshot: Snapshot, last_good: Snapshot | None = None) -> list[Action]:
        """Bring the Envoy to a snapshot, now or after the one under way. Of several that wait, the newest wins.

        Args:
            snapshot: what it is to be told.
            last_good: what another Envoy accepted: what one is brought back to that has accepted nothing itself.

        """
        self._last_good = last_good
        actions: list[Action] = []
        if self._next is not None:
            actions.append(Finished(Superseded(version=self._next.version)))
            self._next = None
        if self._subject is None or not self.running:
            return actions + self._begin(snapshot)
        if self._taking_back:
            self._next = snapshot
            return actions
        if snapshot.version == self._subject.version:
            return actions
        # Endpoints do not wait: a task that died must not get requests for as long as another cluster warms.
        if self._overdue or snapshot.differs_only_in_endpoints(self._subject):
            return [*actions, Finished(Superseded(version=self._subject.version)), *self._begin(snapshot)]
        self._next = snapshot
        return actions

    def disconnect(self) -> list[Action]:
        """The stream ended. What was under way begins anew with the next stream."""
        if self._subject is None or not self.running:
            return []
        self._run += 1  # nobody is watching the clock meanwhile
        return [Finished(Unanswered(version=self._subject.version, waiting_for=self.waiting_for))]

    def overdue(self, run: int) -> list[Action]:
        """The time for a run is over: what was not accepted whole by now is taken back.

        An Envoy may keep a refusal to itself: when a response holds a cluster that it refuses late and another
        that warms, clusters stay unanswered until the bad one is taken away (seen on 1.40).
        """
        if run != self._run or self._subject is None or not self.running:
            return []
        if not self._taking_back and self._accepted and self._accepted.version != self._subject.version:
            self._owed = self.waiting_for
            return self._take_back()
        self._overdue = True
        outcome: NodeOutcome = Unanswered(version=self._subject.version, waiting_for=self.waiting_for)
        if self._refusals:
            outcome = Rejected(version=self._subject.version, refusals=self._refusals, restored=False)
        return [Finished(outcome), *self._begin_next()]

    def retire(self, clusters: frozenset[str]) -> list[Action]:
        """Take old clusters away, unless they came back meanwhile; during a run, when it has ended."""
        self._due |= clusters
        if self.running or not self._due:
            return []
        due, self._due = self._due, frozenset()
        return self._perform(CLUSTER, self._subscriptions[CLUSTER].handle(Retired(due)))

    def request(self, request: Request) -> list[Action]:
        """Take in what the Envoy said."""
        subscription = self._subscriptions.get(request.type_url)
        if subscription is None:
            return []  # a type that no resource of ours asks for
        actions: list[Action] = []
        if request.nonce:
            answer = (
                Acked(request.nonce) if request.refusal is None else Nacked(request.nonce, request.refusal)
            )
            actions += self._perform(request.type_url, subscription.handle(answer))
        if request.unsubscribe:
            subscription.handle(Unsubscribed(request.unsubscribe))
        first = not subscription.subscribed
        if request.subscribe or first:
            self._holds_something |= bool(request.known)
            asked = Subscribed(
                names=request.subscribe - {"*"},
                wildcard=request.type_url in _WILDCARD and (first or "*" in request.subscribe),
                known=request.known,
            )
            actions += self._perform(request.type_url, subscription.handle(asked))
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
        return [Watch(self._run), *self._offer(*STAGES[0]), *self._advance()]

    def _offer(self, *type_urls: str) -> list[Action]:
        assert self._goal is not None
        actions: list[Action] = []
        for type_url in type_urls:
            offered = Offered(versions=self._goal.versions[type_url], exactly=type_url in _EXACT)
            actions += self._perform(type_url, self._subscriptions[type_url].handle(offered))
        return actions

    def _advance(self) -> list[Action]:
        """Go on as far as the answers allow."""
        actions: list[Action] = []
        while self._stage is not None and self._stage < len(STAGES) and self._stage_passed(self._stage):
            self._stage += 1
            if self._stage < len(STAGES):
                actions += self._offer(*STAGES[self._stage])
        if self._stage == len(STAGES) and all(self._complete(type_url) for type_url in TYPES):
            actions += self._finish(restored=True)
        return actions

    def _stage_passed(self, stage: int) -> bool:
        """Whether what comes next may rely on this stage."""
        assert self._goal is not None
        if not all(self._answered(type_url) for type_url in STAGES[stage]):
            return False
        if stage != _CLUSTER_STAGE:
            return True
        # Clusters must be there for the routes, warm, and so must the secrets that clusters ask for.
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
        self._stage = None
        version = self._subject.version
        outcome: NodeOutcome
        if self._refusals:
            self._refused_version = version
            outcome = Rejected(version=version, refusals=self._refusals, restored=restored)
        elif self._taking_back:
            outcome = Unanswered(version=version, waiting_for=self._owed)
        else:
            self._accepted, self._refused_version = self._subject, ""
            outcome = Accepted(version=version)
        actions: list[Action] = [Finished(outcome), *self.retire(frozenset())]
        old = self._subscriptions[CLUSTER].surplus
        if old and restored:
            actions.append(Linger(old))
        return actions + self._begin_next()

    def _perform(self, type_url: str, wanted: list[SubscriptionAction]) -> list[Action]:
        actions: list[Action] = []
        for each in wanted:
            match each:
                case Send():
                    actions += self._respond(type_url, each)
                case Refused():
                    actions += self._refused(type_url, each)
                case _:
                    assert_never(each)
        return actions

    def _respond(self, type_url: str, sent: Send) -> list[Action]:
        assert self._goal is not None
        held = self._goal.by_type[type_url]
        resources = tuple(held[name] for name in sent.versions)
        response = Respond(type_url=type_url, nonce=sent.nonce, resources=resources, removed=sent.removed)
        if type_url != CLUSTER or not resources:
            return [response]
        # A cluster that changed warms until its endpoints come, and Envoy does not ask for them again: without
        # this it would wait for its fetch timeout of 15 seconds (envoy-facts.md section 1).
        needed = frozenset().union(*(each.references.assignments for each in resources))
        self._subscriptions[ENDPOINT].handle(Repeated(needed))
        return [response, *self._offer(ENDPOINT)]

    def _refused(self, type_url: str, refused: Refused) -> list[Action]:
        """Answer a refusal."""
        assert self._goal is not None
        assert self._subject is not None
        found = refusal(type_url, refused, self._subject)
        self._last_refusal = found
        if not self.running:
            return [Complain(found)]
        offered = self._goal.versions[type_url]
        sent = refused.sent.versions
        if sent and not any(offered.get(name) == version for name, version in sent.items()):
            # Not of this goal: of a run that was left, or of the one that is being taken back.
            if self._taking_back:
                self._refusals += (found,)
            return self._offer(type_url)
        self._refusals += (found,)
        if self._taking_back or self._former() is None:
            return self._finish(restored=False)  # nothing is left to try: it keeps what it has
        return self._take_back()

    def _take_back(self) -> list[Action]:
        """Bring the Envoy back to what it had, because it refused the subject or did not answer."""
        former = self._former()
        assert former is not None
        assert self._subject is not None
        named_by_routes = self._stage is None or self._stage > _CLUSTER_STAGE
        self._goal = former
        if named_by_routes:
            return self._start()
        # No route knows the new clusters yet, so they go at once. They must: a cluster that Envoy refuses late
        # stays in its list of warming ones and holds up every answer about clusters until it is taken away.
        added = self._subject.versions[CLUSTER].keys() - former.versions[CLUSTER].keys()
        actions = self._offer(CLUSTER)
        actions += self._perform(CLUSTER, self._subscriptions[CLUSTER].handle(Retired(frozenset(added))))
        return actions + self._start()

    def _former(self) -> Snapshot | None:
        """What to bring the Envoy back to after it refused the subject."""
        assert self._subject is not None
        for candidate in (self._accepted, self._last_good):
            if candidate is not None and candidate.version != self._subject.version:
                return candidate
        # An Envoy that served before this process knew it holds what we do not have: leave it alone, it serves on.
        return None if self._holds_something else nothing()


def _fresh() -> dict[str, Subscription]:
    return {type_url: Subscription() for type_url in TYPES}
