"""Subscription: one type of resources for one Envoy on one stream, as a state machine without I/O.

It knows names and versions only, so that it can be read as a transcript
(`tests/control/test_subscription.py`). The rules are xDS's incremental variant
(https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol): what has an equal version is not sent;
a reconnecting client says what it holds and is believed; a name that is asked for a second time on a stream
is sent again, since the client has forgotten it; each response is accepted (ACK) or refused (NACK) by its
nonce, and what became of a refused one is unknown: Envoy applies some resources of a refused response and
not others (seen on 1.40 with clusters), so all of it is told anew by the next offer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

_ABSENT: Final = ""
"""The version of what the client was told does not exist."""

_UNKNOWN: Final = "?"
"""The version of what stood in a refused response."""


# Events: what the client said, and what there is to tell it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """The client asks for names, or for all (`wildcard`). `known`: what it held before this stream."""

    names: frozenset[str] = frozenset()
    wildcard: bool = False
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """The client needs these no more."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """These are the resources now. Others that the client holds are taken away only if `exactly`."""

    versions: Mapping[str, str]
    exactly: bool = False


@dataclass(frozen=True, slots=True)
class Repeated:
    """The client needs these once more although it holds them; the next offer sends them."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Retired:
    """Take these away, unless they are offered."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Acked:
    """The client accepted a response."""

    nonce: str


@dataclass(frozen=True, slots=True)
class Nacked:
    """The client refused a response."""

    nonce: str
    message: str


Event = Subscribed | Unsubscribed | Offered | Repeated | Retired | Acked | Nacked


# Actions: what the shell does.


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send these resources, and that these others are gone, under this nonce."""

    nonce: str
    versions: Mapping[str, str]
    removed: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Every name that the response speaks of."""
        return frozenset(self.versions) | frozenset(self.removed)


@dataclass(frozen=True, slots=True)
class Refused:
    """The client refused what was sent, for this reason."""

    sent: Send
    message: str


Action = Send | Refused


class Subscription:
    """What one client holds of one type, and what it has yet to be told."""

    def __init__(self) -> None:
        self._subscribed = False
        self._wildcard = False
        self._names: set[str] = set()
        self._offer: Mapping[str, str] | None = None
        self._exactly = False
        self._told: dict[str, str] = {}  # what it holds once everything on its way is accepted
        self._held: dict[str, str] = {}  # what it has accepted
        self._repeat: set[str] = set()
        self._on_its_way: dict[str, Send] = {}
        self._owes_answer = False
        self._responses = 0

    @property
    def subscribed(self) -> bool:
        """Whether the client has asked for anything of this type on this stream."""
        return self._subscribed

    @property
    def names(self) -> frozenset[str]:
        """What the client has asked for by name."""
        return frozenset(self._names)

    @property
    def settled(self) -> bool:
        """Whether the client has accepted everything of the offer that it asked for."""
        if not self._subscribed or self._offer is None or self._on_its_way or self._owes_answer:
            return False
        return all(self._held.get(name) == self._offer[name] for name in self._wanted())

    @property
    def surplus(self) -> frozenset[str]:
        """What the client holds beyond the offer."""
        offer = self._offer or {}
        return frozenset(
            name for name, version in self._told.items() if version != _ABSENT and name not in offer
        )

    def handle(self, event: Event) -> list[Action]:
        """Take in what happened; what is to be done about it, in order."""
        match event:
            case Subscribed():
                self._subscribe(event)
                return self._send(self._changed())
            case Unsubscribed(names=names):
                self._unsubscribe(names)
                return []
            case Offered(versions=versions, exactly=exactly):
                self._offer, self._exactly = versions, exactly
                self._repeat &= versions.keys()
                return self._send(self._changed())
            case Repeated(names=names):
                self._repeat |= names
                return []
            case Retired(names=names):
                return self._send({}, names & self.surplus)
            case Acked(nonce=nonce):
                self._accept(nonce)
                return []
            case Nacked(nonce=nonce, message=message):
                return self._refuse(nonce, message)
            case _:
                assert_never(event)

    def _subscribe(self, event: Subscribed) -> None:
        if self._subscribed:
            for name in event.names:  # asked for anew: whatever it held, it has forgotten
                self._told.pop(name, None)
        else:
            self._told = dict(event.known)
            self._held = dict(event.known)
            # Without an answer, however empty, an Envoy that knows nothing waits for its fetch timeout.
            self._owes_answer = event.wildcard and not event.known
        self._subscribed = True
        self._wildcard = self._wildcard or event.wildcard
        self._names |= event.names

    def _unsubscribe(self, names: frozenset[str]) -> None:
        self._names -= names
        for name in names - self._wanted():
            self._told.pop(name, None)
            self._held.pop(name, None)

    def _wanted(self) -> frozenset[str]:
        offered = (self._offer or {}).keys()
        return frozenset(offered if self._wildcard else offered & self._names)

    def _changed(self) -> dict[str, str]:
        """What of the offer the client wants and was not told yet, or needs once more."""
        offer = self._offer or {}
        return {
            name: offer[name]
            for name in sorted(self._wanted())
            if name in self._repeat or self._told.get(name) != offer[name]
        }

    def _send(self, changed: dict[str, str], retired: frozenset[str] = frozenset()) -> list[Action]:
        if not self._subscribed or self._offer is None:
            return []
        removed = sorted(retired | (self.surplus if self._exactly else frozenset()) | self._asked_in_vain())
        if not changed and not removed and not self._owes_answer:
            return []
        self._owes_answer = False
        self._repeat -= changed.keys()
        self._responses += 1
        sent = Send(nonce=str(self._responses), versions=changed, removed=tuple(removed))
        self._told.update(changed)
        for name in removed:
            if name in self._names:
                self._told[name] = _ABSENT
            else:
                self._told.pop(name, None)
        self._on_its_way[sent.nonce] = sent
        return [sent]

    def _asked_in_vain(self) -> frozenset[str]:
        """Names that the client waits for and that do not exist: it is told so once."""
        offer = self._offer or {}
        return frozenset(name for name in self._names if name not in offer and name not in self._told)

    def _accept(self, nonce: str) -> None:
        sent = self._on_its_way.pop(nonce, None)
        if sent is None:
            return  # of an earlier stream
        self._held.update(sent.versions)
        for name in sent.removed:
            self._held.pop(name, None)

    def _refuse(self, nonce: str, message: str) -> list[Action]:
        sent = self._on_its_way.pop(nonce, None)
        if sent is None:
            return []
        for name, version in sent.versions.items():
            self._held.pop(name, None)
            if self._told.get(name) == version:
                self._told[name] = _UNKNOWN
        for name in sent.removed:
            self._told.setdefault(name, _UNKNOWN)
        return [Refused(sent, message)]
