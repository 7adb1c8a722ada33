"""Outcomes: what became of a publication at each Envoy, and what was refused, with the definition's place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message

from gateline.compile.resources import SECRET
from gateline.control.snapshot import Snapshot, kind_of
from gateline.control.subscription import Refused
from gateline.model import codes
from gateline.model.diagnostic import Diagnostic
from gateline.model.origin import Origin

WITHHELD: Final = "(its reason is withheld, because it quotes the resource)"

_DUMP: Final = "goo.gle/"  # protobuf begins its dumps with one of several such words
_RULE_BROKEN: Final = "Proto constraint validation failed"
_CONTENT: Final = frozenset({"inline_string", "inline_bytes"})
_TELLING: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A response that an Envoy refused (NACK): the resources in it, its reason, where they were defined."""

    type_url: str
    names: tuple[str, ...]
    message: str
    origins: tuple[Origin, ...] = ()

    def diagnostic(self, project: Origin) -> Diagnostic:
        """The refusal for a person: at its definition, at the project if that is not certain."""
        what = f"{kind_of(self.type_url)} {', '.join(repr(name) for name in self.names)}"
        if len(self.names) > 1:
            what = f"one of {what}"
        return Diagnostic(
            code=codes.REFUSED_BY_ENVOY,
            origin=self.origins[0] if len(self.origins) == 1 else project,
            message=f"Envoy refused {what}: {self.message}",
            help="What was accepted last serves on.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The Envoy has asked for everything in the snapshot that it needs, and has accepted it."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The Envoy refused something. `restored`: it was given back what it had accepted last."""

    version: str
    refusals: tuple[Refusal, ...]
    restored: bool

    def diagnostics(self, project: Origin) -> tuple[Diagnostic, ...]:
        """All refusals, for a person."""
        return tuple(each.diagnostic(project) for each in self.refusals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """The Envoy did not answer in time; it was brought back to what it accepted last, if that exists.

    `waiting_for` says of which types it owed an answer.
    """

    version: str
    waiting_for: tuple[str, ...]

    def diagnostics(self, project: Origin) -> tuple[Diagnostic, ...]:
        """The silence, for a person."""
        types = ", ".join(kind_of(type_url) for type_url in self.waiting_for)
        return (
            Diagnostic(
                code=codes.UNANSWERED_BY_ENVOY,
                origin=project,
                message=f"an Envoy did not answer in time about: {types}",
                help="What was accepted last serves on. Envoy's log may say more.",
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """A newer snapshot was published before this one's turn came or ended."""

    version: str


NodeOutcome = Accepted | Rejected | Unanswered | Superseded


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a snapshot at every Envoy that was connected when it was published."""

    version: str
    by_node: Mapping[str, NodeOutcome]

    @property
    def accepted(self) -> bool:
        """Whether every Envoy accepted it."""
        return all(isinstance(each, Accepted) for each in self.by_node.values())

    @property
    def rejections(self) -> tuple[Rejected, ...]:
        """Those that refused it."""
        return tuple(each for each in self.by_node.values() if isinstance(each, Rejected))


def refusal(type_url: str, refused: Refused, snapshot: Snapshot) -> Refusal:
    """What a refused response means.

    Envoy refuses a response as a whole. Its reason mostly quotes the resource, sometimes a route; where it
    quotes nothing (a bad regular expression), all resources of the response are suspects.
    """
    sent = sorted(refused.sent.names)
    message = _without_dump(" ".join(refused.message.split()))
    if type_url == SECRET and any(value in message for value in _values(snapshot, sent)):
        message = WITHHELD
    blamed = _quoted(sent, message) or sent
    places = _quoted(sorted(snapshot.origins), message) or blamed
    return Refusal(
        type_url=type_url,
        names=tuple(blamed),
        message=message,
        origins=tuple(dict.fromkeys(snapshot.origins[name] for name in places if name in snapshot.origins)),
    )


def _without_dump(message: str) -> str:
    """The reason alone: where a field breaks a rule, Envoy puts the whole resource first, keys included."""
    _, found, rest = message.rpartition(_RULE_BROKEN)
    if found:
        return found + rest
    return WITHHELD if _DUMP in message else message


def _values(snapshot: Snapshot, names: list[str]) -> Iterator[str]:
    """The texts in these secrets that are long enough to be told apart from Envoy's own words."""
    held = snapshot.by_type[SECRET]
    waiting = [held[name].message for name in names if name in held]
    while waiting:
        message = waiting.pop()
        for descriptor, value in message.ListFields():
            parts = value if descriptor.is_repeated else (value,)
            waiting += [part for part in parts if isinstance(part, Message)]
            if descriptor.name in _CONTENT and len(value) >= _TELLING:
                yield value if isinstance(value, str) else value.decode("utf-8", "replace")


def _quoted(names: list[str], message: str) -> list[str]:
    """Which of the names stand in the text; `http://a:80` does not stand in `http://a:8080`, nor `a` in `bad`."""
    found = []
    for name in sorted((each for each in names if each in message), key=len, reverse=True):
        message, count = re.subn(rf"(?<!\w){re.escape(name)}(?!\w)", " ", message)
        if count:
            found.append(name)
    return sorted(found)
