"""The desk of API keys: lists, makes, imports and revokes them, and says what of their quotas is used.

Works on what the state directory keeps, whether a gateway runs or not; what runs must be told after a change. The
value of a key that is made here is in the answer of that one call, and nowhere else.
"""

from __future__ import annotations

import dataclasses
import secrets
import sqlite3
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gateline.errors import GatelineError
from gateline.host.usage import Used, period_at, read_usage
from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin, Position
from gateline.model.usage_plan import ApiKey, UsagePlan, key_digest
from gateline.runtime.api_keys import NamedKey, plans_in_conflict, short_id, with_held_keys
from gateline.runtime.key_store import HeldKeys, KeyStore
from gateline.sources.key_file import key_value_fault, read_key_file
from gateline.sources.suggestion import did_you_mean

VALUE_LENGTH: Final = 40  # as Amazon's
_ALPHABET: Final = string.ascii_letters + string.digits
_MOST_FAULTS: Final = 10  # of an import that are told

Row = dict[str, Any]  # as JSON has it


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDesk:
    """What there is to know of keys now.

    Attributes:
        store: the keys that commands have made.
        plans: the project's usage plans.
        declared: the keys that those declare.
        place: how a person is told of a place.
        usage: the database of what is used.

    """

    store: KeyStore
    plans: tuple[UsagePlan, ...]
    declared: tuple[NamedKey, ...] = field(repr=False)
    place: Callable[[Origin], str]
    usage: Path

    def listing(self) -> list[Row]:
        """All keys: those of the project first."""
        return [self._told(each) for each in self._all(self.store.read())]

    def create(self, name: str, plans: Sequence[str], value: str | None = None) -> Row:
        """Make a key of these usage plans. Without a value the answer holds one that was made for it.

        Raises:
            GatelineError: there is such a key, no such plan, or the value is none of a key.

        """
        held = self.store.read()
        if not 1 <= len(name) <= 256 or not name.isprintable() or name != name.strip():
            raise GatelineError(
                "a key's name is 1 to 256 characters that can be shown, without blanks around them"
            )
        made = value if value is not None else _new_value()
        if fault := key_value_fault(made):
            message = f"the value cannot be used: {fault}"
            raise GatelineError(message)
        key = self._known(held).new(name, made, tuple(dict.fromkeys(plans)))
        self.store.write(dataclasses.replace(held, keys=(*held.keys, key)))
        told = self._told(NamedKey(key=key))
        return told if value is not None else {**told, "value": made}

    def take_in(self, raw: bytes, file: str, plans: Sequence[str]) -> list[Row]:
        """Take all keys of a file in Amazon's form, or none; those that are here already are changed as it says.

        Args:
            raw: what the file holds.
            file: its name for messages.
            plans: the usage plans of rows that name none.

        Raises:
            GatelineError: something is wrong with the file; the message says what, with lines.

        """
        complaints = Complaints()
        rows = read_key_file(raw, file, [plan.name for plan in self.plans], complaints)
        found = complaints.report().diagnostics
        faults = [f"{file}:{(d.origin.position or _TOP).line}: {d.message}" for d in found]
        held = self.store.read()
        known = self._known(held)
        kept = {key.name: key for key in held.keys}
        taken: dict[str, ApiKey] = {}
        for row in rows:
            try:
                key = known.new(row.name, row.value, row.plans or tuple(plans), former=kept.get(row.name))
            except GatelineError as error:
                faults.append(f"{file}:{(row.origin.position or _TOP).line}: {error}")
                continue
            taken[row.name] = dataclasses.replace(key, enabled=row.enabled)
        if faults:
            more = [f"and {len(faults) - _MOST_FAULTS} more"] if len(faults) > _MOST_FAULTS else []
            raise GatelineError("\n".join(["nothing was imported:", *faults[:_MOST_FAULTS], *more]))
        self.store.write(dataclasses.replace(held, keys=tuple((kept | taken).values())))
        return [self._told(NamedKey(key=key)) for key in taken.values()]

    def revoke(self, which: str) -> Row:
        """Let a key open nothing any more, by its name or its id.

        One that a command has made is forgotten; of a declared one this value never counts again.

        Raises:
            GatelineError: there is no such key.

        """
        held = self.store.read()
        own = next((each for each in held.keys if which in (each.key_id, each.name)), None)
        if own is not None:
            kept = tuple(each for each in held.keys if each is not own)
            self.store.write(dataclasses.replace(held, keys=kept))
            return self._told(NamedKey(key=dataclasses.replace(own, enabled=False), is_revoked=True))
        known = next((each for each in self.declared if which in (each.key.key_id, each.key.name)), None)
        if known is None:
            names = [each.key.name for each in self._all(held)]
            hint = did_you_mean(which, names) or "`gateline keys list` shows them"
            message = f"no API key is called {which}; {hint}"
            raise GatelineError(message)
        if not known.key.digest:
            message = (
                f"the value of {which} is not there to be told from others: set it as the gateway has it"
            )
            raise GatelineError(message)
        revoked = {**held.revoked, known.key.digest: known.key.key_id}
        self.store.write(dataclasses.replace(held, revoked=revoked))
        return self._told(
            dataclasses.replace(known, key=dataclasses.replace(known.key, enabled=False), is_revoked=True)
        )

    def used(self, plan: str | None = None, key: str | None = None, now: datetime | None = None) -> list[Row]:
        """What is used of quotas in their periods of now, by usage plan and key.

        Args:
            plan: of this usage plan alone.
            key: of this key alone, by its name or its id.
            now: the moment; in UTC.

        Raises:
            GatelineError: there is no such plan or key, or the counts cannot be read.

        """
        keys = [each.key for each in self._all(self.store.read())]
        if plan is not None:
            check_plan(plan, self.plans)
        if key is not None and not any(key in (each.key_id, each.name) for each in keys):
            message = f"no API key is called {key}"
            raise GatelineError(message)
        try:
            counts = read_usage(self.usage)
        except sqlite3.Error as error:
            message = f"{self.usage} cannot be read: {error}"
            raise GatelineError(message) from error
        return [
            self._usage(each, holder, counts, int((now or datetime.now(UTC)).timestamp()))
            for each in self.plans
            if plan in (None, each.name)
            for holder in keys
            if each.name in holder.plans and (key is None or key in (holder.key_id, holder.name))
        ]

    def _usage(self, plan: UsagePlan, key: ApiKey, counts: Sequence[Used], moment: int) -> Row:
        told: Row = {"plan": plan.name, "id": key.key_id, "name": key.name}
        if plan.quota is None:
            return {**told, "used": None, "limit": None, "period": None, "resets": None}
        period = period_at(plan.quota.period, moment)
        own = [each for each in counts if (each.plan, each.key) == (plan.name, key.key_id)]
        count = next((each for each in own if each.period == period.name), None)
        is_first = count.is_first if count else not own
        return {
            **told,
            "used": count.used if count else 0,
            "limit": plan.quota.limit - (plan.quota.offset if is_first else 0),
            "period": plan.quota.period.value,
            "resets": f"{datetime.fromtimestamp(period.ends, UTC):%Y-%m-%dT%H:%M:%SZ}",
        }

    def _all(self, held: HeldKeys) -> tuple[NamedKey, ...]:
        return with_held_keys(self.declared, held, self.plans, Complaints())

    def _told(self, named: NamedKey) -> Row:
        key = named.key
        return {
            "id": key.key_id,
            "name": key.name,
            "enabled": key.enabled,
            "revoked": named.is_revoked,
            "plans": list(key.plans),
            "declared": self.place(named.origin) if named.origin else None,
        }

    def _known(self, held: HeldKeys) -> _Known:
        keys = [each.key for each in self._all(held)]
        return _Known(
            pepper=self.store.pepper(),
            plans=self.plans,
            names={key.name for key in keys},
            digests={key.digest: key.name for key in keys},
        )


@dataclass(slots=True, kw_only=True)
class _Known:
    """What a new key must differ from; grows with each one."""

    pepper: str
    plans: tuple[UsagePlan, ...]
    names: set[str]
    digests: dict[str, str]  # to the name
    added: set[str] = field(default_factory=set)

    def new(self, name: str, value: str, plans: tuple[str, ...], *, former: ApiKey | None = None) -> ApiKey:
        """A key that nothing speaks against. `former`: the one of this name that it may replace.

        Raises:
            GatelineError: something does.

        """
        digest = key_digest(self.pepper, value.encode())
        told = ""
        if name in self.added:
            told = f"the key {name} is written twice"
        elif former is None and name in self.names:
            told = f"there is a key called {name}"
        elif former is not None and former.digest != digest:
            told = f"there is a key called {name} with another value: revoke it first"
        elif self.digests.get(digest, name) != name:
            told = f"the key {self.digests[digest]} has this value"
        elif not plans:
            there = ", ".join(plan.name for plan in self.plans) or "none"
            told = f"a key belongs to a usage plan: say --plan; there are: {there}"
        elif scope := plans_in_conflict(plans, self.plans):
            told = f"two of the usage plans are for {scope}, and a key may open a stage by one only"
        if told:
            raise GatelineError(told)
        for plan in plans:
            check_plan(plan, self.plans)
        self.added.add(name)
        self.digests[digest] = name
        new_id = former.key_id if former else short_id(secrets.token_bytes(16))
        return ApiKey(key_id=new_id, name=name, digest=digest, plans=plans)


def check_plan(name: str, plans: Sequence[UsagePlan]) -> None:
    """Know a usage plan by its name.

    Raises:
        GatelineError: there is none.

    """
    names = [plan.name for plan in plans]
    if name not in names:
        hint = did_you_mean(name, names) or f"there are: {', '.join(names) or 'none'}"
        message = f"no usage plan is called {name}; {hint}"
        raise GatelineError(message)


_TOP: Final = Position(1, 1)


def _new_value() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(VALUE_LENGTH))
